"""What IPVS answers or forwards outside of connections: cases as in wire_cases.py, played after those."""
import frames
from legs import CIP, CIP6, DIP, DIP6, VIP, VIP6, rip, rip6

DATA = bytes(range(97, 123)) * 60


def _syn(w, step, cip=CIP, vport=None, flags="S", **fields):
    vip = VIP6 if ":" in cip else VIP
    packet = frames.tcp(cip, fields.pop("cport", 0) or w.next_port(), vip, vport or w.vport, flags, **fields)
    w.client(step, packet, own_stack=True)


def _query(w, step, cip=CIP, vport=None, data=b"query", **fields):
    vip = VIP6 if ":" in cip else VIP
    w.client(step, frames.udp(cip, w.next_port(), vip, vport or w.vport, data, **fields), own_stack=True)


def refused_tcp_is_answered_by_icmp(w):
    w.service(())
    _syn(w, "SYN")
    _syn(w, "SYN with TCP options", options=bytes.fromhex("020405b40402080a000003e80000000001030307"))
    _syn(w, "SYN with data", data=DATA[:300])
    for size in (507, 508, 509, 1400):
        _syn(w, f"SYN with {size} bytes of data", data=DATA[:size], fragment=0x4000)
    _syn(w, "SYN with TOS ff", tos=0xFF, ident=0xFFFF)
    _syn(w, "SYN with TOS 10", tos=0x10, ident=0)
    _syn(w, "SYN with TTL 1", ttl=1)
    _syn(w, "SYN with a wrong checksum", wrong_checksum=True)
    for flags in ("SA", "SF", "SR", "R", "A", "F", "FA", ""):
        _syn(w, f"flags {flags or 'none'}", flags=flags)
    w.connections()
    w.stats()


def refused_udp_is_answered_by_icmp(w):
    w.service((), protocol="u")
    for size in (0, 1, 519, 520, 521, 1472):
        _query(w, f"{size} bytes", data=DATA[:size])
    _query(w, "without a checksum", no_checksum=True)
    _query(w, "with a wrong checksum", wrong_checksum=True)
    _query(w, "with DF", fragment=0x4000)
    w.connections()
    w.stats()


def refused_with_bytes_after_the_end(w):
    w.service((), protocol="u")
    w.client("query", frames.udp(CIP, w.next_port(), VIP, w.vport, b"") + b"\xee" * 18, own_stack=True)


def refused_by_every_kind_of_service(w):
    w.service({1: 0}, "wlc")
    _syn(w, "weight 0")
    w.service((1,), "rr", name="{v1}")
    w.command("-e -t {v1} -r 172.16.1.1:80 -m -x 1")
    _syn(w, "the one that the threshold allows", vport=w.vport + 1)
    _syn(w, "over the threshold", vport=w.vport + 1)
    w.command("-A -t {v2} -s rr -p 30")
    _syn(w, "persistent", vport=w.vport + 2)
    w.command("-A -u {v3} -s rr -o")
    _query(w, "one-packet", vport=w.vport + 3)
    w.service({1: 1, 2: 0}, "sh", name="{v4}")
    for n in range(6):
        _syn(w, f"by hash, client {n}", cip=f"192.168.1.{n + 1}", vport=w.vport + 4)
    w.connections()


def refused_on_all_ports(w):
    w.command(f"-A -t {VIP}:0 -s rr -p 30")
    _syn(w, "SYN")
    w.command(f"-A -t {VIP}:21 -s rr -p 30")
    w.command(f"-D -t {VIP}:0")
    _syn(w, "FTP", vport=21)
    _syn(w, "data of FTP", vport=20)
    _syn(w, "data of passive FTP", vport=w.vport)


def refused_by_mark(w):
    w.tc_marks(7)
    w.command("-A -f 7 -s rr")
    _syn(w, "SYN")
    _syn(w, "ACK", flags="A")


