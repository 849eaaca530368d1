"""What the wire comparison does to a director, case by case. Names are behaviours.

Each case has services of its own, on {v} (the case's first port of the VIP) and {v1}, {v2} …
"""
import struct

import frames
from legs import CIP, CIP6, DIP, DIP6, VIP, VIP6, rip, rip6
from world import chosen_server

DATA = bytes(range(97, 123)) * 4


def rr_takes_turns_beginning_with_the_server_added_last(w):
    w.service((1, 2, 3))
    w.list()
    for n in range(9):
        w.connect().request("S", f"SYN of connection {n + 1}")
    w.list()
    w.connections()


def wrr_follows_weights_5_3_1(w):
    w.service({1: 5, 2: 3, 3: 1}, "wrr")
    for n in range(20):
        w.connect().request("S", f"SYN of connection {n + 1}")
    w.list()


def wrr_leaves_out_a_server_of_weight_0(w):
    w.service({1: 3, 2: 0, 3: 2}, "wrr")
    for n in range(11):
        w.connect().request("S", f"SYN of connection {n + 1}")


def wrr_weight_edited_in_mid_sequence(w):
    w.service({1: 5, 2: 3, 3: 1}, "wrr")
    for change in ("", "-e -t {v} -r 172.16.1.3:80 -m -w 4", "-e -t {v} -r 172.16.1.1:80 -m -w 0",
                   "-e -t {v} -r 172.16.1.1:80 -m -w 2"):
        if change:
            w.command(change)
        for n in range(7):
            w.connect().request("S", f"SYN {n + 1}")
    w.list()


def wrr_server_added_and_removed_in_mid_sequence(w):
    w.service({1: 4, 2: 2}, "wrr")
    for change in ("", "-a -t {v} -r 172.16.1.3:80 -m -w 3", "-d -t {v} -r 172.16.1.2:80"):
        if change:
            w.command(change)
        for n in range(8):
            w.connect().request("S", f"SYN {n + 1}")


def rr_server_added_and_removed_in_mid_sequence(w):
    w.service((1, 2))
    for change, count in (("", 3), ("-a -t {v} -r 172.16.1.3:80 -m", 6), ("-d -t {v} -r 172.16.1.2:80", 5),
                          ("-e -t {v} -r 172.16.1.1:80 -m -w 0", 3), ("-e -t {v} -r 172.16.1.1:80 -m -w 1", 4)):
        if change:
            w.command(change)
        for n in range(count):
            w.connect().request("S", f"SYN {n + 1}")


def rr_ignores_how_large_a_weight_is(w):
    w.service({1: 5, 2: 1, 3: 2})
    for n in range(6):
        w.connect().request("S", f"SYN {n + 1}")


def scheduler_edited_in_mid_sequence(w):
    w.service({1: 3, 2: 1, 3: 2})
    for scheduler in ("", "wrr", "rr"):
        if scheduler:
            w.command("-E -t {v} -s " + scheduler)
        for n in range(7):
            w.connect().request("S", f"SYN {n + 1}")


def two_services_take_turns_independently(w):
    w.service((1, 2, 3))
    w.service((1, 2, 3), name="{v1}")
    for n in range(4):
        w.connect().request("S", f"SYN {n + 1} to the first")
        w.connect(vport=w.vport + 1).request("S", f"SYN {n + 1} to the second")
    w.list()


def ports_are_mapped_both_ways(w):
    w.service(rport=8080)
    c = w.connect(rport=8080).establish()
    c.request("PA", data=b"GET / HTTP/1.0\r\n\r\n")
    c.reply("PA", data=DATA)
    w.list()
    w.connections()


def a_whole_connection_is_translated(w):
    w.service((1, 2))
    c = w.connect().establish()
    c.request("PA", data=DATA[:33])
    c.reply("A", ack=1034)
    c.reply("PA", ack=1034, data=DATA * 14)
    c.request("A", seq=1034, ack=5001 + len(DATA) * 14)
    c.request("PA", seq=1034, data=DATA[:1])
    w.connections()


