"""Packets of IPv4 as bytes: made from their parts, and told in words.

Nothing is left to the kernel: every byte is determined by the arguments.
"""
import socket
import struct

FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "E": 64, "C": 128}
TCP, UDP, ICMP = 6, 17, 1


def address(text):
    return socket.inet_aton(text)


def checksum(data):
    """The Internet checksum (RFC 1071); 0 over data that contains its own right checksum."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def pseudo_header(src, dst, protocol, length):
    return src + dst + struct.pack("!BBH", 0, protocol, length)


def ip(src, dst, protocol, payload, ttl=64, tos=0, ident=0x1234, fragment=0, options=b""):
    """fragment: flags and offset in units of 8 bytes, as in the header (0x4000 is DF, 0x2000 MF)."""
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


def icmp(src, dst, kind, code, data, rest=0, **ip_fields):
    message = struct.pack("!BBHI", kind, code, 0, rest) + data
    return ip(src, dst, ICMP, message[:2] + struct.pack("!H", checksum(message)) + message[4:], **ip_fields)


def with_ident(packet, ident):
    """The packet with another IP id, its header checksum made to fit."""
    header = (packet[0] & 15) * 4
    changed = packet[:4] + struct.pack("!H", ident) + packet[6:10] + b"\0\0" + packet[12:header]
    return changed[:10] + struct.pack("!H", checksum(changed)) + changed[12:] + packet[header:]


def tell(packet, embedded=False):
    """One line about an IPv4 packet; a checksum is mentioned only when it is wrong or missing."""
    header, (total,) = (packet[0] & 15) * 4, struct.unpack("!H", packet[2:4])
    ident, fragment = struct.unpack("!HH", packet[4:8])
    src, dst = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
    body = packet[header:] if embedded else packet[header:total]
    notes = [f"ttl {packet[8]} id {ident:04x}"]
    notes += [f"tos {packet[1]:02x}"] * bool(packet[1])
    notes += ["DF"] * bool(fragment & 0x4000)
    notes += [f"fragment at {(fragment & 0x1FFF) * 8}{'+' if fragment & 0x2000 else ''}"] * bool(fragment & 0x3FFF)
    notes += [f"IP options {packet[20:header].hex()}"] * (header > 20)
    notes += ["WRONG IP CHECKSUM"] * bool(checksum(packet[:header]))
    notes += [f"{len(packet) - total} bytes after the end"] * (not embedded and len(packet) > total)
    whole = not fragment & 0x3FFF and len(body) == total - header
    if whole and packet[9] in (TCP, UDP) and checksum(pseudo_header(packet[12:16], packet[16:20], packet[9], len(body)) + body):
        notes += ["no checksum" if packet[9] == UDP and body[6:8] == b"\0\0" else "WRONG L4 CHECKSUM"]
    notes = " ".join(notes)
    if fragment & 0x1FFF or packet[9] not in (TCP, UDP, ICMP) or len(body) < 8:
        return f"protocol {packet[9]} {src} > {dst} len {len(body)} {notes}"
    if packet[9] == ICMP:
        rest = struct.unpack("!I", body[4:8])[0]
        line = f"ICMP {src} > {dst} type {body[0]} code {body[1]} rest {rest} {notes}"
        line += " WRONG ICMP CHECKSUM" * bool(whole and checksum(body))
        return line + (f" about {{ {tell(body[8:], True)} }}" if body[0] in (3, 4, 5, 11) else "")
    sport, dport = struct.unpack("!HH", body[:4])
    where = f"{src}:{sport} > {dst}:{dport}"
    if packet[9] == UDP:
        return f"UDP {where} len {len(body) - 8} {notes}"
    if len(body) < 20:
        return f"TCP {where} (cut) {notes}"
    seq, ack, offset, bits, window = struct.unpack("!IIBBH", body[4:16])
    flags = "".join(f for f in "SFRPAUEC" if bits & FLAGS[f]) or "none"
    options = body[20:(offset >> 4) * 4]
    notes += f" options {options.hex()}" if options else ""
    return f"TCP {where} [{flags}] seq {seq} ack {ack} win {window} len {len(body) - (offset >> 4) * 4} {notes}"
