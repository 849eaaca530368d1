"""Settings of net.ipv4.vs: cases of the wire comparison, see wire_cases.py."""
import frames
from frames import DATA
from legs import CIP, VIP, rip


def sloppy_tcp_opens_with_any_segment_but_a_reset(w):
    w.service((1, 2))
    w.setting("sloppy_tcp", 1)
    for flags in ("A", "PA", "FA", "", "RA", "R", "SR", "SA"):
        w.connect().request(flags, f"client {flags or 'nothing'}", own_stack=True)
    w.list()
    w.connections()
    w.setting("sloppy_tcp", 0)
    w.connect().request("A", "client A without it", own_stack=True)


def sloppy_tcp_connection_goes_on(w):
    w.service()
    w.setting("sloppy_tcp", 1)
    c = w.connect().request("PA", data=DATA).reply("PA", data=DATA).request("FA").reply("FA")
    w.connections()
    c.request("A")
    w.list()


def _closed_in(w, state):
    """A connection in this state, and a service of two servers whose turn goes on."""
    c = w.connect().establish()
    if state == "CLOSE":
        c.reply("R")
    if state in ("FIN_WAIT", "TIME_WAIT"):
        c.reply("FA")
    if state in ("CLOSE_WAIT", "TIME_WAIT"):
        c.request("FA")
    return c


def _port_reused(w, mode):
    w.ipvs_way()
    w.service((1, 2, 3))
    w.setting("conn_reuse_mode", mode)
    for state in ("ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "TIME_WAIT", "CLOSE"):
        c = _closed_in(w, state)
        w.connections(c.cport)
        c.request("S", f"SYN in {state}", seq=9000)
        w.connections(c.cport)
    w.list()


def conn_reuse_mode_0_keeps_every_connection(w):
    _port_reused(w, 0)


def conn_reuse_mode_1_begins_anew_after_the_close(w):
    _port_reused(w, 1)


def conn_reuse_mode_2_is_1_for_masquerading(w):
    _port_reused(w, 2)


def expire_nodest_conn_ends_connections_without_a_packet(w):
    w.ipvs_way()
    w.service((1, 2))
    w.service((1,), rport=53, protocol="u")
    w.setting("expire_nodest_conn", 1)
    first, second = w.connect().establish(), w.connect().establish()
    port = w.next_port()
    w.client("query", frames.udp(CIP, port, VIP, w.vport, DATA))
    w.command("-d -t {v} -r 172.16.1.1:80")
    w.command("-d -u {v} -r 172.16.1.1:53")
    w.pause(1.2)
    w.connections()
    w.list()
    for c in (first, second):
        c.request("PA", data=DATA, own_stack=True)
        c.reply("PA", data=DATA)
    w.server("answer", frames.udp(rip(1), 53, CIP, port, DATA))
    w.command("-a -t {v} -r 172.16.1.1:80 -m")
    w.command("-a -u {v} -r 172.16.1.1:53 -m")
    for c in (first, second):
        c.request("PA", data=DATA, own_stack=True)
    w.client("query", frames.udp(CIP, port, VIP, w.vport, DATA))
    w.list()
    w.connections()


def expire_nodest_conn_of_a_removed_service(w):
    w.ipvs_way()
    w.service()
    w.service(name="{v1}")
    w.setting("expire_nodest_conn", 1)
    c = w.connect().establish()
    w.command("-D -t {v}")
    w.pause(1.2)
    w.connections()
    c.request("PA", data=DATA, own_stack=True)
    w.service()
    c.request("PA", data=DATA, own_stack=True)
    c.request("S")
    w.list()


def expire_nodest_conn_set_after_the_server_was_removed(w):
    w.ipvs_way()
    w.service((1, 2))
    first = w.connect().establish()
    w.command("-d -t {v} -r 172.16.1.2:80")
    first.request("PA", data=DATA, own_stack=True)
    w.setting("expire_nodest_conn", 1)
    first.request("S", "SYN")
    w.list()
    w.connections()


def drop_packet_3_drops_every_nth_new_connection(w):
    w.service((1, 2))
    w.service((), name="{v1}")
    w.service((3,), rport=53, protocol="u")
    w.setting("am_droprate", 4)
    w.setting("drop_packet", 3, seconds=1.2)
    known = w.connect().request("S", "SYN").request("S", "SYN again").request("A").request("PA", data=DATA)
    for n in range(9):
        w.connect().request("S", f"SYN {n + 1}")
        w.client(f"UDP {n + 1}", frames.udp(CIP, w.next_port(), VIP, w.vport, DATA))
        w.connect().request("A", f"ACK of no connection {n + 1}", own_stack=True)
        known.reply("A")
    for n in range(5):
        w.connect(vport=w.vport + 2).request("S", f"SYN to no service {n + 1}", own_stack=True)
    w.connect().request("S", "SYN 10")
    w.connect().request("S", "SYN 11")
    w.list()


def am_droprate_changed_in_mid_count(w):
    w.service()
    w.setting("am_droprate", 5)
    w.setting("drop_packet", 3, seconds=1.2)
    for n in range(7):
        w.connect().request("S", f"SYN {n + 1} at 5")
    w.setting("am_droprate", 2, seconds=1.2)
    for n in range(9):
        w.connect().request("S", f"SYN {n + 1} at 2")
    w.setting("am_droprate", 1, seconds=1.2)
    for n in range(3):
        w.connect().request("S", f"SYN {n + 1} at 1")
    w.list()


def secure_tcp_3_waits_for_the_server(w):
    w.service()
    w.setting("secure_tcp", 3, seconds=1.2)

    def after(*segments):
        """Each is a side and flags; the state is listed after each."""
        c = w.connect()
        for side, flags in segments:
            (c.request if side == "client" else c.reply)(flags)
            w.connections(c.cport)

    client, server = "client", "server"
    after((client, "S"), (client, "A"), (server, "SA"), (client, "A"), (client, "S"), (client, "FA"), (server, "SA"), (server, "A"),
          (client, "A"), (server, "SA"), (client, "S"))
    after((client, "S"), (server, "SA"), (client, "R"), (client, "A"), (server, "A"))
    after((client, "S"), (server, "SA"), (server, "FA"))
    after((client, "S"), (server, "SA"), (server, "R"))
    after((client, "S"), (client, "FA"))
    after((client, "S"), (client, "R"), (server, "A"), (client, "FA"))
    after((client, "S"), (server, "SA"), (client, "P"))
    w.list()


def secure_tcp_taken_back(w):
    w.service()
    w.setting("secure_tcp", 3, seconds=1.2)
    c = w.connect().request("S").reply("SA").request("A")
    w.connections()
    w.setting("secure_tcp", 0, seconds=1.2)
    c.request("A")
    w.connections()
    w.setting("secure_tcp", 1, seconds=1.2)
    w.connect().request("S").request("A")
    w.connections()
