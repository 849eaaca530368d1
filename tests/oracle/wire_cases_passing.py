"""What belongs to no connection, errors, and packets longer than the way: cases of the wire comparison, see wire_cases.py."""
import frames
from frames import DATA
from legs import CIP, DIP, VIP, rip


def segments_that_no_connection_is_known_for(w):
    w.service()
    for flags in ("A", "PA", "FA", "RA", "R", "", "SA", "SF", "SR"):
        w.connect().request(flags, f"client [{flags or 'no flags'}]", own_stack=True)
    w.connections()
    w.list()


def what_is_not_a_service_is_the_directors_own(w):
    w.service()
    c = w.connect(vport=w.vport + 1)
    c.request("S", "SYN to a port without a service", own_stack=True)
    c.request("A", "ACK to a port without a service", own_stack=True)
    w.client("UDP to a port without a service", frames.udp(CIP, c.cport, VIP, w.vport + 1, DATA), own_stack=True)
    w.client("UDP to the port of the TCP service", frames.udp(CIP, c.cport, VIP, w.vport, DATA), own_stack=True)
    w.client("ping to the VIP", frames.icmp(CIP, VIP, 8, 0, DATA, rest=0x10001), own_stack=True)
    w.client("SYN to the DIP", frames.tcp(CIP, c.cport, DIP, w.vport, "S"), own_stack=True)
    w.client("another protocol", frames.ip(CIP, VIP, 47, b"\0\0\x08\0" + DATA), own_stack=True)
    w.connections()


def what_only_passes_through_is_routed(w):
    w.service()
    w.client("SYN to a real server by its own address", frames.tcp(CIP, 51000, rip(1), 80, "S"))
    w.server("its SYN/ACK", frames.tcp(rip(1), 80, CIP, 51000, "SA", 5000, 1001))
    w.server("a real server connects to a client", frames.tcp(rip(1), 40000, CIP, 80, "S"))
    w.client("the client's answer", frames.tcp(CIP, 80, rip(1), 40000, "SA", 1, 1001))
    w.server("a real server's late reply", frames.tcp(rip(1), 80, CIP, 51001, "A", 5001, 1001))
    w.server("a real server's ping to a client", frames.icmp(rip(1), CIP, 8, 0, DATA))
    w.connections()


def icmp_error_from_the_server_side(w):
    w.service(rport=8080)
    c = w.connect(rport=8080).establish()
    about = frames.tcp(CIP, c.cport, rip(1), 8080, "PA", 1001, 5001, DATA)
    for name, src, kind, code, rest in (("port unreachable", rip(1), 3, 3, 0),
                                        ("host unreachable, from a router", "172.16.1.3", 3, 1, 0),
                                        ("fragmentation needed, from a router", "172.16.1.3", 3, 4, 1300),
                                        ("time exceeded, from a router", "172.16.1.3", 11, 0, 0),
                                        ("source quench", rip(1), 4, 0, 0)):
        w.server(f"{name}, 8 bytes", frames.icmp(src, CIP, kind, code, about[:28], rest), server=int(src[-1]))
        w.server(f"{name}, whole", frames.icmp(src, CIP, kind, code, about, rest), server=int(src[-1]))
    w.server("with TTL 1", frames.icmp(rip(1), CIP, 3, 3, about, ttl=1), own_stack=True)
    w.connections()
    w.list()


def icmp_error_about_udp(w):
    w.service(rport=53, protocol="u")
    port = w.next_port()
    w.client("query", frames.udp(CIP, port, VIP, w.vport, DATA))
    about = frames.udp(CIP, port, rip(1), 53, DATA)
    w.server("port unreachable", frames.icmp(rip(1), CIP, 3, 3, about[:28]))
    w.server("port unreachable, whole", frames.icmp(rip(1), CIP, 3, 3, about))
    about = frames.udp(VIP, w.vport, CIP, port, DATA)
    w.client("port unreachable from the client", frames.icmp(CIP, VIP, 3, 3, about))
    w.connections()


def icmp_error_from_the_client_side(w):
    w.service(rport=8080)
    c = w.connect(rport=8080).establish()
    about = frames.tcp(VIP, w.vport, CIP, c.cport, "PA", 5001, 1001, DATA)
    for name, src, kind, code, rest in (("port unreachable", CIP, 3, 3, 0),
                                        ("fragmentation needed, from a router", "10.9.9.9", 3, 4, 1200),
                                        ("time exceeded, from a router", "10.9.9.9", 11, 0, 0)):
        w.client(f"{name}, 8 bytes", frames.icmp(src, VIP, kind, code, about[:28], rest))
        w.client(f"{name}, whole", frames.icmp(src, VIP, kind, code, about, rest))
    w.connections()


def icmp_error_about_no_connection(w):
    w.service()
    about = frames.tcp(VIP, w.vport, CIP, 9, "A")
    w.client("client side", frames.icmp(CIP, VIP, 3, 3, about[:28]), own_stack=True)
    about = frames.tcp(CIP, 9, rip(1), 80, "A")
    w.server("server side", frames.icmp(rip(1), CIP, 3, 3, about[:28]))


def request_larger_than_the_way_to_the_server(w):
    w.service()
    c = w.connect().establish()
    w.system("ip link set eth1 mtu 1300")
    w.pause(1.1)  # a director may remember a route for a second
    try:
        c.request("PA", "with DF", data=b"a" * 1400, fragment=0x4000, own_stack=True)
        c.request("PA", "without DF", data=b"a" * 1400)
    finally:
        w.system("ip link set eth1 mtu 1500")
    c.request("PA", "the connection goes on", data=DATA)
    w.connections()


def reply_larger_than_the_way_to_the_client(w):
    w.service()
    c = w.connect().establish()
    w.system("ip link set eth0 mtu 1300")
    w.pause(1.1)
    try:
        c.reply("PA", "with DF", data=b"a" * 1400, fragment=0x4000, own_stack=True)
        c.reply("PA", "without DF", data=b"a" * 1400)
    finally:
        w.system("ip link set eth0 mtu 1500")
    c.reply("PA", "the connection goes on", data=DATA)