def ipv6_refused_tcp_is_answered_by_icmp(w):
    w.service((), name="{w}")
    _syn(w, "SYN", CIP6)
    for size in (1171, 1172, 1173, 1400):
        _syn(w, f"SYN with {size} bytes of data", CIP6, data=DATA[:size])
    _syn(w, "SYN with traffic class and flow label", CIP6, tos=0xFF, flow=0x12345)
    _syn(w, "SYN with hop limit 1", CIP6, ttl=1)
    _syn(w, "SYN with a destination option", CIP6, extensions=[frames.extension(frames.DESTINATION_OPTIONS)])
    _syn(w, "RST", CIP6, flags="R")
    _syn(w, "ACK", CIP6, flags="A")
    w.connections()
    w.stats()


def ipv6_refused_udp_is_answered_by_icmp(w):
    w.service((), protocol="u", name="{w}")
    for size in (0, 1, 1183, 1184, 1185, 1400):
        _query(w, f"{size} bytes", CIP6, data=DATA[:size])
    w.connections()


def _strays(w, clients=CIP, director=DIP, server=rip):
    def tcp(n, port, dst, flags="A", **fields):
        return frames.tcp(server(n), port, dst, 9, flags, **fields)

    for flags in ("A", "S", "SA", "FA", "PA", "R", "RA", ""):
        w.server(f"flags {flags or 'none'}", tcp(1, 80, clients, flags), own_stack=True)
    w.server("long", tcp(1, 80, clients, data=DATA[:1300]), own_stack=True)
    w.server("TTL 1", tcp(1, 80, clients, ttl=1), own_stack=True)
    w.server("another port", tcp(1, 81, clients), own_stack=True)
    w.server("another protocol", frames.udp(server(1), 80, clients, 9), own_stack=True)
    w.server("weight 0", tcp(2, 80, clients), server=2, own_stack=True)
    w.server("a server of no service", tcp(3, 80, clients), server=3, own_stack=True)
    w.server("to the director", tcp(1, 80, director), own_stack=True)
    w.server("UDP", frames.udp(server(1), 53, clients, 9, DATA[:77]), own_stack=True)
    w.server("UDP to the director", frames.udp(server(1), 53, director, 9), own_stack=True)


def nat_icmp_send_tells_servers_of_packets_of_no_connection(w):
    w.service({1: 1, 2: 0})
    w.service((1,), rport=53, protocol="u", name="{v1}")
    _strays(w)
    w.setting("nat_icmp_send", 1)
    _strays(w)
    w.command("-d -t {v} -r 172.16.1.2:80")
    w.server("a removed server", frames.tcp(rip(2), 80, CIP, 9, "A"), server=2, own_stack=True)
    w.command("-A -t {v2} -s rr")
    w.command("-a -t {v2} -r 172.16.1.1:80 -m")
    w.command("-D -t {v}")
    w.server("of the other service", frames.tcp(rip(1), 80, CIP, 9, "A"), own_stack=True)
    w.command("-D -t {v2}")
    w.server("of a service that is gone", frames.tcp(rip(1), 80, CIP, 9, "A"), own_stack=True)
    w.stats()


def nat_icmp_send_and_servers_of_marks(w):
    w.command("-A -f 7 -s rr")
    w.command("-a -f 7 -r 172.16.1.1:80 -m")
    w.command("-a -f 7 -r 172.16.1.2 -m")
    w.setting("nat_icmp_send", 1)
    w.server("TCP", frames.tcp(rip(1), 80, CIP, 9, "A"), own_stack=True)
    w.server("UDP", frames.udp(rip(1), 80, CIP, 9), own_stack=True)
    w.server("another port", frames.tcp(rip(1), 81, CIP, 9, "A"), own_stack=True)
    w.server("of a server without a port", frames.tcp(rip(2), 80, CIP, 9, "A"), server=2, own_stack=True)


def ipv6_nat_icmp_send_tells_servers_of_packets_of_no_connection(w):
    w.service({1: 1, 2: 0}, name="{w}")
    w.service((1,), rport=53, protocol="u", name="{w1}")
    w.setting("nat_icmp_send", 1)
    _strays(w, CIP6, DIP6, rip6)


