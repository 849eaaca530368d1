"""The cases of the wire comparison that are about SCTP; as those of wire_cases.py, which has them at its end."""
import frames
from frames import chunk
from legs import CIP, CIP6, VIP, VIP6, rip, rip6
from world import chosen_server

OPTION = "-sctp-service"
DATA = chunk("DATA", bytes(range(97, 123)) * 4)
OWN_PORT = 6500  # of cases in which BPVS differs: what differences.toml says of them does not follow from their place


class Association:
    """One client's association; each call is a step. Replies come from the server that the director chose."""

    def __init__(self, world, cport=None, vport=None, rport=80, cip=CIP):
        self.world, self.cip, self.rport = world, cip, rport
        self.vip, self.rip = (VIP6, rip6) if ":" in cip else (VIP, rip)
        self.cport = cport or world.next_port()
        self.vport = vport or world.vport
        self.server = 1

    def packet(self, direction, *chunks, **fields):
        if direction == "in":
            return frames.sctp(self.cip, self.cport, self.vip, self.vport, *chunks, **fields)
        return frames.sctp(self.rip(self.server), self.rport, self.cip, self.cport, *chunks, **fields)

    def request(self, *chunks, step=None, own_stack=False, **fields):
        out = self.world.client(step or _named("client", chunks), self.packet("in", *chunks, **fields), own_stack=own_stack)
        self.server = chosen_server(out) or self.server
        return self

    def reply(self, *chunks, step=None, own_stack=False, **fields):
        self.world.server(step or _named("server", chunks), self.packet("out", *chunks, **fields), server=self.server,
                          own_stack=own_stack)
        return self

    def establish(self):
        return self.request("INIT").reply("INIT_ACK").request("COOKIE_ECHO").reply("COOKIE_ACK")


def _named(who, chunks):
    names = {number: name for name, number in frames.CHUNKS.items()}
    numbers = [c[0] if isinstance(c, bytes) else c for c in chunks]
    return f"{who} " + ",".join(str(names.get(n, n)) for n in numbers)


def _told(w, association, *steps):
    """Each step, and what the director says after it."""
    for direction, *chunks in steps:
        (association.request if direction == "in" else association.reply)(*chunks)
        w.connections(association.cport)
        w.list()


def _quietly(w, paths):
    """Plays many associations at once, a step of each at a time, without a record of their frames: what is said about
    them, but for their times."""
    associations = [(Association(w), path) for path in paths]
    for n in range(max(map(len, paths))):
        client, server = [], []
        for a, path in associations:
            if n < len(path):
                packet = a.packet(path[n][0], *path[n][1:])
                (client if path[n][0] == "in" else server).append(packet)
        w.legs.exchange([w.legs.client_frame(p) for p in client], [w.legs.server_frame(p, 1) for p in server])
    return _states(w, {f"{CIP}:{a.cport}" for a, _ in associations})


def _states(w, clients):
    rows = w.read_connections()
    return sorted(f"{row[3]} {row[4]} {row[5]} {row[2]}" for row in rows if row[0] == "SCTP" and row[3] in clients)


def sctp_client_shuts_down(w):
    w.service((1, 2), protocol=OPTION)
    _told(w, Association(w), ("in", "INIT"), ("out", "INIT_ACK"), ("in", "COOKIE_ECHO", DATA), ("out", "COOKIE_ACK", "SACK"),
          ("in", DATA, DATA), ("out", "SACK", DATA), ("in", "SHUTDOWN"), ("out", "SHUTDOWN_ACK"), ("in", "SHUTDOWN_COMPLETE"))
    w.stats()


def sctp_server_shuts_down(w):
    w.service((1, 2), protocol=OPTION)
    _told(w, Association(w).establish(), ("out", "SHUTDOWN"), ("in", "SHUTDOWN_ACK"), ("out", "SHUTDOWN_COMPLETE"))


def sctp_abort_of_either_side(w):
    w.service((1, 2), protocol=OPTION)
    _told(w, Association(w), ("in", "INIT"), ("out", "ABORT"), ("in", "INIT"), ("out", "INIT_ACK"))
    _told(w, Association(w).establish(), ("in", "ABORT"))
    _told(w, Association(w).establish(), ("out", "ABORT"))


