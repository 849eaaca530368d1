"""The parts of a comparison: counting results, listings that may be a second apart, packets from captures."""
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys

import frames


def interrupted(number, _):
    sys.exit(128 + number)


class Worlds:
    """Programs started together. They clean up after themselves, also when this is interrupted."""

    def __init__(self):
        self.children = {}
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, interrupted)

    def __enter__(self):
        return self

    def start(self, name, *command):
        self.children[name] = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    def finish(self, name):
        """Waits for one; the complaint of one that failed, or None."""
        child = self.children[name]
        _, complaint = child.communicate()
        return f"{name} ended with status {child.returncode}: {complaint}" if child.returncode else None

    def __exit__(self, *_):
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        for child in self.children.values():
            child.wait()


class Results:
    """One line per test, and the closing line that the test driver believes."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def test(self, name, problems):
        problems = list(problems)
        if problems:
            self.failed += 1
            print(f"FAILED {name}:", *problems[:12], sep="\n    ")
            if len(problems) > 12:
                print(f"    and {len(problems) - 12} more")
        else:
            self.passed += 1
            print(f"ok {name}")

    def skip(self, name, reason):
        self.skipped += 1
        print(f"skip {name}: {reason}")

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return 1 if self.failed else 0


def oracle_is_missing():
    """Why the real IPVS cannot be asked here; None when it can."""
    for program, package in (("linux.uml", "user-mode-linux"), ("ipvsadm", "ipvsadm")):
        if not shutil.which(program):
            return f"{program} is missing (package {package})"
    return None


def seconds(row):
    """A row of -Lnc as (text without the time, seconds left, the same without seconds lost by then: see clock.py)."""
    match = re.fullmatch(r"(\S+) (\d+):(\d+)(?:\+(\d+))? (.*)", row)
    if not match:
        return row, 0, 0
    left = int(match[2]) * 60 + int(match[3])
    return f"{match[1]} {match[5]}", left, left + int(match[4] or 0)


def same_line(a, b):
    """Equal; rows of -Lnc may be one second apart, for the time is rounded down and two clocks are read."""
    (text_a, least_a, most_a), (text_b, least_b, most_b) = seconds(a), seconds(b)
    return text_a == text_b and least_a <= most_b + 1 and least_b <= most_a + 1


def same_lines(a, b):
    return len(a) == len(b) and all(map(same_line, a, b))


# -- captures -------------------------------------------------------------------------------------


def read_pcap(path):
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] != b"\xd4\xc3\xb2\xa1":
        raise ValueError(f"{path} is not a capture of this kind of machine")
    at, found = 24, []
    while at < len(data):
        (length,) = struct.unpack("<I", data[at + 8:at + 12])
        found.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return found


RIGHT, LEFT_TO_DEVICE, EITHER = "right", "left to the device", "right or left to the device"


class Segment:
    """A captured TCP segment, in fields."""

    def __init__(self, frame):
        packet = frame[14:]
        header = (packet[0] & 15) * 4
        body = packet[header:struct.unpack("!H", packet[2:4])[0]]
        self.macs = f"{frame[6:12].hex(':')} > {frame[:6].hex(':')}"
        self.src, self.dst = (socket.inet_ntoa(packet[n:n + 4]) for n in (12, 16))
        self.sport, self.dport, self.seq, self.ack, offset, bits = struct.unpack("!HHIIBB", body[:14])
        self.tos, self.ttl, self.ident, self.fragment = packet[1], packet[8], packet[4:6], packet[6:8].hex()
        self.flags = "".join(f for f in "SFRPAUEC" if bits & frames.FLAGS[f])
        self.payload = body[(offset >> 4) * 4:]
        self.rest = body[4:16] + body[18:]  # the segment without ports and checksum
        self.ip_options = packet[20:header]
        self.ip_checksum = "right" if frames.checksum(packet[:header]) == 0 else "WRONG"
        self.checksum = self._checksum(packet, body)

    @staticmethod
    def _checksum(packet, body):
        """A stack may leave the sum over the segment to the device: then the pseudo header's is there. Of one segment
        in 65536 the two are the same."""
        pseudo = frames.pseudo_header(packet[12:16], packet[16:20], frames.TCP, len(body))
        is_right = frames.checksum(pseudo + body) == 0
        is_left = struct.unpack("!H", body[16:18])[0] == frames.checksum(pseudo) ^ 0xFFFF
        return EITHER if is_right and is_left else RIGHT if is_right else LEFT_TO_DEVICE if is_left else "WRONG"

    def client_port(self):
        return self.dport if self.sport == 80 else self.sport


def conversations(path):
    """The segments of each connection, by client port, in the order of the capture."""
    found = {}
    for frame in read_pcap(path):
        segment = Segment(frame)
        found.setdefault(segment.client_port(), []).append(segment)
    return found


def normalised(segments):
    """The segments of one connection as lines.

    Left out is what the two ends choose and no director touches: IP id, TCP window and options
    (another kernel, another choice), and initial sequence numbers (relative here). Whether a
    director really leaves them alone is compared within each world.
    """
    first = {}
    for s in segments:
        first.setdefault((s.src, s.sport), s.seq)
    return [f"{s.macs} {s.src}:{s.sport} > {s.dst}:{s.dport} ttl {s.ttl} tos {s.tos:02x} fragment {s.fragment}"
            f" [{s.flags}] seq {(s.seq - first[s.src, s.sport]) & 0xffffffff}"
            f" ack {(s.ack - first.get((s.dst, s.dport), s.ack)) & 0xffffffff if 'A' in s.flags else 'none'} checksums {s.ip_checksum}, {s.checksum}"
            f" payload {s.payload!r}" for s in segments]


def same_segment(a, b):
    """Lines of normalised(): a sum that may be either agrees with both."""
    return a == b or any(a.replace(EITHER, kind) == b.replace(EITHER, kind) for kind in (RIGHT, LEFT_TO_DEVICE))


# -- what is there --------------------------------------------------------------------------------


def find_bpvsadm():
    build = os.environ.get("BPVS_BUILD") or pathlib.Path(__file__).resolve().parents[2] / "build" / "release"
    return str(pathlib.Path(build, "bin", "bpvsadm"))


def bpvs_cannot_run(bpvsadm):
    """Why BPVS cannot be run here; None when it can."""
    able = subprocess.run([pathlib.Path(__file__).resolve().parents[1] / "needs-director"], capture_output=True, text=True)
    if able.returncode != 0:
        return able.stdout.strip()
    if not os.access(bpvsadm, os.X_OK):
        return f"{bpvsadm} is not built"
    return None