def a_segment_as_long_as_the_mtu_is_translated(w):
    w.service()
    c = w.connect().establish()
    c.request("PA", data=b"q" * 1460, fragment=0x4000)
    c.reply("PA", data=b"r" * 1460, fragment=0x4000)


def udp_is_translated_both_ways(w):
    w.service((1, 2), rport=53, protocol="u")
    for n in range(3):
        port = w.next_port()
        w.client(f"query {n + 1}", frames.udp(CIP, port, VIP, w.vport, b"query"))
        server = 2 - n % 2
        w.server(f"answer {n + 1}", frames.udp(rip(server), 53, CIP, port, b"answer"), server=server)
        w.client(f"query {n + 1} again", frames.udp(CIP, port, VIP, w.vport, b"query"))
    w.list()
    w.connections()


def udp_without_a_checksum(w):
    w.service(rport=53, protocol="u")
    port = w.next_port()
    w.client("query", frames.udp(CIP, port, VIP, w.vport, DATA, no_checksum=True))
    w.server("answer", frames.udp(rip(1), 53, CIP, port, DATA, no_checksum=True))


def udp_checksum_never_becomes_0(w):
    """A sum that comes to 0 is sent as ffff; 0 would say that there is none."""
    w.service(rport=53, protocol="u")
    port = w.next_port()

    def payload_that_makes_it_0(*addresses):
        return frames.udp(*addresses, b"\0\0")[26:28]

    w.client("query", frames.udp(CIP, port, VIP, w.vport, payload_that_makes_it_0(CIP, port, rip(1), 53)))
    w.client("query whose own sum is ffff", frames.udp(CIP, port, VIP, w.vport, payload_that_makes_it_0(CIP, port, VIP, w.vport)))
    w.server("answer", frames.udp(rip(1), 53, CIP, port, payload_that_makes_it_0(VIP, w.vport, CIP, port)))
    w.server("answer whose own sum is ffff", frames.udp(rip(1), 53, CIP, port, payload_that_makes_it_0(rip(1), 53, CIP, port)))


def a_wrong_checksum_stays_wrong_by_the_same_amount(w):
    w.service()
    w.service(rport=53, protocol="u")
    c = w.connect().request("S", wrong_checksum=True).reply("SA", wrong_checksum=True)
    c.request("A").request("PA", data=DATA, wrong_checksum=True).reply("PA", data=DATA, wrong_checksum=True)
    w.connections()
    port = w.next_port()
    w.client("UDP query", frames.udp(CIP, port, VIP, w.vport, DATA, wrong_checksum=True))
    w.server("UDP answer", frames.udp(rip(1), 53, CIP, port, DATA, wrong_checksum=True))


def header_fields_are_kept(w):
    w.service()
    c = w.connect()
    syn_options = bytes.fromhex("020405b40402080a000000010000000001030307")
    c.request("S", "SYN with options", options=syn_options, fragment=0x4000, ident=0xBEEF, tos=0x2E)
    c.reply("SA", "SYN/ACK with options", options=syn_options, fragment=0x4000, ident=0, tos=0xB8)
    c.request("A", "timestamps", options=b"\x01\x01\x08\x0a" + b"\1\2\3\4\5\6\7\x08")
    c.request("PAUEC", "urgent data, ECN", data=DATA, urgent=3, tos=3)
    c.reply("PAEC", "ECN back", data=DATA, tos=2)
    c.request("A", "reserved bits", reserved=0xE)
    c.request("A", "window 0", window=0)
    c.reply("A", "window 65535", window=65535)


def ip_options_are_kept(w):
    w.service()
    c = w.connect().establish()
    segment = frames.tcp(CIP, c.cport, VIP, w.vport, "PA", 1001, 5001, DATA)[20:]
    w.client("no-operations", frames.ip(CIP, VIP, frames.TCP, segment, options=b"\1\1\1\0"))
    back = frames.tcp(rip(1), 80, CIP, c.cport, "PA", 5001, 1001, DATA)[20:]
    w.server("no-operations back", frames.ip(rip(1), CIP, frames.TCP, back, options=b"\1\1\1\0"))


