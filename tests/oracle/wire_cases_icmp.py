"""What IPVS answers or forwards outside of connections: cases as in wire_cases.py, played after those."""
import frames
from legs import CIP, CIP6, VIP, VIP6

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


CASES = [case for name, case in list(globals().items()) if callable(case) and not name.startswith("_")
         and getattr(case, "__module__", "") == __name__ and case.__code__.co_varnames[:1] == ("w",)]