def schedule_icmp_opens_connections(w):
    w.service((1, 2))
    w.service((1,), rport=53, protocol="u", name="{v1}")
    w.service((), name="{v2}")
    w.service((1,), name="{v3}")
    w.command("-E -t {v3} -s rr -p 30")

    def about(port, src=None, **fields):
        return frames.tcp(VIP, src or w.vport, CIP, port, "A", 5001, 1001, **fields)

    for value in (0, 1):
        w.setting("schedule_icmp", value)
        port = w.next_port()
        w.client("port unreachable", frames.icmp(CIP, VIP, 3, 3, about(port)[:28]), own_stack=True)
        w.connections()
        w.client("again", frames.icmp(CIP, VIP, 3, 3, about(port)[:28]), own_stack=True)
        for step, kind, code, quoted, rest in (
                ("time exceeded of a router", 11, 0, about(w.next_port(), data=DATA[:20]), 0),
                ("fragmentation needed", 3, 4, about(w.next_port())[:28], 1300),
                ("about UDP", 3, 3, frames.udp(VIP, w.vport + 1, CIP, w.next_port()), 0),
                ("redirect", 5, 1, about(w.next_port())[:28], 0),
                ("without a server", 3, 3, about(w.next_port(), w.vport + 2)[:28], 0),
                ("persistent", 3, 3, about(w.next_port(), w.vport + 3)[:28], 0),
                ("no service", 3, 3, about(w.next_port(), w.vport + 9)[:28], 0),
                ("about a request", 3, 3, frames.tcp(CIP, w.next_port(), VIP, w.vport, "S")[:28], 0)):
            source = "203.0.113.9" if code in (0, 4) else CIP
            w.client(step, frames.icmp(source, VIP, kind, code, quoted, rest=rest), own_stack=True)
        w.connections()
        w.list()
        w.stats()


def ipv6_schedule_icmp_opens_connections(w):
    w.service((1, 2), name="{w}")

    def about(port):
        return frames.tcp(VIP6, w.vport, CIP6, port, "A", 5001, 1001)

    w.setting("schedule_icmp", 1)
    w.client("port unreachable", frames.icmp(CIP6, VIP6, 1, 4, about(w.next_port())), own_stack=True)
    w.client("packet too big", frames.icmp("2001:db8:f::9", VIP6, 2, 0, about(w.next_port()), rest=1300), own_stack=True)
    w.connections()
    w.stats()


def cache_bypass(w):
    w.tc_marks(7, "udp")
    w.tc_marks(7, "tcp")
    w.local_by_mark(7)
    w.command("-A -f 7 -s rr")
    for value in (0, 1):
        w.setting("cache_bypass", value)
        w.client("TCP", frames.tcp(CIP, w.next_port(), rip(3), w.vport, "S"), own_stack=True)
        port = w.next_port()
        w.client("UDP", frames.udp(CIP, port, rip(3), w.vport), own_stack=True)
        w.client("UDP again", frames.udp(CIP, port, rip(3), w.vport), own_stack=True)
        w.server("answer", frames.udp(rip(3), w.vport, CIP, port), server=3, own_stack=True)
        w.client("to the director", frames.udp(CIP, w.next_port(), DIP, w.vport), own_stack=True)
        w.connections(also=[f"172.16.1.3:{w.vport}"])
    w.list()
    w.stats()


def icmp_errors_are_counted(w):
    w.service()
    c = w.connect().establish()
    request = frames.tcp(CIP, c.cport, rip(1), 80, "A")
    reply = frames.tcp(VIP, w.vport, CIP, c.cport, "A")
    w.server("from the server side", frames.icmp(rip(1), CIP, 3, 1, request[:28]))
    w.client("from the client side", frames.icmp(CIP, VIP, 3, 1, reply))
    w.client("from the client side again", frames.icmp(CIP, VIP, 3, 1, reply[:28]))
    w.stats()
