#!/usr/bin/python3
"""Servers that leave: what becomes of their connections, at both ends, with real clients and servers."""
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import traffic6
from harness import CIP, TESTS, VIP, equal, main, rip, test, true, wait_until

TESTS.clear()  # traffic6's are its own
BIG = 64 << 20
CUT_SHORT = (18, 56)  # curl: transfer ended early; connection reset


def open_at(lab, host, client=CIP):
    """Connections that a host's TCP has with the client and takes for open."""
    return [row for row in lab.on(host, "ss", "-Htn", "state", "established", "dst", client).splitlines() if row.strip()]


def sum_errors(lab):
    return [lab.on(host, "nstat", "-asz", "TcpInCsumErrors").split()[-2] for host in ("client", "rs1", "rs2")]


class Curl:
    """A download that would go on for hours, and whose exit status counts."""

    def __init__(self, lab, url=f"http://{VIP}/endless"):
        for server in (1, 2):
            with (lab.www(server) / "endless").open("wb") as file:
                file.truncate(1 << 40)
        client = "[2001:db8:c::1]" if "[" in url else CIP
        self.child = lab.start("client", "curl", "-sS", "-o", "/dev/null", "--limit-rate", "8M", "--max-time", "100", url,
                               stderr=subprocess.STDOUT)
        wait_until("the download runs", lambda: open_at(lab, "rs2", client))
        wait_until("data of the download arrives", lambda: any(row[1] > 100 for row in lab.rows("--stats", "--exact").values()))

    def end(self):
        """Exit status, when it ended, and what it said."""
        said, _ = self.child.communicate(timeout=150)
        return self.child.returncode, time.monotonic(), said


def ended_at_both_ends(lab, curl, client=CIP):
    """When. A client that is not told waits until its --max-time, and ends with 28."""
    status, when, said = curl.end()
    true("the client is told that the connection is gone", status in CUT_SHORT, (status, said))
    wait_until("so is the server", lambda: not open_at(lab, "rs2", client))
    equal("segments with wrong checksums", ["0", "0", "0"], sum_errors(lab))
    return when


@test
def connection_to_a_removed_server_ends_at_both_ends_at_once(lab):
    lab.service()
    curl = Curl(lab)
    lab.adm(f"-d -t {VIP}:80 -r {rip(2)}:80")
    ended_at_both_ends(lab, curl)
    equal("the next one", "RS1", lab.curl(f"http://{VIP}/").strip())


@test
def connection_of_a_removed_service_ends_at_both_ends_at_once(lab):
    lab.service()
    lab.service((1,), port=81)
    curl = Curl(lab)
    lab.adm(f"-D -t {VIP}:80")
    ended_at_both_ends(lab, curl)


@test
def upload_to_a_removed_server_ends_at_once(lab):
    """The client's segments are long ones whose checksums it leaves to the device."""
    lab.service((2,), port=81, rport=8081)
    lab.listen(2, "tcp", 8081, "socat", "-u", "TCP-LISTEN:8081,fork,reuseaddr", "OPEN:/dev/null")
    child = lab.start("client", "sh", "-c", f"head -c 10G /dev/zero | socat -u - TCP:{VIP}:81")
    wait_until("the upload runs", lambda: open_at(lab, "rs2"))
    lab.adm(f"-A -t {VIP}:82 -s rr", f"-D -t {VIP}:81")
    said, _ = child.communicate(timeout=60)
    true("socat is told", "reset" in said, said)
    wait_until("so is the server", lambda: not open_at(lab, "rs2"))
    equal("segments with wrong checksums", ["0", "0", "0"], sum_errors(lab))


SET_TX_SUMS = """
import ctypes, fcntl, socket, struct, sys
value = ctypes.create_string_buffer(struct.pack("II", 0x17, int(sys.argv[2])))  # ETHTOOL_STXCSUM
request = struct.pack("16sP16x", sys.argv[1].encode(), ctypes.addressof(value))
fcntl.ioctl(socket.socket(), 0x8946, request)  # SIOCETHTOOL
"""


@test
def sums_that_were_left_to_the_device_are_right_when_the_kernel_finishes_them(lab):
    """Between virtual interfaces nobody looks at sums; interfaces that sum up nothing make the kernel do it."""
    def offload(state):
        for interface in ("eth0", "eth1"):
            lab.on("director", sys.executable, "-c", SET_TX_SUMS, interface, state)

    offload(0)
    try:
        upload_to_a_removed_server_ends_at_once(lab)
        lab.reset()
        connection_over_ipv6_to_a_removed_server_ends_at_both_ends_at_once(lab)
    finally:
        offload(1)


