#!/usr/bin/python3
"""Real clients, real servers: what gets through, and what is counted."""
import hashlib
import os
import pathlib
import re
import struct
import sys
import tempfile
import time

from harness import VIP, equal, main, rip, test, true, wait_until

WRK_SECONDS = int(os.environ.get("E2E_WRK_SECONDS", "3"))
BIG = 100 << 20


@test
def requests_take_turns_beginning_with_the_server_added_last(lab):
    lab.service()
    equal("pages", ["RS2", "RS1"] * 4, lab.pages(8))


@test
def pages_arrive_byte_for_byte(lab):
    lab.service()
    for size in (0, 1, 1447, 1448, 1449, 65536, 1000003):
        data = os.urandom(size)
        for server in (1, 2):
            (lab.www(server) / "page").write_bytes(data)
        for _ in range(2):
            with tempfile.NamedTemporaryFile() as got:
                lab.curl("-o", got.name, f"http://{VIP}/page")
                equal(f"{size} bytes", hashlib.sha256(data).digest(), hashlib.sha256(got.read()).digest())


@test
def persistent_clients_stay_with_one_server(lab):
    lab.service()
    equal("pages", ["RS2", "RS1", "RS2"], lab.pages(3))
    lab.adm(f"-E -t {VIP}:80 -s rr -p 100")
    equal("pages", ["RS1"] * 6, lab.pages(6))


@test
def requests_on_a_kept_connection_stay_with_one_server(lab):
    lab.service()
    equal("pages", ["RS2"] * 50, lab.curl(*[f"http://{VIP}/"] * 50).split())
    equal("connections of service and servers", {f"{VIP}:80": 1, f"{rip(1)}:80": 0, f"{rip(2)}:80": 1},
          {name: numbers[0] for name, numbers in lab.rows("--stats", "--exact").items()})
    equal("connections listed", 1, len(lab.connections()))


@test
def connections_at_once_are_all_served_and_spread_evenly(lab):
    lab.service()
    got = lab.curl("--parallel", "--parallel-immediate", "--parallel-max", "64", "-H", "Connection: close",
                   *[f"http://{VIP}/"] * 64).split()
    equal("pages", {"RS1": 32, "RS2": 32}, {page: got.count(page) for page in sorted(set(got))})
    equal("connections", [64, 32, 32], [numbers[0] for numbers in lab.rows("--stats", "--exact").values()])


def download(lab, n=0):
    return lab.start("client", "sh", "-c", f"curl -sS --max-time 200 http://{VIP}/big?{n} | sha256sum")


@test
def large_download_is_intact(lab):
    lab.service()
    sum_of_file = lab.publish("big", BIG)
    equal("SHA-256", sum_of_file, lab.finish(download(lab), "download").split()[0])


@test
def two_large_downloads_at_once_are_intact(lab):
    lab.service()
    sum_of_file = lab.publish("big", BIG)
    children = [download(lab, n) for n in range(2)]
    for child in children:
        equal("SHA-256", sum_of_file, lab.finish(child, "download").split()[0])
    equal("each server sent one", [1, 1], [lab.rows("--stats")[f"{rip(n)}:80"][0] for n in (1, 2)])


@test
def large_upload_is_intact(lab):
    lab.service((1,), port=81, rport=8081)
    lab.listen(1, "tcp", 8081, "socat", "-t", "30", "TCP-LISTEN:8081,fork,reuseaddr", "SYSTEM:sha256sum")
    data = os.urandom(1 << 20) * 32
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        got = lab.on("client", "sh", "-c", f"socat -t 30 - TCP:{VIP}:81 < {file.name}")
    equal("SHA-256", hashlib.sha256(data).hexdigest(), got.split()[0])


UDP_CLIENT = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(30)
s.bind(("0.0.0.0", int(sys.argv[1])))
for n in range(int(sys.argv[2])):
    sent = bytes([n]) * int(sys.argv[3])
    s.sendto(sent, ("1.1.1.1", 53))
    got, origin = s.recvfrom(65535)
    assert got == sent, (len(got), len(sent))
    assert origin == ("1.1.1.1", 53), origin
