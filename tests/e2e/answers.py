#!/usr/bin/python3
"""What a real client makes of a refusal: it fails at once, and every checksum on the wire is right."""
import pathlib
import sys
import tempfile

from harness import VIP, equal, main, test, true, wait_until
from traffic6 import VIP as VIP6
from traffic6 import number

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "oracle"))
import frames  # noqa: E402  # pylint: disable=wrong-import-position

# How a connected socket hears that nobody listens. Prints what it heard.
UDP_CLIENT = """
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(30)
s.connect((sys.argv[1], 53))
s.send(b"q" * int(sys.argv[2]))
try:
    s.recv(1)
except OSError as why:
    print(type(why).__name__)
"""

# ETHTOOL_STXCSUM: whether sums are left to the device.
SUMS = """
import array, fcntl, socket, struct, sys
value = array.array("B", struct.pack("II", 0x17, int(sys.argv[1])))
fcntl.ioctl(socket.socket(), 0x8946, struct.pack("16sP8x", b"eth0", value.buffer_info()[0]))
"""


def services(lab):
    number(lab)
    lab.adm(f"-A -t {VIP}:80 -s rr", f"-A -u {VIP}:53 -s rr", f"-A -t [{VIP6}]:80 -s rr", f"-A -u [{VIP6}]:53 -s rr")


def expect_refusals(lab):
    for url in (f"http://{VIP}/", f"http://[{VIP6}]/"):
        done = lab.try_on("client", "curl", "-sS", "--max-time", "50", url)  # who hears nothing gives up with 28 then
        equal(f"curl {url}", 7, done.returncode)
        true("curl says so", "Connection refused" in done.stderr or "Couldn't connect" in done.stderr, done.stderr)
    for vip in (VIP, VIP6):
        for size in (1, 800, 1400):
            equal(f"{size} bytes by UDP to {vip}", "ConnectionRefusedError",
                  lab.on("client", sys.executable, "-c", UDP_CLIENT, vip, size).strip())


def packets_of(file):
    """IP packets of a capture of Ethernet frames."""
    data, at = pathlib.Path(file).read_bytes(), 24
    while at + 16 <= len(data):
        size = int.from_bytes(data[at + 8:at + 12], "little")
        if at + 16 + size > len(data):
            break  # being written
        yield data[at + 16 + 14:at + 16 + size]
        at += 16 + size


def expect_right_sums(lab):
    with tempfile.NamedTemporaryFile() as file:
        tcpdump = lab.start("client", "tcpdump", "-i", "eth0", "-Z", "root", "--immediate-mode", "-U", "-w", file.name,
                            "icmp or icmp6[0] = 1")
        wait_until("tcpdump listens", lambda: "listening" in tcpdump.stdout.readline())
        expect_refusals(lab)

        def captured():
            told = [frames.tell(packet) for packet in packets_of(file.name)]
            return told, {kind: sum(f"{{ {kind}" in line for line in told) for kind in ("TCP", "UDP")}

        wait_until("answers to both kinds are captured", lambda: captured()[1]["TCP"] >= 2 and captured()[1]["UDP"] == 6)
        tcpdump.terminate()
        tcpdump.wait()
        told, about = captured()
    equal("answers to UDP", 6, about["UDP"])
    for line in told:
        true("the answer's checksums are right", "ICMP CHECKSUM" not in line and "IP CHECKSUM" not in line, line)


@test
def clients_of_a_service_without_servers_are_refused_at_once(lab):
    services(lab)
    expect_right_sums(lab)  # the client leaves its sums to a device, and no device on the way sums up
    equal("counted", [0] * 5, lab.rows("--stats", "--exact")[f"{VIP}:80"])


def with_sums_by(lab, host):
    services(lab)
    lab.on(host, sys.executable, "-c", SUMS, 0)
    try:
        expect_right_sums(lab)
    finally:
        lab.on(host, sys.executable, "-c", SUMS, 1)


@test
def clients_that_sum_up_themselves_are_refused_at_once(lab):
    with_sums_by(lab, "client")


@test
def answers_stay_right_when_a_device_finishes_what_they_quote(lab):
    with_sums_by(lab, "director")


@test
def a_refused_client_is_served_as_soon_as_a_server_is_there(lab):
    services(lab)
    equal("without a server", 7, lab.try_on("client", "curl", "-sS", "--max-time", "50", f"http://{VIP}/").returncode)
    lab.adm(f"-a -t {VIP}:80 -r 172.16.1.1:80 -m")
    equal("with a server", ["RS1"], lab.pages(1))


if __name__ == "__main__":
    main("answers", programs=("tcpdump",), stands=True)