def bytes_after_the_end_of_a_short_packet(w):
    """Ethernet fills frames up to 60 bytes."""
    w.service()
    c = w.connect().establish()
    w.client("client", frames.tcp(CIP, c.cport, VIP, w.vport, "A", 1001, 5001) + b"\0" * 6)
    w.server("server", frames.tcp(rip(1), 80, CIP, c.cport, "A", 5001, 1001) + b"\0" * 6)


def ttl_falls_by_one_and_ends_at_one(w):
    w.service()
    c = w.connect().establish()
    for ttl in (255, 2):
        c.request("PA", f"client, TTL {ttl}", data=DATA, ttl=ttl)
        c.reply("PA", f"server, TTL {ttl}", data=DATA, ttl=ttl)
    c.request("PA", "client, TTL 1", data=DATA, ttl=1, own_stack=True)
    c.reply("PA", "server, TTL 1", data=DATA, ttl=1, own_stack=True)
    c.request("PA", "the connection goes on", data=DATA)
    w.connections()


def _close(w, script):
    """script: i client, o server, then flags; listed after each step."""
    w.service()
    c = w.connect()
    for step in script.split():
        flags = step[1:].replace(".", "")
        (c.request if step[0] == "i" else c.reply)(flags, step)
        w.connections()
        w.list()


def close_server_first(w):
    _close(w, "iS oSA iA oFA iA iFA oA")


def close_client_first(w):
    _close(w, "iS oSA iA iFA oA oFA iA")


def close_client_first_without_an_ack_between(w):
    _close(w, "iS oSA iA iFA oFA iA")


def close_both_at_once(w):
    _close(w, "iS oSA iA oFA iFA oA iA")


def close_half_then_data(w):
    _close(w, "iS oSA iA iFA oA oPA iA oPA oFA iA")


def close_by_reset_of_the_client(w):
    _close(w, "iS oSA iA iRA")


def close_by_reset_of_the_server(w):
    _close(w, "iS oSA iA oR")


def connection_refused_by_the_server(w):
    _close(w, "iS oRA")


def client_reset_before_the_connection_is_established(w):
    _close(w, "iS oSA iR iR")


def client_acknowledges_before_the_server_answers(w):
    _close(w, "iS iA oSA iA")


def segment_without_flags_closes(w):
    _close(w, "iS oSA iA i. oA")


def syn_repeated(w):
    _close(w, "iS iS oSA oSA iS iA iS")


def syn_on_a_connection_that_one_side_closed(w):
    w.ipvs_way()
    _close(w, "iS oSA iA oFA iS oSA iA iFA iS")


def client_port_reused_after_both_sides_closed(w):
    w.service((1, 2, 3))
    for script in (("PA",), ("FA",), ("RA",)):
        c = w.connect().establish()
        for flags in script:
            c.reply(flags).request(flags)
        w.connections()
        c.request("S", "SYN again", seq=77000).reply("SA", ack=77001)
        w.connections()


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


def removed_server(w):
    w.ipvs_way()
    w.service((1, 2))
    c = w.connect().establish()
    w.command("-d -t {v} -r 172.16.1.2:80")
    w.list()
    w.connections()
    c.reply("PA", "server data", data=DATA)
    c.request("PA", "client data", data=DATA)
    c.request("S", "SYN on the same port")
    w.connections()
    for n in range(2):
        w.connect().request("S", f"new connection {n + 1}")
    w.command("-a -t {v} -r 172.16.1.2:80 -m")
    c.request("PA", "client data after the server was added again", data=DATA)
    w.list()
    w.connections()


def server_of_weight_0_keeps_its_connections(w):
    w.service((1, 2))
    c = w.connect().establish()
    w.command("-e -t {v} -r 172.16.1.2:80 -m -w 0")
    c.request("PA", data=DATA).reply("PA", data=DATA)
    for n in range(3):
        w.connect().request("S", f"new connection {n + 1}")
    w.list()


def removed_service(w):
    w.ipvs_way()
    w.service()
    w.service((2,), name="{v1}")
    c = w.connect().establish()
    w.command("-D -t {v}")
    c.reply("PA", "server data", data=DATA)
    c.request("PA", "client data", data=DATA)
    w.connect().request("S", "new connection", own_stack=True)
    w.connections()