# A way that leads to each state; the first step needs sloppy_sctp, in some.
WAYS = {
    "ESTABLISHED": (("in", "DATA"),), "INIT1": (("in", "INIT"),), "C-WAIT": (("in", "INIT_ACK"),),
    "S-RECEIVED": (("in", "SHUTDOWN"),), "CLOSED": (("in", "SHUTDOWN_ACK"),), "C-REPLIED": (("in", "COOKIE_ECHO"),),
    "S-SENT": (("in", "DATA"), ("out", "SHUTDOWN")), "INIT": (("in", "INIT"), ("in", "INIT")),
    "C-SENT": (("in", "INIT"), ("out", "INIT_ACK")), "REJECTED": (("in", "INIT"), ("out", "ABORT")),
    "S-ACK-SENT": (("in", "INIT"), ("out", "SHUTDOWN_ACK")), "C-ECHOED": (("in", "INIT"), ("out", "COOKIE_ECHO")),
    "COOKIE": (("in", "INIT_ACK"), ("in", "INIT_ACK")),
}


def sctp_every_chunk_in_every_state(w):
    """One association for each cell of the table, in the order of the rows: chunks, of the client and then of the server."""
    w.setting("sloppy_sctp", 1)
    w.service(protocol=OPTION)
    for state, way in WAYS.items():
        for direction in ("in", "out"):
            w.log(f"{state}, {direction}", _quietly(w, [(*way, (direction, c)) for c in (*frames.CHUNKS, 12, 15, 193)]))


def sctp_opens_only_with_init(w):
    w.service(protocol=OPTION)
    for c in ("DATA", "ABORT", "COOKIE_ECHO"):
        Association(w, cip="192.168.7.7").request(c, own_stack=True)
    w.log("states", _quietly(w, [(("in", c),) for c in frames.CHUNKS]))
    a = Association(w).request("INIT", "ABORT")
    w.connections(a.cport)
    w.list()


def sctp_with_sloppy_sctp_opens_with_anything_but_abort(w):
    w.service(protocol=OPTION)
    w.setting("sloppy_sctp", 1)
    Association(w, cip="192.168.7.8").request("ABORT", own_stack=True)
    for chunks in (("DATA",), ("SACK", "ABORT"), ("COOKIE_ECHO", "ABORT"), ("COOKIE_ACK", "ABORT"), ("SHUTDOWN",), (193,)):
        Association(w).request(*chunks)
    w.connections()
    w.list()


def sctp_of_several_chunks_the_first_counts_and_abort_behind_a_cookie(w):
    w.service(protocol=OPTION)
    w.setting("sloppy_sctp", 1)
    bundles = [("COOKIE_ECHO", "ABORT"), ("COOKIE_ACK", "ABORT"), ("DATA", "ABORT"), ("SACK", "SHUTDOWN"), ("ERROR", "ABORT"),
               ("COOKIE_ECHO", "DATA", "ABORT"), (chunk("COOKIE_ECHO", b"12345"), "ABORT"), (b"\x0a\0\0\3", "ABORT"),
               ("COOKIE_ECHO", b"\6\0\0"), ("COOKIE_ECHO", b"\6\0\0\4"), (b"\x0a\0\xff\xff", "ABORT")]
    w.log("states", _quietly(w, [(("in", "DATA"), (direction, *bundle)) for direction in ("in", "out") for bundle in bundles]))


def sctp_without_a_whole_chunk(w):
    w.service(protocol=OPTION)
    a = Association(w).establish()
    for chunks in (b"", b"\6", b"\6\0\0", b"\6\0\0\4"):
        w.client(f"{len(chunks)} bytes of a chunk", a.packet("in", chunks))
        w.connections()


def sctp_init_on_a_known_association(w):
    w.service((1, 2), protocol=OPTION)
    w.setting("sloppy_sctp", 1)
    for mode in (1, 0, 2):
        w.setting("conn_reuse_mode", mode)
        for state in ("CLOSED", "REJECTED", "S-RECEIVED", "S-ACK-SENT", "ESTABLISHED"):
            a = Association(w)
            for direction, *chunks in WAYS[state]:
                (a.request if direction == "in" else a.reply)(*chunks)
            a.request("INIT", step=f"INIT in {state}")
            w.connections(a.cport)
    w.stats()


def sctp_ports_are_mapped_with_their_checksum(w):
    w.service(rport=8080, protocol=OPTION)
    a = Association(w, rport=8080).establish()
    for size in (0, 1, 2, 3, 255, 256, 1000, 1444):
        a.request(chunk("DATA", b"q" * size), step=f"{size} bytes", fragment=0x4000)
        a.reply(chunk("DATA", b"r" * size), step=f"{size} bytes back", fragment=0x4000)
    a.request(b"\0\0\0\5x", step="an odd length", tag=0xffffffff, tos=0x1c, ident=0x4321, options=b"\x01\x01\x01\x00")


