"""Packets of IPv4 and IPv6 as bytes: made from their parts, and told in words.

Nothing is left to the kernel: every byte is determined by the arguments.
"""
import socket
import struct

FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "E": 64, "C": 128}
TCP, UDP, SCTP, ICMP, ICMP6 = 6, 17, 132, 1, 58
CHUNKS = {"DATA": 0, "INIT": 1, "INIT_ACK": 2, "SACK": 3, "HEARTBEAT": 4, "HEARTBEAT_ACK": 5, "ABORT": 6, "SHUTDOWN": 7,
          "SHUTDOWN_ACK": 8, "ERROR": 9, "COOKIE_ECHO": 10, "COOKIE_ACK": 11, "SHUTDOWN_COMPLETE": 14}
DATA = bytes(range(97, 123)) * 4
HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION_OPTIONS = 0, 43, 44, 51, 60


def address(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def checksum(data):
    """The Internet checksum (RFC 1071); 0 over data that contains its own right checksum."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def crc32c(data):
    """SCTP's checksum (RFC 9260, appendix A), bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def pseudo_header(src, dst, protocol, length):
    return src + dst + (struct.pack("!IHBB", length, 0, 0, protocol) if len(src) == 16 else struct.pack("!BBH", 0, protocol, length))


def extension(number, size=8):
    """An IPv6 extension header without its first byte, for ip(): (number, the rest)."""
    body = {ROUTING: b"\xfd", AUTHENTICATION: b""}.get(number, b"\x01" + bytes([size - 4]))
    length = size // 4 - 2 if number == AUTHENTICATION else size // 8 - 1
    return number, (bytes([length]) + body).ljust(size - 1, b"\0")


def fragment_header(offset=0, more=False, ident=0x77):
    """offset in bytes."""
    return FRAGMENT, struct.pack("!BHI", 0, offset | more, ident)


def ip6(src, dst, protocol, payload, ttl=64, tos=0, flow=0, extensions=()):
    """extensions: as extension() and fragment_header() make them."""
    numbers = [number for number, _ in extensions] + [protocol]
    headers = b"".join(bytes([following]) + rest for (_, rest), following in zip(extensions, numbers[1:]))
    first = struct.pack("!IHBB", 6 << 28 | tos << 20 | flow, len(headers) + len(payload), numbers[0], ttl)
    return first + address(src) + address(dst) + headers + payload


def ip(src, dst, protocol, payload, ttl=64, tos=0, ident=0x1234, fragment=0, options=b"", **fields):
    """fragment: flags and offset in units of 8 bytes, as in the header (0x4000 is DF, 0x2000 MF)."""
    if ":" in src:
        return ip6(src, dst, protocol, payload, ttl, tos, **fields)
    words = 5 + len(options) // 4
    header = struct.pack("!BBHHHBBH", 0x40 | words, tos, words * 4 + len(payload), ident, fragment, ttl, protocol, 0)
    header += address(src) + address(dst) + options
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def tcp(src, sport, dst, dport, flags, seq=1000, ack=0, data=b"", options=b"", window=8192, urgent=0, reserved=0,
        wrong_checksum=False, **ip_fields):
    bits = sum(FLAGS[f] for f in flags)
    offset = (5 + len(options) // 4) << 4 | reserved
    segment = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, offset, bits, window, 0, urgent) + options + data
    total = checksum(pseudo_header(address(src), address(dst), TCP, len(segment)) + segment)
    if wrong_checksum:
        total ^= 0x5A5A
    return ip(src, dst, TCP, segment[:16] + struct.pack("!H", total) + segment[18:], **ip_fields)


def udp(src, sport, dst, dport, data=b"x", no_checksum=False, wrong_checksum=False, **ip_fields):
    datagram = struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data
    total = checksum(pseudo_header(address(src), address(dst), UDP, len(datagram)) + datagram) or 0xFFFF
    if wrong_checksum:
        total ^= 0x5A5A
    if no_checksum:
        total = 0
    return ip(src, dst, UDP, datagram[:6] + struct.pack("!H", total) + datagram[8:], **ip_fields)


def chunk(kind, value=b"\0\0\0\0", flags=0):
    """kind: a name of CHUNKS or a number."""
    whole = struct.pack("!BBH", CHUNKS.get(kind, kind), flags, 4 + len(value)) + value
    return whole + bytes(-len(whole) % 4)


def sctp(src, sport, dst, dport, *chunks, tag=0x11223344, wrong_checksum=False, no_checksum=False, **ip_fields):
    """chunks: names or numbers of CHUNKS, or bytes as chunk() makes them."""
    body = b"".join(c if isinstance(c, bytes) else chunk(c) for c in chunks)
    total = crc32c(struct.pack("!HHII", sport, dport, tag, 0) + body)
    if wrong_checksum:
        total ^= 0x5A5A5A5A
    if no_checksum:
        total = 0
    return ip(src, dst, SCTP, struct.pack("!HHI", sport, dport, tag) + struct.pack("<I", total) + body, **ip_fields)


def icmp(src, dst, kind, code, data, rest=0, **ip_fields):
    message = struct.pack("!BBHI", kind, code, 0, rest) + data
    protocol, summed = ICMP, message
    if ":" in src:
        protocol, summed = ICMP6, pseudo_header(address(src), address(dst), ICMP6, len(message)) + message
    return ip(src, dst, protocol, message[:2] + struct.pack("!H", checksum(summed)) + message[4:], **ip_fields)


def without_chance(packet):
    """The packet without what a stack chooses at random: the IP id, in IPv6 the flow label."""
    if packet[0] >> 4 == 6:
        return packet[:1] + bytes([packet[1] & 0xF0, 0, 0]) + packet[4:]
    return with_ident(packet, 0)


def with_ident(packet, ident):
    """The packet with another IP id, its header checksum made to fit."""
    header = (packet[0] & 15) * 4
    changed = packet[:4] + struct.pack("!H", ident) + packet[6:10] + b"\0\0" + packet[12:header]
    return changed[:10] + struct.pack("!H", checksum(changed)) + changed[12:] + packet[header:]


def _read4(packet):
    """(header length, total length, protocol, notes, is a fragment, is no first fragment)"""
    header, (total,) = (packet[0] & 15) * 4, struct.unpack("!H", packet[2:4])
    ident, fragment = struct.unpack("!HH", packet[4:8])
    notes = [f"ttl {packet[8]} id {ident:04x}"]
    notes += [f"tos {packet[1]:02x}"] * bool(packet[1])
    notes += ["DF"] * bool(fragment & 0x4000)
    notes += [f"fragment at {(fragment & 0x1FFF) * 8}{'+' if fragment & 0x2000 else ''}"] * bool(fragment & 0x3FFF)
    notes += [f"IP options {packet[20:header].hex()}"] * (header > 20)
    notes += ["WRONG IP CHECKSUM"] * bool(checksum(packet[:header]))
    return header, total, packet[9], notes, fragment & 0x3FFF, fragment & 0x1FFF


def _read6(packet):
    first, length, protocol, hops = struct.unpack("!IHBB", packet[:8])
    header, fragment, notes = 40, 0, [f"hops {hops}"]
    notes += [f"tos {first >> 20 & 255:02x}"] * bool(first >> 20 & 255)
    notes += [f"flow {first & 0xFFFFF:05x}"] * bool(first & 0xFFFFF)
    while protocol in (HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION_OPTIONS) and len(packet) >= header + 8:
        number, (protocol, units) = protocol, packet[header:header + 2]
        size = 8 if number == FRAGMENT else (units + 2) * 4 if number == AUTHENTICATION else (units + 1) * 8
        if number == FRAGMENT:
            fragment = struct.unpack("!H", packet[header + 2:header + 4])[0]
        notes.append(f"extension {number} {packet[header + 1:header + size].hex()}")
        header += size
    return header, 40 + length, protocol, notes, fragment & 0xFFF9, fragment & 0xFFF8


def _chunks(data):
    names = {number: name for name, number in CHUNKS.items()}
    while len(data) >= 4:
        (length,) = struct.unpack("!H", data[2:4])
        yield f"{names.get(data[0], data[0])} {length}"
        data = data[max(4, length + 3 & ~3):]


def tell(packet, embedded=False):
    """One line about a packet; a checksum is mentioned only when it is wrong or missing."""
    six = packet[0] >> 4 == 6
    header, total, protocol, notes, fragment, later = _read6(packet) if six else _read4(packet)
    src, dst = (packet[8:24], packet[24:40]) if six else (packet[12:16], packet[16:20])
    pseudo = (src, dst)
    src, dst = (socket.inet_ntop(socket.AF_INET6 if six else socket.AF_INET, a) for a in pseudo)
    icmp_number, errors = (ICMP6, (1, 2, 3, 4)) if six else (ICMP, (3, 4, 5, 11))
    body = packet[header:] if embedded else packet[header:total]
    notes += [f"{len(packet) - total} bytes after the end"] * (not embedded and len(packet) > total)
    whole = not fragment and len(body) == total - header
    if whole and protocol in (TCP, UDP) and checksum(pseudo_header(*pseudo, protocol, len(body)) + body):
        notes += ["no checksum" if protocol == UDP and body[6:8] == b"\0\0" else "WRONG L4 CHECKSUM"]
    if whole and protocol == SCTP and len(body) >= 12 and crc32c(body[:8] + b"\0\0\0\0" + body[12:]) != struct.unpack("<I", body[8:12])[0]:
        notes += ["no checksum" if body[8:12] == b"\0\0\0\0" else "WRONG L4 CHECKSUM"]
    notes = " ".join(notes)
    if later or protocol not in (TCP, UDP, SCTP, icmp_number) or len(body) < 8:
        return f"protocol {protocol} {src} > {dst} len {len(body)} {notes}"
    if protocol == icmp_number:
        rest = struct.unpack("!I", body[4:8])[0]
        line = f"ICMP {src} > {dst} type {body[0]} code {body[1]} rest {rest} {notes}"
        summed = (pseudo_header(*pseudo, ICMP6, len(body)) if six else b"") + body
        line += " WRONG ICMP CHECKSUM" * bool(whole and checksum(summed))
        return line + (f" about {{ {tell(body[8:], True)} }}" if body[0] in errors else "")
    sport, dport = struct.unpack("!HH", body[:4])
    where = f"[{src}]:{sport} > [{dst}]:{dport}" if six else f"{src}:{sport} > {dst}:{dport}"
    if protocol == UDP:
        return f"UDP {where} len {len(body) - 8} {notes}"
    if protocol == SCTP:
        return f"SCTP {where} [{' '.join(_chunks(body[12:]))}] tag {body[4:8].hex()} {notes}"
    if len(body) < 20:
        return f"TCP {where} (cut) {notes}"
    seq, ack, offset, bits, window = struct.unpack("!IIBBH", body[4:16])
    flags = "".join(f for f in "SFRPAUEC" if bits & FLAGS[f]) or "none"
    options = body[20:(offset >> 4) * 4]
    notes += f" options {options.hex()}" if options else ""
    return f"TCP {where} [{flags}] seq {seq} ack {ack} win {window} len {len(body) - (offset >> 4) * 4} {notes}"