def no_service_at_all(w):
    w.ipvs_way()
    w.service()
    c = w.connect().establish()
    w.command("-C")
    c.reply("PA", "server data", data=DATA)
    c.request("PA", "client data", data=DATA, own_stack=True)
    w.connections()
    w.command("-A -u {v1} -s rr")
    c.reply("PA", "server data, with another service", data=DATA)


def service_without_servers(w):
    w.service(())
    w.service((), protocol="u")
    w.connect().request("S", "SYN", own_stack=True)
    w.connect().request("A", "ACK", own_stack=True)
    w.client("UDP", frames.udp(CIP, w.next_port(), VIP, w.vport, DATA), own_stack=True)
    w.connections()


def service_whose_servers_all_have_weight_0(w):
    w.service({1: 0, 2: 0})
    w.connect().request("S", "SYN with rr", own_stack=True)
    w.command("-E -t {v} -s wrr")
    w.connect().request("S", "SYN with wrr", own_stack=True)
    w.list()


def same_client_port_to_two_services_with_the_same_server(w):
    w.service((1, 2))
    w.service((2, 1), name="{v1}")
    port = w.next_port()
    first = w.connect(cport=port).request("S", "SYN to the first service")
    w.connect(vport=w.vport + 1).request("S", "another client moves the second service on")
    second = w.connect(cport=port, vport=w.vport + 1).request("S", "SYN to the second service")
    first.reply("SA", "the first one's SYN/ACK")
    second.reply("SA", "the second one's SYN/ACK")
    w.connections()


def client_in_the_servers_network(w):
    w.service()
    w.server("SYN", frames.tcp(rip(3), 6000, VIP, w.vport, "S"), server=3)
    w.connections()


def changed_timeouts_apply_with_the_next_packet(w):
    w.service()
    w.service(rport=53, protocol="u")
    old = w.connect().establish()
    w.command("--set 100 20 50")
    w.command("-L --timeout")
    w.connections()
    old.request("PA", data=DATA)
    fin = w.connect().establish().reply("FA")
    fin.reply("A")
    w.client("UDP", frames.udp(CIP, w.next_port(), VIP, w.vport, DATA))
    w.connections()
    w.command("--set 0 0 70")
    w.command("-L --timeout")