def sctp_wrong_checksum(w):
    w.service(rport=w.vport, protocol=OPTION)
    a = Association(w, rport=w.vport)
    a.request("INIT", wrong_checksum=True).reply("INIT_ACK", wrong_checksum=True)
    w.connections()


def sctp_wrong_checksum_and_another_port(w):
    w.service(rport=8080, protocol=OPTION, name=f"{VIP}:{OWN_PORT}")
    a = Association(w, OWN_PORT, OWN_PORT, 8080)
    a.request("INIT", wrong_checksum=True).reply("INIT_ACK", wrong_checksum=True)
    w.connections(also=[f"{VIP}:{OWN_PORT}"])


def sctp_checksum_of_0(w):
    w.service(rport=w.vport, protocol=OPTION)
    Association(w, rport=w.vport).request("INIT", no_checksum=True).reply("INIT_ACK", no_checksum=True)


def sctp_checksum_of_0_and_another_port(w):
    w.service(rport=8080, protocol=OPTION, name=f"{VIP}:{OWN_PORT + 1}")
    Association(w, OWN_PORT + 1, OWN_PORT + 1, 8080).request("INIT", no_checksum=True).reply("INIT_ACK", no_checksum=True)


def sctp_ttl_falls_by_one_and_ends_at_one(w):
    w.service(protocol=OPTION)
    a = Association(w).establish()
    a.request(DATA, step="TTL 2", ttl=2).reply(DATA, step="TTL 2 back", ttl=2)
    a.request(DATA, step="TTL 1", ttl=1, own_stack=True).reply(DATA, step="TTL 1 back", ttl=1, own_stack=True)


def sctp_larger_than_the_way(w):
    w.service(rport=8080, protocol=OPTION)
    a = Association(w, rport=8080).establish()
    long = chunk("DATA", b"a" * 1400)
    w.system("ip link set eth1 mtu 1300")
    w.pause(1.1)  # a director may remember a route for a second
    try:
        a.request(long, step="with DF", fragment=0x4000, own_stack=True)
        a.request(long, step="without DF")
    finally:
        w.system("ip link set eth1 mtu 1500")
    w.pause(1.1)
    a.request(DATA, step="the association goes on")
    w.system("ip link set eth0 mtu 1300")
    w.pause(1.1)
    try:
        a.reply(long, step="back, with DF", fragment=0x4000, own_stack=True)
    finally:
        w.system("ip link set eth0 mtu 1500")


def sctp_icmp_errors(w):
    w.service(rport=8080, protocol=OPTION)
    a = Association(w, rport=8080).establish()
    about = frames.sctp(CIP, a.cport, rip(1), 8080, DATA)
    for name, src, kind, code, rest in (("protocol unreachable", rip(1), 3, 2, 0),
                                        ("fragmentation needed, from a router", "172.16.1.3", 3, 4, 1300)):
        w.server(f"{name}, 8 bytes", frames.icmp(src, CIP, kind, code, about[:28], rest), server=int(src[-1]))
        w.server(f"{name}, whole", frames.icmp(src, CIP, kind, code, about, rest), server=int(src[-1]))
    about = frames.sctp(VIP, w.vport, CIP, a.cport, DATA)
    for name, src, kind, code, rest in (("protocol unreachable", CIP, 3, 2, 0), ("time exceeded, from a router", "10.9.9.9", 11, 0, 0)):
        w.client(f"{name}, 8 bytes", frames.icmp(src, VIP, kind, code, about[:28], rest))
        w.client(f"{name}, whole", frames.icmp(src, VIP, kind, code, about, rest))
    w.connections()


def ipv6_sctp_association(w):
    w.service((1, 2), rport=8080, protocol=OPTION, name="{w}")
    a = Association(w, rport=8080, cip=CIP6)
    _told(w, a, ("in", "INIT"), ("out", "INIT_ACK"), ("in", "COOKIE_ECHO", DATA), ("out", "COOKIE_ACK"))
    a.request(DATA, step="its fields are kept", ttl=33, tos=0x1c, flow=0x12345).reply(DATA, flow=0x54321)
    _told(w, a, ("in", "SHUTDOWN"), ("out", "SHUTDOWN_ACK"), ("in", "SHUTDOWN_COMPLETE"))


def ipv6_sctp_icmp_error_from_the_client_side(w):
    w.service(rport=8080, protocol=OPTION, name="{w}")
    a = Association(w, rport=8080, cip=CIP6).establish()
    about = frames.sctp(VIP6, w.vport, CIP6, a.cport, DATA)
    w.client("address unreachable, 8 bytes", frames.icmp(CIP6, VIP6, 1, 3, about[:48]))
    w.client("address unreachable, whole", frames.icmp(CIP6, VIP6, 1, 3, about))
    w.connections()