@test
def connection_over_ipv6_to_a_removed_server_ends_at_both_ends_at_once(lab):
    traffic6.service(lab)
    curl = Curl(lab, f"{traffic6.URL}/endless")
    lab.adm(f"-d -t [{traffic6.VIP}]:80 -r [{traffic6.rip(2)}]:80")
    ended_at_both_ends(lab, curl, f"[{traffic6.CIP}]")


@test
def drain_finish_lets_a_download_from_a_removed_server_complete(lab):
    lab.service()
    lab.adm(f"-E -t {VIP}:80 -s rr --drain finish")
    sum_of_file = lab.publish("big", BIG)
    child = lab.start("client", "sh", "-c", f"curl -sS --limit-rate 20M --max-time 200 http://{VIP}/big | sha256sum")
    wait_until("the download runs", lambda: open_at(lab, "rs2"))
    lab.adm(f"-d -t {VIP}:80 -r {rip(2)}:80")
    equal("pages meanwhile", ["RS1", "RS1"], lab.pages(2))
    equal("SHA-256", sum_of_file, lab.finish(child, "download").split()[0])


@test
def drain_deadline_ends_a_download_when_it_has_passed(lab):
    lab.service()
    lab.adm(f"-E -t {VIP}:80 -s rr --drain 2")
    curl = Curl(lab)
    begun = time.monotonic()
    lab.adm(f"-d -t {VIP}:80 -r {rip(2)}:80")
    when = ended_at_both_ends(lab, curl)
    true("not before the deadline", when - begun >= 2, when - begun)


@test
def weight_0_ends_connections_where_the_service_says_so(lab):
    lab.service()
    quiet = Curl(lab)
    packets = lambda: lab.rows("--stats", "--exact")[f"{VIP}:80"][1]
    lab.adm(f"-e -t {VIP}:80 -r {rip(2)}:80 -m -w 0")
    before = packets()
    wait_until("without --drain it goes on", lambda: packets() > before + 100)
    true("the client is content", quiet.child.poll() is None)
    lab.adm(f"-E -t {VIP}:80 -s rr --drain reset")
    ended_at_both_ends(lab, quiet)


@test
def policy_is_listed_saved_and_restored(lab):
    lab.service()
    lab.adm(f"-E -t {VIP}:80 -s rr --drain 30 --idle-reset")
    true("listed", f"TCP  {VIP}:80 rr drain 30 idle-reset\n" in lab.adm("-Ln"), lab.adm("-Ln"))
    saved = lab.adm("-Sn")
    true("saved", saved.startswith(f"-A -t {VIP}:80 -s rr --drain 30 --idle-reset\n"), saved)
    lab.adm("-C")
    lab.on("director", lab.bpvsadm, "-R", input=saved)
    equal("restored", saved, lab.adm("-Sn"))


IDLE_CLIENT = """
import socket, sys
s = socket.create_connection(("1.1.1.1", 81), source_address=("", int(sys.argv[3])))
print("idle", flush=True)
sys.stdin.readline()
s.settimeout(float(sys.argv[1]))
try:
    if sys.argv[2] == "speaks":
        s.sendall(b"anybody there?")
    print("got", s.recv(100))
except OSError as error:
    print(type(error).__name__)
"""


class Idle:
    """A client whose connection to server 2 has expired by now; `server` is what socat runs there."""

    def __init__(self, lab, who, server, patience=50, port=0):
        lab.listen(2, "tcp", 8081, "socat", "TCP-LISTEN:8081,fork,reuseaddr", server)
        lab.adm("--set 1 1 1")
        self.child = lab.start("client", sys.executable, "-c", IDLE_CLIENT, patience, who, port, stdin=subprocess.PIPE)
        equal("the client", "idle", self.child.stdout.readline().strip())
        wait_until("the connection expires", lambda: not lab.connections())

    def goes_on(self):
        """What it is told then."""
        return self.child.communicate("\n", timeout=100)[0].strip()


@contextlib.contextmanager
def late_server(words="late"):
    """For Idle: a server that says something when it is told to; how to tell it."""
    with tempfile.TemporaryDirectory() as directory:
        signal = pathlib.Path(directory) / "speak"
        yield f"SYSTEM:'while [ ! -e {signal} ]; do sleep 0.02; done; echo {words}; sleep 100'", signal.touch


