#!/usr/bin/python3
"""Commands that die, programs that are replaced, time that passes: traffic does not notice."""
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

from harness import VIP, equal, main, rip, test, true, wait_until

BIG = 100 << 20
PATIENCE = 600


def takes(lab, *command):
    """Seconds, on this machine, now: where a command is killed at any moment, the moments are spread over these."""
    begun = time.monotonic()
    lab.on("director", *command)
    return time.monotonic() - begun


def slow_download(lab, rate="40M"):
    return lab.start("client", "sh", "-c", f"curl -sS --limit-rate {rate} --max-time {PATIENCE} http://{VIP}/big | sha256sum")


def change(lab, number):
    """One of many commands, none of which may disturb the traffic of port 80."""
    server = rip(1 + number % 2)
    return (f"-e -t {VIP}:80 -r {server}:80 -m -w {1 + number % 5}", f"-A -t {VIP}:90 -s rr", f"-a -t {VIP}:90 -r {server}:80 -m",
            f"-d -t {VIP}:90 -r {server}:80", f"-E -t {VIP}:90 -s wrr", f"-D -t {VIP}:90", f"--set {900 + number} 0 0",
            "-Z", f"-E -t {VIP}:80 -s {('rr', 'wrr')[number % 2]}", "-Ln", "-Lnc")[number % 11].split()


def check_consistent(lab):
    """Whatever was killed: the listing is one that the commands can have made, and saved rules are accepted again."""
    rows = lab.adm("-Ln").splitlines()[3:]
    head = rows[0].split()
    equal("first service", ["TCP", f"{VIP}:80"], head[:2])
    true("its scheduler", head[2] in ("rr", "wrr"), head)
    servers = [row.split() for row in rows[1:3]]
    equal("its servers", [f"{rip(1)}:80", f"{rip(2)}:80"], [s[1] for s in servers])
    true("their weights", all(1 <= int(s[3]) <= 5 for s in servers), servers)
    true("no more than the second service follows", all(re.match(rf"TCP +{VIP}:90 (rr|wrr)|  -> {rip('[12]')}:80 ", r) for r in rows[3:]), rows)
    saved = lab.adm("-Sn")
    lab.on("director", lab.bpvsadm, "-C")
    lab.on("director", lab.bpvsadm, "-R", input=saved)
    equal("rules saved and restored", saved, lab.adm("-Sn"))


