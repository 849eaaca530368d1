"""What becomes of the packets of a connection: cases of the wire comparison, see wire_cases.py."""
import frames
from frames import DATA
from legs import CIP, VIP, rip


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