"""


def echo_by_udp(lab, server):
    lab.listen(server, "udp", 5353, "socat", "UDP-LISTEN:5353,fork,reuseaddr", "EXEC:cat")


@test
def udp_is_echoed_through_the_service_and_counted(lab):
    lab.service((1,), port=53, rport=5353, protocol="u")
    echo_by_udp(lab, 1)
    lab.on("client", sys.executable, "-c", UDP_CLIENT, 4000, 10, 100)
    equal("counters", [1, 10, 10, 1280, 1280], lab.rows("--stats", "--exact")[f"{VIP}:53"])


@test
def datagrams_of_a_one_packet_service_are_answered_by_every_server(lab):
    lab.service((1, 2), port=53, rport=5353, protocol="u")
    lab.adm(f"-E -u {VIP}:53 -s rr -o")
    for server in (1, 2):
        echo_by_udp(lab, server)
    lab.on("client", sys.executable, "-c", UDP_CLIENT, 4000, 10, 100)
    rows = lab.rows("--stats", "--exact")
    equal("counters", [10, 10, 10, 1280, 1280], rows[f"{VIP}:53"])
    equal("connections of each server", [5, 5], [row[0] for name, row in rows.items() if name.startswith("172.16.1.")])


@test
def datagrams_as_long_as_the_mtu_are_echoed(lab):
    lab.service((1,), port=53, rport=5353, protocol="u")
    echo_by_udp(lab, 1)
    for size in (1471, 1472):
        lab.on("client", sys.executable, "-c", UDP_CLIENT, 4000 + size, 3, size)


@test
def first_packet_waits_for_the_neighbour(lab):
    lab.service()
    for host in ("director", "gw", "rs1", "rs2"):
        lab.on(host, "ip", "neigh", "flush", "all")
    equal("pages", ["RS2", "RS1"], lab.pages(2))


@test
def neighbours_lost_under_a_connection_are_asked_for_again(lab):
    lab.service()
    lab.publish("big", BIG)
    child = lab.start("client", "sh", "-c", f"curl -sS --limit-rate 50M --max-time 200 http://{VIP}/big | wc -c")
    for _ in range(5):
        time.sleep(0.3)
        lab.on("director", "ip", "neigh", "flush", "all")
    equal("bytes", BIG, int(lab.finish(child, "download")))


@test
def client_of_a_dead_server_gets_an_error_not_silence(lab):
    lab.service((77,))
    done = lab.try_on("client", "curl", "-sS", "--max-time", "50", f"http://{VIP}/")  # silence: 28 then
    equal(f"exit status of curl ({done.stderr.strip()})", 7, done.returncode)
    equal("the server that was tried", [f"{rip(77)}:80"], [row[5] for row in lab.connections()])


@test
def refused_by_the_server_is_refused_for_the_client(lab):
    lab.service((1,), port=82, rport=8082)
    equal("exit status of curl", 7, lab.try_on("client", "curl", "-sS", "--max-time", "50", f"http://{VIP}:82/").returncode)
    equal("connections, packets in and out: the first answer was enough", [1, 1, 1], lab.rows("--stats", "--exact")[f"{VIP}:82"][:3])
    equal("the connection", [["CLOSE", f"{rip(1)}:8082"]], [[row[2], row[5]] for row in lab.connections()])


@test
def many_requests_none_fails(lab):
    lab.service()
    said = lab.on("client", "wrk", "-t", "1", "-c", "64", "-d", f"{WRK_SECONDS}s", f"http://{VIP}/", limit=WRK_SECONDS + 300)
    true("no socket errors", "Socket errors" not in said, said)
    true("no error pages", "Non-2xx" not in said, said)
    true("requests were answered", int(re.search(r"(\d+) requests in", said)[1]) > 100, said)
    rows = lab.rows("--stats", "--exact")
    equal("connections of the service; wrk tries one before it begins", 1 + 64, rows[f"{VIP}:80"][0])
    equal("servers add up to the service", rows[f"{VIP}:80"], [a + b for a, b in zip(rows[f"{rip(1)}:80"], rows[f"{rip(2)}:80"])])


def captured(file):
    """Packets and bytes of requests and of replies, in a capture of Ethernet frames."""
    data = file.read_bytes()
    packets, octets, at = [0, 0], [0, 0], 24
    while at + 16 <= len(data):
        length = struct.unpack("<I", data[at + 8:at + 12])[0]
        packet = data[at + 16 + 14:at + 16 + length]
        if len(packet) < 20:
            break  # being written
        reply = packet[12:16] == bytes([1, 1, 1, 1])
        packets[reply] += 1
        octets[reply] += struct.unpack("!H", packet[2:4])[0]
        at += 16 + length
    return [*packets, *octets]


@test
def counters_are_what_was_on_the_wire(lab):
    lab.service()
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        tcpdump = lab.start("director", "tcpdump", "-i", "eth0", "-Z", "root", "--immediate-mode", "-U", "-w", file.name,
                            "tcp and portrange 21000-21999")  # not what other tests leave behind
        wait_until("tcpdump listens", lambda: "listening" in tcpdump.stdout.readline())
        for _ in range(6):
            lab.curl("--local-port", "21000-21999", f"http://{VIP}/")
        wait_until("all connections are finished", lambda: [sum(n) for n in zip(*(lab.rows()[f"{rip(s)}:80"][1:] for s in (1, 2)))] == [0, 6])
        counted = lab.rows("--stats", "--exact")[f"{VIP}:80"]
        true("something was counted", counted[1] > 20 and counted[2] > 20, counted)
        wait_until("as much was captured", lambda: sum(captured(pathlib.Path(file.name))) >= sum(counted[1:]))
        tcpdump.terminate()
        tcpdump.wait()
        equal("captured", counted, [6, *captured(pathlib.Path(file.name))])


if __name__ == "__main__":
    main("traffic", programs=("wrk", "socat", "tcpdump"), stands=True)