@test
def commands_killed_at_any_moment_change_nothing(lab):
    seed = int(os.environ.get("E2E_SEED", random.randrange(1 << 32)))
    print(f"    E2E_SEED={seed}")
    chance = random.Random(seed)
    lab.service()
    sum_of_file = lab.publish("big", BIG)
    downloads = [slow_download(lab, "20M")]
    wrk = lab.start("client", "wrk", "-t", "1", "-c", "32", "-d", "5s", f"http://{VIP}/")
    killed = finished = 0
    while killed <= 40 or finished <= 40 or wrk.poll() is None:
        number = chance.randrange(110)
        usually = takes(lab, lab.bpvsadm, "-Ln")
        child = subprocess.Popen(lab.command("director", lab.bpvsadm, *change(lab, number)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if chance.random() < 0.7:
            time.sleep(chance.uniform(0, usually))
            child.kill()
        child.wait()
        killed += child.returncode < 0
        finished += child.returncode >= 0
    said = lab.finish(wrk, "wrk")
    true("no request failed", "Socket errors" not in said and "Non-2xx" not in said, said)
    equal("SHA-256 of the download", sum_of_file, lab.finish(downloads[0], "download").split()[0])
    check_consistent(lab)
    lab.adm(f"-e -t {VIP}:80 -r {rip(1)}:80 -m -w 1", f"-e -t {VIP}:80 -r {rip(2)}:80 -m -w 1", f"-E -t {VIP}:80 -s rr")
    equal("servers take turns again", 2, len(set(lab.pages(2))))


def big_table(services, weight):
    """Port 80 as it is, and many other services."""
    lines = [f"-A -t {VIP}:80 -s rr", *(f"-a -t {VIP}:80 -r {rip(n)}:80 -m -w {weight}" for n in (1, 2))]
    for port in range(1000, 1000 + services):
        lines += [f"-A -t {VIP}:{port} -s wrr", *(f"-a -t {VIP}:{port} -r {rip(n)}:80 -m -w {weight}" for n in (1, 2))]
    return "\n".join(lines) + "\n"


@test
def restore_of_a_whole_table_killed_at_any_moment_is_before_or_after(lab):
    chance = random.Random(int(os.environ.get("E2E_SEED", 1)))
    tables = [big_table(2000, 1), big_table(1500, 2)]
    lab.service()
    lab.on("director", lab.bpvsadm, "--replace", input=tables[0])
    wrk = lab.start("client", "wrk", "-t", "1", "-c", "8", "-d", "6s", f"http://{VIP}/")
    killed = finished = now = 0
    usually = 0.1
    while killed <= 6 or finished <= 6 or wrk.poll() is None:
        begun = time.monotonic()
        child = subprocess.Popen(lab.command("director", lab.bpvsadm, "--replace"), stdin=subprocess.PIPE, text=True,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        child.stdin.write(tables[1 - now])
        child.stdin.close()
        try:
            child.wait(chance.uniform(0.001, 2 * usually))
            usually = time.monotonic() - begun
        except subprocess.TimeoutExpired:
            child.kill()
        child.wait()
        killed += child.returncode < 0
        finished += child.returncode == 0
        seen = lab.adm("-Sn")
        true("the table is the one before or the one after", seen in tables, seen[:500])
        true("what was finished is there", child.returncode < 0 or seen == tables[1 - now], seen[:500])
        now = tables.index(seen)
    said = lab.finish(wrk, "wrk")
    true("no request failed", "Socket errors" not in said and "Non-2xx" not in said, said)


@test
def apply_under_load_loses_no_request_and_keeps_connections(lab):
    lab.service()
    sum_of_file = lab.publish("big", BIG)
    download = slow_download(lab, "30M")
    wrk = lab.start("client", "wrk", "-t", "1", "-c", "16", "-d", "4s", f"http://{VIP}/")
    n = 0
    while n < 10 or wrk.poll() is None:
        n += 1
        lab.on("director", lab.bpvs, "apply", "-", input=big_table(50 * (n % 3), 1 + n % 2))
        done = lab.try_on("director", lab.bpvs, "diff", "-", input=big_table(50 * (n % 3), 1 + n % 2))
        equal("difference after apply", (0, ""), (done.returncode, done.stdout))
    said = lab.finish(wrk, "wrk")
    true("no request failed", "Socket errors" not in said and "Non-2xx" not in said, said)
    equal("SHA-256 of the download", sum_of_file, lab.finish(download, "download").split()[0])


@test
def first_command_killed_at_any_moment_leaves_nothing_in_the_way(lab):
    """The one that loads the programs."""
    chance = random.Random(1)
    usually = takes(lab, lab.bpvsadm, *f"-A -t {VIP}:80 -s rr".split())
    lab.on("director", lab.bpvs, "down")
    for _ in range(8):
        child = subprocess.Popen(lab.command("director", lab.bpvsadm, *f"-A -t {VIP}:80 -s rr".split()), stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, usually))
        child.kill()
        child.wait()
        lab.adm("-C")
        lab.service()
        equal("pages", ["RS2", "RS1"], lab.pages(2))
        lab.on("director", lab.bpvs, "down")


@test
def traffic_goes_on_without_any_process(lab):
    lab.service()
    sum_of_file = lab.publish("big", BIG)
    child = slow_download(lab)
    running = [p for p in pathlib.Path("/proc").iterdir() if p.name.isdigit() and process_name(p).startswith("bpvs")]
    director = os.stat(f"/run/netns/{lab.prefix}director").st_ino
    equal("processes of BPVS in the director", [], [p for p in running if namespace_of(p) == director])
    equal("SHA-256", sum_of_file, lab.finish(child, "download").split()[0])


def process_name(path):
    try:
        return (path / "comm").read_text(encoding="utf8")
    except OSError:
        return ""


def namespace_of(path):
    try:
        return os.stat(path / "ns/net").st_ino
    except OSError:
        return 0


def other_build(directory):
    """Our commands as another build of the same version: a word that only debuggers read is changed in
    the BPF object they carry, so that its hash differs."""
    made = {}
    for name in ("bpvsadm", "bpvs"):
        data = (pathlib.Path(os.environ["E2E_BIN"]) / name).read_bytes()
        at = data.find(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x01\0\xf7\0")  # a relocatable object for BPF
        word = data.find(b"lang version", at)
        true(f"{name} carries a BPF object that names its compiler", at > 0 and word > 0)
        made[name] = pathlib.Path(directory) / name
        made[name].write_bytes(data[:word] + b"LANG" + data[word + 4:])
        made[name].chmod(0o755)
    return made


def program_ids(lab):
    said = lab.on("director", "tc", "filter", "show", "dev", "eth0", "ingress") + lab.on("director", "tc", "filter", "show", "dev", "eth0", "egress")
    return sorted(re.findall(r" id (\d+)", said))


@test
def upgrade_in_place_keeps_connections_and_counters(lab):
    lab.service()
    sum_of_file = lab.publish("big", BIG)
    child = slow_download(lab, "25M")
    wait_until("the download has begun", lambda: lab.rows("--stats").get(f"{VIP}:80", [0])[0] == 1)
    before = program_ids(lab)
    lab.on("director", lab.bpvs, "sysctl", "am_droprate=77")
    with tempfile.TemporaryDirectory() as directory:
        new = other_build(directory)
        for _ in range(3):
            lab.on("director", new["bpvsadm"], *f"-A -t {VIP}:90 -s rr".split())
            after = program_ids(lab)
            true("the programs were replaced", len(after) == len(before) and not set(after) & set(before), (before, after))
            lab.adm(f"-D -t {VIP}:90", f"-A -t {VIP}:91 -s rr", f"-D -t {VIP}:91")  # and back again
            true("and replaced again", not set(program_ids(lab)) & set(after), after)
    equal("SHA-256", sum_of_file, lab.finish(child, "download").split()[0])
    equal("a setting", "77\n", lab.on("director", lab.bpvs, "sysctl", "-n", "am_droprate"))
    equal("one connection was counted", 1, lab.rows("--stats")[f"{VIP}:80"][0])
    equal("pages", ["RS1", "RS2"], lab.pages(2))
    lab.adm("--set 2 2 2")
    lab.pages(2)
    expired_after(lab, 2)


@test
def upgrade_in_place_keeps_rules_that_mark(lab):
    lab.on("director", lab.bpvs, "mark", "add", "-p", "tcp", "-d", VIP, "--dport", "8000:8100", "--set-mark", 5)
    lab.adm("-A -f 5 -s rr", f"-a -f 5 -r {rip(1)}:80 -m")
    before = lab.on("director", lab.bpvs, "mark", "list")
    programs = program_ids(lab)
    with tempfile.TemporaryDirectory() as directory:
        lab.on("director", other_build(directory)["bpvsadm"], *f"-A -t {VIP}:90 -s rr".split())
    true("the programs were replaced", not set(program_ids(lab)) & set(programs), programs)
    equal("rules", before, lab.on("director", lab.bpvs, "mark", "list"))
    equal("page", "RS1", lab.curl(f"http://{VIP}:8050/").strip())


def first_gone(lab, protocol, name=""):
    """When no connection of a protocol and a client is listed any more."""
    wait_until(f"the {protocol} connection expires", lambda: not any(row[0] == protocol and name in row[3] for row in lab.connections()))
    return time.monotonic()


def expired_after(lab, timeout):
    """UDP entry: not gone before its time, and gone after it; nobody but the kernel does anything about it."""
    lab.service((1,), port=53, rport=53, protocol="u")
    begun = time.monotonic()
    lab.on("client", "bash", "-c", f"echo > /dev/udp/{VIP}/53")
    inactive = lab.rows()[f"{rip(1)}:53"][-1]
    true("an inactive connection meanwhile", inactive == 1 or time.monotonic() - begun >= timeout, inactive)
    lived = first_gone(lab, "UDP") - begun
    true(f"not before {timeout} s", lived >= timeout - TICK, lived)
    wait_until("it is not counted any more", lambda: lab.rows()[f"{rip(1)}:53"][-1] == 0)


TICK = 0.02  # of the director's clock


@test
def connections_expire_by_themselves(lab):
    lab.adm(f"-A -t {VIP}:80 -s rr", "--set 2 2 2")
    expired_after(lab, 2)


SENDER = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 4001))
for n in range(4):
    begun = time.monotonic()
    s.sendto(b"?", (sys.argv[1], 53))
    if n < 3:
        time.sleep(1)
        if time.monotonic() - begun > 1.9:
            sys.exit("late")  # the machine had other things to do
"""


@test
def every_packet_restarts_the_time(lab):
    lab.service((1,), port=53, rport=53, protocol="u")
    lab.adm("--set 0 0 2")
    lab.listen(1, "udp", 53, "socat", "-u", "UDP-RECV:53", "OPEN:/dev/null")
    for _ in range(20):
        begun = time.monotonic()
        done = lab.try_on("client", sys.executable, "-c", SENDER, VIP)
        lived = first_gone(lab, "UDP", ":4001") - begun
        if done.returncode == 0:
            break
    equal("the sender", (0, ""), (done.returncode, done.stderr))
    true("one connection, gone 2 s after the last of 4 packets in 3 s", lived >= 5 - TICK, lived)
    equal("connections that were counted", 1, lab.rows("--stats", "--exact")[f"{VIP}:53"][0])


@test
def established_connection_that_idles_too_long_is_gone(lab):
    lab.service((1,))
    lab.adm("--set 2 0 0")
    lab.start("client", "socat", "-u", "SYSTEM:sleep 600", f"TCP:{VIP}:80,sourceport=4002")
    wait_until("the connection is established", lambda: [r for r in lab.connections() if ":4002" in r[3] and r[2] == "ESTABLISHED"])
    first_gone(lab, "TCP", ":4002")
    wait_until("it is not counted any more", lambda: lab.rows()[f"{rip(1)}:80"][-2:] == [0, 0])


if __name__ == "__main__":
    from harness import BIN
    os.environ["E2E_BIN"] = str(BIN)
    main("robustness", programs=("wrk", "socat", "tc"))
