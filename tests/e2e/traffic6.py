#!/usr/bin/python3
"""Real clients, real servers, over IPv6: what gets through, and what is counted."""
import hashlib
import os
import re
import sys
import tempfile
import time

from harness import equal, main, test, true

WRK_SECONDS = int(os.environ.get("E2E_WRK_SECONDS", "3"))
BIG = 100 << 20
VIP, DIP, CIP, GW_OUT, GW_IN = "2001:db8:1::1", "2001:db8:2::fe", "2001:db8:c::1", "2001:db8:c::fe", "2001:db8:1::fe"


def rip(server):
    return f"2001:db8:2::{server:x}"


def address(lab, host, interface, addr):
    lab.on(host, "ip", "addr", "replace", f"{addr}/64", "dev", interface, "nodad")


def number(lab):
    """IPv6 addresses and routes beside the lab's IPv4 ones, without waiting for duplicate detection."""
    for host in ("client", "gw", "director", "rs1", "rs2"):
        lab.on(host, "sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.disable_ipv6=0")
    for host in ("gw", "director"):
        lab.on(host, "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
    address(lab, "client", "eth0", CIP)
    address(lab, "gw", "eth0", GW_OUT)
    address(lab, "gw", "eth1", GW_IN)
    address(lab, "director", "eth0", VIP)
    address(lab, "director", "eth1", DIP)
    lab.on("client", "ip", "route", "replace", "default", "via", GW_OUT)
    lab.on("director", "ip", "route", "replace", "default", "via", GW_IN)
    for n in (1, 2):
        address(lab, f"rs{n}", "eth0", rip(n))
        lab.on(f"rs{n}", "ip", "route", "replace", "default", "via", DIP)


def service(lab, servers=(1, 2), port=80, rport=80, protocol="t"):
    """As Lab.service, over IPv6."""
    number(lab)
    lab.adm(f"-A -{protocol} [{VIP}]:{port} -s rr",
            *(f"-a -{protocol} [{VIP}]:{port} -r [{rip(n)}]:{rport} -m" for n in servers))


URL = f"http://[{VIP}]"


@test
def requests_over_ipv6_take_turns(lab):
    service(lab)
    equal("pages", ["RS2", "RS1"] * 4, [lab.curl(f"{URL}/").strip() for _ in range(8)])
    rows = lab.rows("--stats", "--exact")
    equal("connections", [8, 4, 4], [rows[name][0] for name in (f"[{VIP}]:80", f"[{rip(1)}]:80", f"[{rip(2)}]:80")])


@test
def large_download_over_ipv6_is_intact(lab):
    service(lab)
    wanted = lab.publish("big", BIG)
    child = lab.start("client", "sh", "-c", f"curl -sS --max-time 200 {URL}/big | sha256sum")
    equal("SHA-256", wanted, lab.finish(child, "download").split()[0])


@test
def large_upload_over_ipv6_is_intact(lab):
    service(lab, (1,), port=81, rport=8081)
    lab.listen(1, "tcp6", 8081, "socat", "-t", "30", "TCP6-LISTEN:8081,fork,reuseaddr", "SYSTEM:sha256sum")
    data = os.urandom(1 << 20) * 100
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        got = lab.on("client", "sh", "-c", f"socat -t 30 - TCP6:[{VIP}]:81 < {file.name}")
    equal("SHA-256", hashlib.sha256(data).hexdigest(), got.split()[0])


UDP_CLIENT = """
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.settimeout(30)
s.bind(("::", int(sys.argv[1])))
for n in range(int(sys.argv[2])):
    sent = bytes([n]) * int(sys.argv[3])
    s.sendto(sent, (sys.argv[4], 53))
    got, origin = s.recvfrom(65535)
    assert got == sent, (len(got), len(sent))
    assert origin[:2] == (sys.argv[4], 53), origin
"""


@test
def udp_over_ipv6_is_echoed_and_counted(lab):
    service(lab, (1,), port=53, rport=5353, protocol="u")
    lab.listen(1, "udp6", 5353, "socat", "UDP6-LISTEN:5353,fork,reuseaddr", "EXEC:cat")
    lab.on("client", sys.executable, "-c", UDP_CLIENT, 4000, 10, 100, VIP)
    equal("counters", [1, 10, 10, 1480, 1480], lab.rows("--stats", "--exact")[f"[{VIP}]:53"])
    lab.on("client", sys.executable, "-c", UDP_CLIENT, 4001, 3, 1452, VIP)  # as long as the MTU


@test
def lost_ipv6_neighbours_are_asked_for_again(lab):
    service(lab)
    wanted = lab.publish("big", BIG)
    child = lab.start("client", "sh", "-c", f"curl -sS --limit-rate 50M --max-time 200 {URL}/big | sha256sum")
    for _ in range(5):
        time.sleep(0.3)
        lab.on("director", "ip", "-6", "neigh", "flush", "all")
    equal("SHA-256", wanted, lab.finish(child, "download").split()[0])


@test
def ipv6_client_of_a_dead_server_gets_an_error_not_silence(lab):
    service(lab, (77,))
    done = lab.try_on("client", "curl", "-sS", "--max-time", "50", f"{URL}/")  # silence: 28 then
    equal(f"exit status of curl ({done.stderr.strip()})", 7, done.returncode)


@test
def smaller_mtu_on_the_way_is_learnt_over_ipv6(lab):
    service(lab)
    wanted = lab.publish("big", 10 << 20)
    lab.on("gw", "ip", "link", "set", "eth0", "mtu", "1300")
    lab.on("client", "ip", "link", "set", "eth0", "mtu", "1300")
    try:
        child = lab.start("client", "sh", "-c", f"curl -sS --max-time 200 {URL}/big | sha256sum")
        equal("SHA-256", wanted, lab.finish(child, "download").split()[0])
    finally:
        for host in ("gw", "client"):
            lab.on(host, "ip", "link", "set", "eth0", "mtu", "1500")


@test
def many_requests_over_ipv6_none_fails(lab):
    service(lab)
    said = lab.on("client", "wrk", "-t", "1", "-c", "32", "-d", f"{WRK_SECONDS}s", f"{URL}/", limit=WRK_SECONDS + 300)
    true("no socket errors", "Socket errors" not in said, said)
    true("no error pages", "Non-2xx" not in said, said)
    true("requests were answered", int(re.search(r"(\d+) requests in", said)[1]) > 100, said)


if __name__ == "__main__":
    main("traffic6", programs=("wrk", "socat"), stands=True)