def ipv6_sctp_request_larger_than_the_way(w):
    w.service(rport=8080, protocol=OPTION, name="{w}")
    a = Association(w, rport=8080, cip=CIP6).establish()
    w.system("ip link set eth1 mtu 1300")
    w.pause(1.1)
    try:
        a.request(chunk("DATA", b"a" * 1400), step="too long", own_stack=True)
    finally:
        w.system("ip link set eth1 mtu 1500")


def sctp_is_balanced_by_mark(w):
    w.tc_marks(5, "tcp", 0, 2)
    w.tc_marks(5, "sctp", 1, 3)
    w.service((1, 2), rport=0, protocol="f", name="5")
    for offset in (1, 3):
        a = Association(w, vport=w.vport + offset, rport=w.vport + offset).request("INIT").reply("INIT_ACK")
        w.connect(vport=w.vport + offset, rport=w.vport + offset).request("S", own_stack=True)
    a.request("COOKIE_ECHO").reply("COOKIE_ACK")
    w.list()
    w.connections()


def sctp_rules_mark_it(w):
    w.rule("-d {vip} -p sctp", 5)
    w.rule("-d {vip} -p udp --dport {v1}", 5)
    w.service((1, 2), rport=0, protocol="f", name="5")
    for offset in range(3):
        Association(w, vport=w.vport + offset, rport=w.vport + offset).establish()
    w.list()
    w.connections()


def sctp_persistence(w):
    w.command("-A --sctp-service {v} -s rr -p 30", log=False)
    for n in (1, 2):
        w.command(f"-a --sctp-service {{v}} -r {rip(n)}:80 -m", log=False)
    for client in (CIP, "192.168.1.2", CIP):
        Association(w, cip=client).request("INIT")
    w.connections(0)
    a = Association(w).establish()
    w.connections(0)
    a.request("ABORT")
    w.connections(a.cport)
    w.list()
    w.command("-Ln --persistent-conn --sctp-service {v}")


def sctp_service_on_all_ports(w):
    w.command(f"-A --sctp-service {VIP}:0 -s rr -p 20", log=False)
    for n in (1, 2):
        w.command(f"-a --sctp-service {VIP}:0 -r {rip(n)}:0 -m", log=False)
    clients = [Association(w, vport=vport, rport=vport).establish().cport for vport in (w.vport, w.vport + 1)]
    w.log("states", [row for row in _states(w, {f"{CIP}:{port}" for port in (0, *clients)}) if f"{VIP}:0 " in row or ":0 " not in row])


def sctp_thresholds_and_schedulers(w):
    w.service({1: 2, 2: 1, 3: 1}, "wlc", protocol=OPTION)
    w.command("-e --sctp-service {v} -r 172.16.1.1:80 -m -w 2 -x 2")
    for n in range(6):
        a = Association(w).request("INIT", step=f"INIT {n + 1}")
        if n % 2 == 0:
            a.reply("INIT_ACK").request("COOKIE_ECHO").reply("COOKIE_ACK")
    w.list()


def sctp_timeouts_are_not_those_of_tcp(w):
    w.service(protocol=OPTION)
    a = Association(w).establish()
    w.command("--set 100 20 30")
    a.request(DATA)
    w.connections()
    a.request("SHUTDOWN")
    w.connections()


def sctp_removed_server(w):
    w.service((1, 2), protocol=OPTION)
    a = Association(w).establish()
    w.command("-d --sctp-service {v} -r 172.16.1.2:80")
    a.reply(DATA).request(DATA)
    w.command("-a --sctp-service {v} -r 172.16.1.2:80 -m")
    a.request(DATA, step="added again")
    w.list()
    w.connections()


def sctp_init_to_a_server_of_weight_0(w):
    w.service((1, 2), protocol=OPTION)
    a = Association(w).establish()
    w.command("-e --sctp-service {v} -r 172.16.1.2:80 -m -w 0")
    a.request("INIT", step="INIT on an established association")
    w.setting("expire_nodest_conn", 1)
    a.request(DATA, step="the association goes on")
    a.request("INIT", step="INIT with expire_nodest_conn")
    w.connections()


def sctp_expires_by_itself(w):
    w.service(protocol=OPTION)
    a = Association(w).request("INIT")
    w.pause(6)
    w.connections()
    a.request("INIT", step="INIT again")
    w.connections()


def sctp_service_without_servers(w):
    w.service((), protocol=OPTION, name=f"{VIP}:{OWN_PORT + 2}")
    Association(w, OWN_PORT, OWN_PORT + 2, cip="192.168.7.9").request("INIT", own_stack=True)
    w.list()