def fragments(w):
    w.service(rport=53, protocol="u")
    whole = frames.udp(CIP, w.next_port(), VIP, w.vport, b"z" * 2000)[20:]
    first = frames.ip(CIP, VIP, frames.UDP, whole[:1400], ident=0x77, fragment=0x2000)
    second = frames.ip(CIP, VIP, frames.UDP, whole[1400:], ident=0x77, fragment=1400 // 8)
    w.client("in order", first, second, own_stack=True)
    w.connections()


def counters_are_exact(w):
    w.service((1, 2))
    w.service(rport=53, protocol="u", name="{v1}")
    for n in range(3):
        c = w.connect().establish()
        c.request("PA", data=b"x" * (100 + n)).reply("A").reply("PA", data=b"y" * (300 + n))
        c.request("FA").reply("FA").request("A")
    w.client("UDP", frames.udp(CIP, w.next_port(), VIP, w.vport + 1, DATA))
    w.connect().request("A", "a segment of no connection", own_stack=True)
    w.stats()
    w.list()
    w.command("-Z -t {v}")
    w.stats()


def server_added_again_keeps_its_counters(w):
    w.service((1, 2))
    for n in range(3):
        w.connect().establish()
    w.stats()
    w.command("-d -t {v} -r 172.16.1.1:80")
    w.command("-a -t {v} -r 172.16.1.1:80 -m")
    w.command("-E -t {v} -s wrr")
    w.stats()
    w.list()


def mark_of_a_tc_program_names_the_service(w):
    w.tc_marks(5, "tcp", 0, 4)
    w.tc_marks(5, "udp", 0, 4)
    w.service((1, 2, 3), rport=0, protocol="f", name="5")
    for offset in (0, 3):
        port = w.vport + offset
        w.connect(vport=port, rport=port).establish().request("PA", data=DATA).reply("PA", data=DATA)
    port = w.next_port()
    out = w.client("UDP", frames.udp(CIP, port, VIP, w.vport + 1, DATA))
    w.server("UDP answer", frames.udp(rip(chosen_server(out)), w.vport + 1, CIP, port, DATA), server=chosen_server(out))
    w.connect(vport=w.vport + 5).request("S", "a port that is not marked", own_stack=True)
    w.connect().request("A", "a segment of no connection", own_stack=True)
    w.list()
    w.connections()
    w.stats()


def mark_with_a_port_at_the_server(w):
    w.tc_marks(5)
    w.service((1, 2), rport=8080, protocol="f", name="5")
    for offset in (0, 1, 9):
        c = w.connect(vport=w.vport + offset, rport=8080).establish()
        c.request("PA", data=DATA).reply("PA", data=DATA).reply("FA").request("FA").reply("A")
    w.list()
    w.connections()


def mark_comes_before_address_and_port(w):
    w.service((1,))
    w.service((2,), rport=0, protocol="f", name="5")
    w.connect().request("S", "SYN without a mark")
    w.tc_marks(5)
    w.connect().request("S", "SYN with the mark of a service")
    w.command("-D -f 5")
    w.connect().request("S", "SYN with a mark that is no service's")
    w.list()


def echo_request_with_a_mark_is_answered_by_the_director(w):
    w.tc_marks(5)
    w.rule("-d {vip}", 5)
    w.service((1,), rport=0, protocol="f", name="5")
    w.client("echo request", frames.icmp(CIP, VIP, 8, 0, DATA), own_stack=True)


def rules_mark_by_protocol_destination_and_ports_and_the_last_decides(w):
    w.rule("-d {vip}/32 -p tcp --dport {v}:{v5}", 5)
    w.rule("-d 1.1.1.0/24 -p tcp -m tcp --dport {v4}:{v6}", 6)
    w.rule("-p udp --dport {v1}", 5)
    w.rule("-d {vip} -p tcp --dport {v2}", "0x6")
    w.rule("-d {vip} -p tcp --dport {v3}", 0)
    w.service((1,), rport=0, protocol="f", name="5")
    w.service((2,), rport=0, protocol="f", name="6")
    for offset in range(8):
        w.connect(vport=w.vport + offset).request("S", f"SYN to port {offset}", own_stack=True)
        w.client(f"UDP to port {offset}", frames.udp(CIP, w.next_port(), VIP, w.vport + offset, DATA), own_stack=True)
    w.list()
    w.connections()


def rule_that_matches_replaces_the_mark_that_was_there(w):
    w.tc_marks(6, "tcp", 0, 4)
    w.rule("-d {vip} -p tcp --dport {v3}:{v6}", 5)
    w.service((1,), rport=0, protocol="f", name="5")
    w.service((2,), rport=0, protocol="f", name="6")
    for offset in range(8):
        w.connect(vport=w.vport + offset).request("S", f"SYN to port {offset}", own_stack=True)


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


def _persistent(w, servers=(1, 2, 3), options="-p 30", scheduler="rr", rport=80, protocol="t", name="{v}"):
    """A service with options of -A, and how its table of servers looks."""
    w.service(servers, scheduler, rport, protocol, name)
    w.command(f"-E -{protocol} {name} -s {scheduler} {options}", log=False)


def _open_and_answer(w, *clients, **fields):
    """One connection of each client after the other."""
    for n, client in enumerate(clients):
        c = w.connect(cip=client, **fields).request("S", f"SYN {n + 1}, of {client}")
        if c.server:
            c.reply("SA", f"SYN/ACK {n + 1}")


def persistence_keeps_a_client_on_one_server(w):
    _persistent(w)
    _open_and_answer(w, CIP, CIP, "192.168.1.2", CIP, "192.168.1.2", "192.168.1.3")
    w.connections()
    w.connect(cip="192.168.1.2").establish()
    w.connections()
    w.list()
    w.command("-Ln --persistent-conn -t {v}")
    w.stats()


def persistence_by_network(w):
    _persistent(w, options="-p 30 -M 255.255.255.0")
    _open_and_answer(w, CIP, "192.168.1.77", "192.168.2.1", CIP)
    w.connections()


def persistence_with_wlc_and_weights(w):
    _persistent(w, {1: 3, 2: 1}, scheduler="wlc")
    _open_and_answer(w, *(f"192.168.1.{n}" for n in (1, 2, 3, 4, 5, 6, 1, 2, 3)))
    w.list()


def persistence_follows_to_a_server_of_weight_0(w):
    _persistent(w)
    _open_and_answer(w, CIP)
    w.command("-e -t {v} -r 172.16.1.3:80 -m -w 0")
    _open_and_answer(w, CIP, "192.168.1.2")
    w.setting("expire_quiescent_template", 1)
    _open_and_answer(w, CIP, CIP, "192.168.1.2")
    w.list()


def persistence_leaves_a_removed_server(w):
    _persistent(w)
    _open_and_answer(w, CIP)
    w.command("-d -t {v} -r 172.16.1.3:80")
    _open_and_answer(w, CIP, CIP)
    w.command("-a -t {v} -r 172.16.1.3:80 -m")
    _open_and_answer(w, CIP)
    w.list()


def persistence_timer_restarts_with_new_connections(w):
    _persistent(w, options="-p 4")
    _open_and_answer(w, CIP)
    w.pause(2.5)
    _open_and_answer(w, CIP)
    w.connections()
    w.pause(2.5)
    w.connections()


def persistence_ends_and_the_client_moves_on(w):
    w.command("--set 0 0 1", log=False)
    _persistent(w, options="-p 2", protocol="u", rport=53)
    for n in range(2):
        w.client(f"query {n + 1}", frames.udp(CIP, w.next_port(), VIP, w.vport, b"query"))
    w.connections()
    w.pause(4.5)
    w.connections()
    w.client("query 3", frames.udp(CIP, w.next_port(), VIP, w.vport, b"query"))


def persistent_template_outlives_its_time_with_a_connection(w):
    _persistent(w, options="-p 1")
    _open_and_answer(w, CIP)
    w.pause(3)
    w.connections()
    _open_and_answer(w, CIP)


def persistence_edited_and_taken_away(w):
    _persistent(w)
    _open_and_answer(w, CIP, CIP)
    w.command("-E -t {v} -s rr -p 100")
    _open_and_answer(w, "192.168.1.2")
    w.command("-E -t {v} -s rr")
    _open_and_answer(w, CIP, CIP)
    w.connections()


def persistent_ports_are_mapped(w):
    _persistent(w, rport=8080)
    c = w.connect(rport=8080).establish()
    c.request("PA", data=DATA).reply("PA", data=DATA)
    w.connections()


def persistent_service_on_all_ports(w):
    w.command(f"-A -t {VIP}:0 -s rr -p 20", log=False)
    for n in (1, 2):
        w.command(f"-a -t {VIP}:0 -r {rip(n)}:0 -m", log=False)
    for vport in (w.vport, w.vport + 1, w.vport + 2):
        w.connect(vport=vport, rport=vport).establish()
    w.connect(cip="192.168.1.2", vport=w.vport, rport=w.vport).establish()
    w.service((3,), name="{v5}")
    w.connect(vport=w.vport + 5).request("S", "a service by its port comes first")
    w.connect(vport=w.vport + 6).request("A", "no SYN", own_stack=True)
    w.connections(also=[f"{VIP}:0"])
    w.list()


def persistent_mark_groups_services(w):
    w.tc_marks(7, "tcp", 0, 4)
    w.tc_marks(7, "udp", 0, 4)
    w.command("-A -f 7 -s rr -p 25", log=False)
    for n in (1, 2):
        w.command(f"-a -f 7 -r {rip(n)}:0 -m", log=False)
    for vport in (w.vport, w.vport + 1):
        w.connect(vport=vport, rport=vport).establish()
    w.client("UDP of the same client", frames.udp(CIP, w.next_port(), VIP, w.vport, b"query"))
    w.connect(cip="192.168.1.2", vport=w.vport, rport=w.vport).establish()
    w.connections(also=["0.0.0.7:0"])
    w.list()


def persistent_mark_with_ports_at_the_servers(w):
    w.tc_marks(8)
    w.command("-A -f 8 -s rr -p 25", log=False)
    w.command(f"-a -f 8 -r {rip(1)}:8080 -m", log=False)
    w.connect(vport=w.vport).request("S")
    w.connections(also=["0.0.0.8:0"])


def _log_servers(w, step, packets):
    """Which servers packets go to; 0: none. How a refusal looks is other cases' concern."""
    chosen = [chosen_server(w.legs.exchange(client=[w.legs.client_frame(packet)])) for packet in packets]
    w.log(step, ["".join(map(str, chosen))])


def _syns(w, count, vport=None):
    return [frames.tcp(CIP, w.next_port(), VIP, vport or w.vport, "S", 1000, 0) for _ in range(count)]


def _queries(w, count, vport=None):
    return [frames.udp(CIP, w.next_port(), VIP, vport or w.vport, b"query") for _ in range(count)]


def upper_threshold_keeps_new_connections_away(w):
    w.service((1, 2))
    w.command("-e -t {v} -r 172.16.1.2:80 -m -x 2")
    _log_servers(w, "SYNs", _syns(w, 8))
    w.list()
    w.command("-Ln --thresholds -t {v}")
    w.command("-e -t {v} -r 172.16.1.2:80 -m -x 3")
    _log_servers(w, "SYNs with a higher threshold", _syns(w, 3))
    w.command("-e -t {v} -r 172.16.1.2:80 -m -x 1")
    w.command("-e -t {v} -r 172.16.1.2:80 -m")
    _log_servers(w, "SYNs without a threshold", _syns(w, 3))


def all_servers_at_their_thresholds(w):
    for n, scheduler in enumerate(("rr", "wrr", "wlc", "lc", "sed", "nq", "sh", "dh", "fo", "ovf")):
        name = f"{{v{n or ''}}}"
        w.command(f"-A -t {name} -s {scheduler}", log=False)
        for r in (1, 2):
            w.command(f"-a -t {name} -r {rip(r)}:80 -m -x {r} -w {3 - r}", log=False)
        _log_servers(w, f"{scheduler}: SYNs", _syns(w, 6, w.vport + n))
    w.list()


def wrr_passes_over_a_server_at_its_threshold(w):
    w.service({1: 4, 2: 3, 3: 1}, "wrr")
    w.command("-e -t {v} -r 172.16.1.1:80 -m -w 4 -x 2")
    _log_servers(w, "SYNs", _syns(w, 12))
    w.command("-e -t {v} -r 172.16.1.1:80 -m -w 4 -x 5")
    _log_servers(w, "SYNs with a higher threshold", _syns(w, 12))


def lower_threshold_lets_connections_in_again(w):
    w.command("--set 0 0 1", log=False)
    thresholds = ("-x 2 -y 1", "-x 4", "-x 4 -y 3")
    for n, options in enumerate(thresholds):
        w.command(f"-A -u {{v{n or ''}}} -s rr", log=False)
        w.command(f"-a -u {{v{n or ''}}} -r {rip(1)}:53 -m {options}", log=False)
        _log_servers(w, f"{options}: queries", _queries(w, 5, w.vport + n))
    w.pause(4)
    w.list()
    for n, options in enumerate(thresholds):
        _log_servers(w, f"{options}: queries after a pause", _queries(w, 2, w.vport + n))


def persistent_clients_may_exceed_the_threshold(w):
    _persistent(w)
    w.command("-e -t {v} -r 172.16.1.3:80 -m -x 1")
    _open_and_answer(w, CIP, CIP, "192.168.1.2", CIP)
    w.list()


def one_packet_scheduling(w):
    w.command("-A -u {v} -s rr -o")
    for n in (1, 2):
        w.command(f"-a -u {{v}} -r {rip(n)}:53 -m", log=False)
    port = w.next_port()
    for n in range(5):
        server = chosen_server(w.client(f"query {n + 1}", frames.udp(CIP, port, VIP, w.vport, b"query")))
        w.server(f"answer {n + 1}", frames.udp(rip(server), 53, CIP, port, b"answer"), server=server)
    w.list()
    w.connections()
    w.stats()


def one_packet_scheduling_of_a_persistent_service(w):
    w.command("-A -u {v} -s rr -o -p 30")
    for n in (1, 2):
        w.command(f"-a -u {{v}} -r {rip(n)}:53 -m", log=False)
    for n in range(3):
        w.client(f"query {n + 1}", frames.udp(CIP, w.next_port(), VIP, w.vport, b"query"))
    w.client("query of another client", frames.udp("192.168.1.2", w.next_port(), VIP, w.vport, b"query"))
    w.list()


def expire_nodest_conn_and_a_syn_to_a_server_of_weight_0(w):
    w.service((1, 2))
    c = w.connect().establish()
    w.command("-e -t {v} -r 172.16.1.2:80 -m -w 0")
    c.request("S", "SYN on an established connection")
    w.setting("expire_nodest_conn", 1)
    c.request("A", "the connection goes on")
    c.request("S", "SYN")
    w.connections()


def ipv6_persistence_by_network(w):
    w.service((1, 2), name="{w}")
    w.command("-E -t {w} -s rr -p 30 -M 64")
    for client in (CIP6, "2001:db8:c::77", "2001:db8:d::1", CIP6):
        w.connect(cip=client).request("S", f"SYN of {client}")
    w.connections()
    w.list()


def ipv6_persistent_service_on_all_ports(w):
    w.command(f"-A -t [{VIP6}]:0 -s rr -p 20", log=False)
    for n in (1, 2):
        w.command(f"-a -t [{VIP6}]:0 -r [{rip6(n)}]:0 -m", log=False)
    for vport in (w.vport, w.vport + 1):
        w.connect6(vport=vport, rport=vport).establish()
    w.connections(also=[f"[{VIP6}]:0"])


def choices_of_connections_that_stay(w):
    for n, (scheduler, weights) in enumerate((("lc", (1, 1, 1)), ("wlc", (5, 3, 1)), ("sed", (5, 3, 1)), ("nq", (5, 3, 1)),
                                              ("fo", (1, 3, 2)), ("ovf", (3, 2, 1)), ("wlc", (1, 1, 0)), ("lblc", (2, 1, 1)),
                                              ("lblcr", (2, 1, 1)), ("wrr", (7, 3, 2)))):
        w.service({r + 1: weight for r, weight in enumerate(weights)}, scheduler, name=f"{{v{n or ''}}}")
        _log_servers(w, f"{scheduler} {weights}", _syns(w, 14, w.vport + n))
    w.list()


def choices_by_hash(w):
    clients = [f"192.168.{n % 3}.{n * 7 + 1}" for n in range(24)]
    for n, (options, weights) in enumerate((("sh", (1, 1, 1)), ("sh", (3, 1, 2)), ("sh -b sh-port", (1, 1, 1)),
                                            ("sh -b sh-fallback", (1, 0, 1)), ("dh", (1, 2, 1)), ("mh", (1, 1, 1)),
                                            ("mh", (3, 1, 2)), ("mh -b mh-port", (2, 2, 1)), ("mh -b mh-fallback", (1, 0, 1)))):
        w.service({r + 1: weight for r, weight in enumerate(weights)}, options, name=f"{{v{n or ''}}}")
        _log_servers(w, f"{options} {weights}", [frames.tcp(client, w.next_port(), VIP, w.vport + n, "S", 1000, 0)
                                                for client in clients])


def choices_after_connections_ended(w):
    w.command("--set 0 0 1", log=False)
    for n, scheduler in enumerate(("wlc", "lc", "sed", "nq")):
        w.service({1: 3, 2: 2, 3: 1}, scheduler, 53, "u", f"{{v{n or ''}}}")
        _log_servers(w, f"{scheduler}: queries", _queries(w, 7, w.vport + n))
    w.pause(4)
    for n, scheduler in enumerate(("wlc", "lc", "sed", "nq")):
        _log_servers(w, f"{scheduler}: queries after a pause", _queries(w, 4, w.vport + n))


CASES = [case for name, case in list(globals().items()) if callable(case) and not name.startswith("_")
         and getattr(case, "__module__", "") == __name__ and case.__code__.co_varnames[:1] == ("w",)]