@test
def idle_connection_that_expired_is_reset_when_the_client_speaks(lab):
    lab.service((2,), port=81, rport=8081)
    lab.adm(f"-E -t {VIP}:81 -s rr --idle-reset")
    equal("the client", "ConnectionResetError", Idle(lab, "speaks", "EXEC:cat").goes_on())
    wait_until("the server is told, too", lambda: not open_at(lab, "rs2"))


@test
def idle_connection_that_expired_is_reset_when_the_server_speaks(lab):
    lab.service((2,), port=81, rport=8081)
    lab.adm(f"-E -t {VIP}:81 -s rr --idle-reset")
    with late_server() as (server, speak):
        client = Idle(lab, "listens", server)
        speak()
        equal("the client", "ConnectionResetError", client.goes_on())
        wait_until("the server is told, too", lambda: not open_at(lab, "rs2"))


@test
def replies_of_an_expired_connection_never_reach_the_client(lab):
    """They would come from the server's own address."""
    def dropped():
        return sum(p["count"] for p in json.loads(lab.on("director", lab.bpvs, "status", "--json"))["packets"] if p["reason"] == "reply_expired")

    lab.service((2,), port=81, rport=8081)
    watch = lab.start("client", "tcpdump", "-ni", "eth0", "-Z", "root", "--immediate-mode", "-l",
                      "src", rip(2), "and", "dst", "port", 4301)
    wait_until("tcpdump listens", lambda: "listening" in watch.stdout.readline())
    with late_server() as (server, speak):
        client = Idle(lab, "listens", server, patience=0.5, port=4301)
        speak()
        wait_until("what the server says is dropped, and again", lambda: dropped() >= 2)
        equal("the client", "TimeoutError", client.goes_on())
    watch.terminate()
    equal("what came from the server's address", 0, sum(rip(2) in line for line in watch.communicate()[0].splitlines()))


@test
def status_counts_connections_that_ended_and_are_held(lab):
    def counts():
        connections = json.loads(lab.on("director", lab.bpvs, "status", "--json"))["connections"]
        return connections["live"], connections["held"]

    def send():
        lab.on("client", sys.executable, "-c", "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
               f"s.bind(('', 4100)); s.sendto(b'?', ('{VIP}', 53))")

    lab.service(port=53, rport=5353, protocol="u")
    equal("live and held before", (0, 0), counts())
    send()
    equal("live and held", (1, 0), counts())
    lab.adm("--set 0 0 1")
    send()
    wait_until("the connection has ended and is held", lambda: counts() == (0, 1))


UDP_SERVER = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 5353))
while True:
    s.sendto(sys.argv[1].encode(), s.recvfrom(100)[1])
"""
UDP_CLIENT = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(50)
s.bind(("0.0.0.0", 4000))
s.connect(("1.1.1.1", 53))
for _ in sys.stdin:
    s.send(b"?")
    print(s.recv(100).decode(), flush=True)
"""


@test
def udp_client_of_a_removed_server_moves_on(lab):
    lab.service(port=53, rport=5353, protocol="u")
    for n in (1, 2):
        lab.listen(n, "udp", 5353, sys.executable, "-c", UDP_SERVER, f"RS{n}")
    client = lab.start("client", sys.executable, "-c", UDP_CLIENT, stdin=subprocess.PIPE)

    def ask():
        client.stdin.write("\n")
        client.stdin.flush()
        return client.stdout.readline().strip()

    equal("first", "RS2", ask())
    lab.adm(f"-d -u {VIP}:53 -r {rip(2)}:5353")
    equal("after its server was removed", "RS1", ask())
    client.stdin.close()


@test
def persistent_client_of_a_drained_server_moves_on(lab):
    lab.service()
    lab.adm(f"-E -t {VIP}:80 -s rr -p 100 --drain 2")
    equal("pages", ["RS2", "RS2"], lab.pages(2))
    begun = time.monotonic()
    lab.adm(f"-e -t {VIP}:80 -r {rip(2)}:80 -m -w 0")
    page = lab.pages(1)
    if time.monotonic() - begun < 2:  # else it may have been drained by then
        equal("page while it drains", ["RS2"], page)
    wait_until("the client moves on", lambda: lab.pages(1) == ["RS1"])
    true("not before", time.monotonic() - begun >= 2, time.monotonic() - begun)
    equal("pages afterwards", ["RS1", "RS1"], lab.pages(2))


if __name__ == "__main__":
    main("draining", programs=("socat", "tcpdump", "nstat"), stands=True)
