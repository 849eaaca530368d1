"""IPv6: cases of the wire comparison, see wire_cases.py."""
import struct

import frames
from frames import DATA
from legs import CIP6, DIP6, VIP6, rip6


def ipv6_connection_is_translated(w):
    w.service((1, 2), rport=8080, name="{w}")
    c = w.connect6(rport=8080).establish()
    c.request("PA", data=DATA[:33], tos=0x28, flow=0x12345)
    c.reply("PA", ack=1034, data=DATA * 13, tos=0x03, flow=0xABCDE)
    c.request("A", seq=1034, ack=5001 + len(DATA) * 13)
    w.connections()
    w.list()
    c.request("FA", seq=1034).reply("FA", ack=1035).request("A", seq=1035)
    w.connections()
    w.stats()


def ipv6_udp_is_translated_both_ways(w):
    w.service((1, 2), rport=53, protocol="u", name="{w}")
    for n in range(3):
        port = w.next_port()
        w.client(f"query {n + 1}", frames.udp(CIP6, port, VIP6, w.vport, b"query"))
        server = 2 - n % 2
        w.server(f"answer {n + 1}", frames.udp(rip6(server), 53, CIP6, port, b"answer"), server=server)
    w.connections()


def ipv6_udp_checksum_never_becomes_0(w):
    w.service(rport=53, protocol="u", name="{w}")
    port = w.next_port()
    # The byte pair that makes the checksum of the translated datagram 0.
    data = struct.pack("!H", frames.checksum(frames.pseudo_header(frames.address(CIP6), frames.address(rip6(1)), frames.UDP, 10)
                                             + struct.pack("!HHHHH", port, 53, 10, 0, 0)))
    w.client("query", frames.udp(CIP6, port, VIP6, w.vport, data))


def ipv6_wrong_checksums_stay_wrong(w):
    w.service(name="{w}")
    w.service(rport=53, protocol="u", name="{w}")
    c = w.connect6().establish()
    c.request("PA", data=DATA, wrong_checksum=True).reply("PA", data=DATA, wrong_checksum=True)
    w.client("UDP", frames.udp(CIP6, c.cport, VIP6, w.vport, DATA, wrong_checksum=True))


def ipv6_udp_without_a_checksum(w):
    w.service(rport=53, protocol="u", name="{w}")
    port = w.next_port()
    w.client("query", frames.udp(CIP6, port, VIP6, w.vport, DATA, no_checksum=True))
    w.server("answer", frames.udp(rip6(1), 53, CIP6, port, DATA, no_checksum=True))


def ipv6_hop_limit_falls_by_one_and_ends_at_one(w):
    w.service(name="{w}")
    c = w.connect6().establish()
    for ttl in (255, 2, 1, 0):
        c.request("PA", f"client with hop limit {ttl}", data=DATA, ttl=ttl, own_stack=ttl < 2)
        c.reply("PA", f"server with hop limit {ttl}", data=DATA, ttl=ttl, own_stack=ttl < 2)
    w.connections()


def ipv6_extension_headers_are_kept(w):
    w.service(name="{w}")
    c = w.connect6().establish()
    for name, numbers in (("hop-by-hop", (frames.HOP_BY_HOP,)), ("destination options", (frames.DESTINATION_OPTIONS,)),
                          ("authentication", (frames.AUTHENTICATION,)),
                          ("several", (frames.HOP_BY_HOP, frames.DESTINATION_OPTIONS, frames.AUTHENTICATION,
                                       frames.DESTINATION_OPTIONS))):
        extensions = [frames.extension(number, 16 if number == frames.AUTHENTICATION else 8) for number in numbers]
        c.request("PA", f"client: {name}", data=DATA, extensions=extensions)
        c.reply("PA", f"server: {name}", data=DATA, extensions=extensions)
    w.connect6().request("S", "SYN behind destination options", extensions=[frames.extension(frames.DESTINATION_OPTIONS, 248)])
    w.connections()


def ipv6_atomic_fragment(w):
    w.service(name="{w}")
    c = w.connect6().establish()
    c.request("PA", "client", data=DATA, extensions=[frames.fragment_header()], own_stack=True)
    c.reply("PA", "server", data=DATA, extensions=[frames.fragment_header()])


def ipv6_icmp_error_from_the_server_side(w):
    w.service(rport=8080, name="{w}")
    c = w.connect6(rport=8080).establish()
    about = frames.tcp(CIP6, c.cport, rip6(1), 8080, "PA", 1001, 5001, DATA)
    for name, src, kind, code, rest in (("port unreachable", rip6(1), 1, 4, 0),
                                        ("address unreachable, from a router", rip6(3), 1, 3, 0),
                                        ("packet too big, from a router", rip6(3), 2, 0, 1300),
                                        ("time exceeded, from a router", rip6(3), 3, 0, 0),
                                        ("parameter problem", rip6(1), 4, 1, 6)):
        w.server(f"{name}, 8 bytes", frames.icmp(src, CIP6, kind, code, about[:48], rest), server=int(src[-1]))
        w.server(f"{name}, whole", frames.icmp(src, CIP6, kind, code, about, rest), server=int(src[-1]))
    about = frames.tcp(CIP6, c.cport, rip6(1), 8080, "PA", 1001, 5001, DATA, extensions=[frames.extension(frames.DESTINATION_OPTIONS)])
    w.server("about a packet with an extension header", frames.icmp(rip6(1), CIP6, 1, 4, about))
    w.server("with hop limit 1", frames.icmp(rip6(1), CIP6, 1, 4, about, ttl=1), own_stack=True)
    w.connections()
    w.list()


def ipv6_icmp_error_about_udp(w):
    w.service(rport=53, protocol="u", name="{w}")
    port = w.next_port()
    w.client("query", frames.udp(CIP6, port, VIP6, w.vport, DATA))
    w.server("port unreachable", frames.icmp(rip6(1), CIP6, 1, 4, frames.udp(CIP6, port, rip6(1), 53, DATA)))
    w.client("port unreachable from the client", frames.icmp(CIP6, VIP6, 1, 4, frames.udp(VIP6, w.vport, CIP6, port, DATA)))
    w.connections()


def ipv6_icmp_error_from_the_client_side(w):
    w.service(rport=8080, name="{w}")
    c = w.connect6(rport=8080).establish()
    about = frames.tcp(VIP6, w.vport, CIP6, c.cport, "PA", 5001, 1001, DATA)
    for name, src, kind, code, rest in (("port unreachable", CIP6, 1, 4, 0),
                                        ("packet too big, from a router", "2001:db8:f::9", 2, 0, 1280),
                                        ("time exceeded, from a router", "2001:db8:f::9", 3, 0, 0)):
        w.client(f"{name}, 8 bytes", frames.icmp(src, VIP6, kind, code, about[:48], rest))
        w.client(f"{name}, whole", frames.icmp(src, VIP6, kind, code, about, rest))
    w.connections()


def ipv6_icmp_error_about_no_connection(w):
    w.service(name="{w}")
    w.client("client side", frames.icmp(CIP6, VIP6, 1, 4, frames.tcp(VIP6, w.vport, CIP6, 9, "A")), own_stack=True)
    w.server("server side", frames.icmp(rip6(1), CIP6, 1, 4, frames.tcp(CIP6, 9, rip6(1), 80, "A")))


def ipv6_request_larger_than_the_way_to_the_server(w):
    w.service(name="{w}")
    c = w.connect6().establish()
    w.system("ip link set eth1 mtu 1300")
    w.pause(1.1)  # a director may remember a route for a second
    try:
        c.request("PA", "too long", data=b"a" * 1400, own_stack=True)
    finally:
        w.system("ip link set eth1 mtu 1500")
    w.pause(1.1)
    c.request("PA", "the connection goes on", data=DATA)
    w.connections()


def ipv6_reply_larger_than_the_way_to_the_client(w):
    w.service(name="{w}")
    c = w.connect6().establish()
    w.system("ip link set eth0 mtu 1300")
    w.pause(1.1)
    try:
        c.reply("PA", "too long", data=b"a" * 1400, own_stack=True)
    finally:
        w.system("ip link set eth0 mtu 1500")
    w.pause(1.1)
    c.reply("PA", "the connection goes on", data=DATA)


def ipv6_what_is_not_a_service_is_the_directors_own(w):
    w.service(name="{w}")
    c = w.connect6(vport=w.vport + 1)
    c.request("S", "SYN to a port without a service", own_stack=True)
    w.client("UDP to a port without a service", frames.udp(CIP6, c.cport, VIP6, w.vport + 1, DATA), own_stack=True)
    w.client("ping to the VIP", frames.icmp(CIP6, VIP6, 128, 0, DATA, rest=0x10001), own_stack=True)
    w.client("SYN to the DIP", frames.tcp(CIP6, c.cport, DIP6, w.vport, "S"), own_stack=True)
    w.client("SYN to a real server by its own address", frames.tcp(CIP6, 51000, rip6(1), 80, "S"))
    w.server("its SYN/ACK", frames.tcp(rip6(1), 80, CIP6, 51000, "SA", 5000, 1001))
    w.connect6().request("A", "ACK of no connection", own_stack=True)
    w.connections()


def ipv6_and_ipv4_services_on_one_port_are_two(w):
    w.service((1,), rport=8080)
    w.service((2,), rport=8081, name="{w}")
    w.connect(rport=8080).establish()
    w.connect6(rport=8081).establish()
    w.connections()
    w.list()
