#!/usr/bin/python3
"""The director at XDP, in front of tc, on veth: real clients and servers, whatever their offloads."""
import json
import os
import random
import re
import signal
import subprocess
import tempfile
import time

import traffic6
from harness import BIN, VIP, equal, main, rip, test, true, wait_until
from robustness import other_build, slow_download

BIG = 100 << 20
PEERS = (("gw", "eth1"), ("sw", "p0"))  # of the director's eth0 and eth1
ENDS = ("client", "rs1", "rs2")


def offload(lab, host, interface, **switches):
    for what, on in switches.items():
        lab.on(host, "ethtool", "-K", interface, what, "on" if on else "off")


def prepare(lab, *, receivers=True, whole=True):
    """What a user does on the other ends of the director's veths; False: not."""
    for host, interface in PEERS:
        offload(lab, host, interface, gro=receivers)
    for host in ENDS:
        offload(lab, host, "eth0", tx=not whole)


def attach(lab, *interfaces, mode="xdp"):
    return "".join(lab.on("director", lab.bpvs, "attach", i, "--mode", mode) for i in interfaces or ("eth0", "eth1"))


def status(lab):
    return json.loads(lab.on("director", lab.bpvs, "status", "--json"))


def hooks(lab):
    return {i["name"]: i["hook"] for i in status(lab)["interfaces"] if i["attached"]}


def xdp_of(lab, interface):
    shown = json.loads(lab.on("director", "ip", "-j", "-d", "link", "show", interface))[0]
    return shown.get("xdp", {}).get("prog", {}).get("id")


def share_finished(lab):
    counts = status(lab)["xdp"]
    return counts["finished"] / max(1, counts["finished"] + counts["left"])


@test
def attach_says_where_and_why(lab):
    lab.service()
    said = attach(lab, "eth0", mode="auto")
    true("not for a veth, and the reason is said", re.match("eth0: at tcx?: veth is", said) and "MTU 1500" in said, said)
    attach(lab, "eth0", mode="tc")
    equal("hooks", {"eth0": "tc", "eth1": "tc"}, hooks(lab))
    said = attach(lab, "eth0")
    true("XDP when asked for", said.startswith("eth0: at XDP, in front of tc: as asked for"), said)
    true("what is to be known about it", "tx off" in said, said)
    true("whether others may be there, or why not", "its program is in libxdp's dispatcher there, with 0 others" in said
         or re.search("its program is alone at XDP there: (this kernel refuses programs that extend others|there is no BPF file system)", said), said)
    true("the same again", "its program is" in attach(lab, "eth0"))
    equal("hooks", {"eth0": "xdp", "eth1": "tc"}, hooks(lab))
    true("the program stands there", xdp_of(lab, "eth0"))
    attach(lab, "eth0", mode="tc")
    equal("hooks", {"eth0": "tc", "eth1": "tc"}, hooks(lab))
    equal("no program stands there", None, xdp_of(lab, "eth0"))


@test
def wrong_inputs_change_nothing(lab):
    lab.service()
    lab.on("director", "ip", "link", "add", "br9", "up", "type", "bridge")
    try:
        for words in ("lo --mode xdp", "eth77 --mode xdp", "br9 --mode xdp", "eth0 --mode fast", "eth0 --mode"):
            done = lab.try_on("director", lab.bpvs, "attach", *words.split())
            true(f"{words}: refused with one sentence", done.returncode != 0 and done.stderr.count("\n") == 1 and not done.stdout, done)
        equal("hooks", {"eth0": "tc", "eth1": "tc"}, hooks(lab))
        equal("nothing is loaded", None, status(lab)["xdp"])
    finally:
        lab.on("director", "ip", "link", "del", "br9")


@test
def program_of_somebody_else_is_left_alone(lab):
    lab.service()
    attach(lab, "eth1")
    lab.on("director", "ip", "link", "set", "eth0", "xdpdrv", "object", str(BIN.parent / "bpf" / "xdp.clang-19.bpf.o"), "section", "xdp.frags")
    other = xdp_of(lab, "eth0")
    try:
        done = lab.try_on("director", lab.bpvs, "attach", "eth0", "--mode", "xdp")
        true("refused with a sentence that names it", done.returncode != 0 and f"program {other} is there" in done.stderr, done)
        equal("it stands there still", other, xdp_of(lab, "eth0"))
        equal("hooks", {"eth0": "tc", "eth1": "xdp"}, hooks(lab))
    finally:
        lab.on("director", "ip", "link", "set", "eth0", "xdp", "off")


@test
def whole_frames_are_finished_at_xdp(lab):
    lab.service()
    prepare(lab)
    attach(lab)
    equal("pages", ["RS2", "RS1", "RS2", "RS1"], lab.pages(4))
    sum_of_file = lab.publish("big", BIG)
    equal("SHA-256", sum_of_file, lab.on("client", "bash", "-c", f"curl -sS --max-time 200 http://{VIP}/big | sha256sum").split()[0])
    said = lab.on("client", "wrk", "-t", "1", "-c", "16", "-d", "3s", f"http://{VIP}/")
    true("no request failed", "Socket errors" not in said and "Non-2xx" not in said, said)
    share = share_finished(lab)
    true("nearly all packets were finished at XDP", share > 0.95, share)
    rows = lab.rows("--stats")
    equal("packets are counted once", [a + b for a, b in zip(rows[f"{rip(1)}:80"], rows[f"{rip(2)}:80"])], rows[f"{VIP}:80"])


@test
def ipv6_and_datagrams_are_finished_at_xdp(lab):
    traffic6.service(lab)
    lab.service((1,), port=53, rport=53, protocol="u")
    prepare(lab)
    attach(lab)
    equal("pages", ["RS2", "RS1"] * 4, [lab.curl(f"{traffic6.URL}/").strip() for _ in range(8)])
    lab.listen(1, "udp", 53, "socat", "UDP-LISTEN:53,fork", "EXEC:cat")
    for n in range(5):
        equal("echo", f"{n}\n", lab.on("client", "socat", "-T", "2", "-", f"UDP:{VIP}:53,sourceport={5000 + n}", input=f"{n}\n"))
    counts = status(lab)["xdp"]
    true("most packets were finished at XDP", counts["finished"] > 8 * 8 + 2 * 4 and share_finished(lab) > 0.7, counts)


@test
def frames_in_several_buffers_are_finished_at_xdp(lab):
    def mtu(size):
        for host, *interfaces in (("client", "eth0"), ("gw", "eth0", "eth1"), ("director", "eth0", "eth1"),
                                  ("sw", "p0", "p1", "p2", "br0"), ("rs1", "eth0"), ("rs2", "eth0")):
            for interface in interfaces:
                lab.on(host, "ip", "link", "set", interface, "mtu", size)

    mtu(9000)
    try:
        lab.service()
        prepare(lab)
        attach(lab)
        sum_of_file = lab.publish("big", BIG)
        equal("SHA-256", sum_of_file, lab.on("client", "bash", "-c", f"curl -sS --max-time 200 http://{VIP}/big | sha256sum").split()[0])
        bytes_out, packets_out = (lab.rows("--stats", "--exact")[f"{VIP}:80"][n] for n in (4, 2))
        true("segments are long", bytes_out / packets_out > 6000, (bytes_out, packets_out))
        true("nearly all packets were finished at XDP", share_finished(lab) > 0.95, status(lab)["xdp"])
    finally:
        mtu(1500)


@test
def sums_left_to_devices_go_by_tc_and_arrive_whole(lab):
    lab.service()
    prepare(lab, whole=False)
    attach(lab)
    equal("pages", ["RS2", "RS1", "RS2", "RS1"], lab.pages(4))
    sum_of_file = lab.publish("big", BIG)
    equal("SHA-256", sum_of_file, lab.on("client", "bash", "-c", f"curl -sS --max-time 200 http://{VIP}/big | sha256sum").split()[0])
    counts = status(lab)["xdp"]
    true("nearly all packets were left to tc", counts["left"] > 100 * counts["finished"], counts)


@test
def packets_are_never_sent_where_they_would_be_lost(lab):
    lab.service()
    prepare(lab, receivers=False)
    attach(lab)
    equal("pages", ["RS2", "RS1", "RS2", "RS1"], lab.pages(4))
    equal("packets finished at XDP", 0, status(lab)["xdp"]["finished"])
    said = attach(lab, "eth0")
    true("attach tells", "packets that leave through eth1 are left to tc: its peer has neither GRO nor an XDP program" in said, said)
    prepare(lab)
    attach(lab)
    equal("pages", ["RS2", "RS1"], lab.pages(2))
    true("now they are", status(lab)["xdp"]["finished"] > 10, status(lab)["xdp"])
    offload(lab, *PEERS[1], gro=False)
    said = lab.on("director", lab.bpvs, "status")
    true("status tells what has changed", "packets from xdp to eth1 are lost: its peer has neither GRO" in said, said)
    prepare(lab)


@test
def modes_change_under_load_and_no_request_fails(lab):
    lab.service()
    prepare(lab)
    sum_of_file = lab.publish("big", BIG)
    download = slow_download(lab, "15M")
    wrk = lab.start("client", "wrk", "-t", "1", "-c", "8", "-d", "5s", f"http://{VIP}/")
    n = 0
    while n < 6 or wrk.poll() is None:
        attach(lab, "eth0", "eth1", mode=("xdp", "tc")[n % 2])
        n += 1
    attach(lab)
    said = lab.finish(wrk, "wrk")
    true("no request failed", "Socket errors" not in said and "Non-2xx" not in said, said)
    equal("SHA-256 of the download", sum_of_file, lab.finish(download, "download").split()[0])
    lab.pages(2)
    true("packets are finished at XDP in the end", status(lab)["xdp"]["finished"] > 0, status(lab)["xdp"])


def kill_attaches(lab, *modes):
    """bpvs attach in these modes in turn, killed at any moment; traffic goes on all the while."""
    chance = random.Random(3)
    takes = []  # on this machine, now: the first loads the program, the last finds everything done
    for mode in (*modes, modes[0], modes[0]):
        began = time.monotonic()
        attach(lab, "eth0", mode=mode)
        takes.append(time.monotonic() - began)
    killed = 0
    for n in range(240):
        if n >= 24 and killed > 2:
            break
        words = ("attach", f"eth{n // 2 % 2}", "--mode", modes[n % len(modes)])
        child = subprocess.Popen(lab.command("director", lab.bpvs, *words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, chance.choice((min(takes), max(takes)))))
        child.send_signal(signal.SIGKILL)
        child.wait()
        killed += child.returncode < 0
        equal("pages", 2, len(set(lab.pages(2))))
    true("some were killed", killed > 2, (killed, takes))


@test
def killed_commands_leave_a_director_that_works(lab):
    lab.service()
    prepare(lab)
    kill_attaches(lab, "xdp", "xdp", "tc")
    attach(lab)
    equal("pages", 2, len(set(lab.pages(2))))
    true("packets are finished at XDP again", share_finished(lab) > 0.5, status(lab)["xdp"])


@test
def upgrade_in_place_replaces_the_program_at_xdp(lab):
    lab.service()
    prepare(lab)
    attach(lab)
    before = {i: xdp_of(lab, i) for i in ("eth0", "eth1")}
    sum_of_file = lab.publish("big", BIG)
    download = slow_download(lab, "30M")
    with tempfile.TemporaryDirectory() as directory:
        lab.on("director", other_build(directory)["bpvsadm"], *f"-A -t {VIP}:90 -s rr".split())
    after = {i: xdp_of(lab, i) for i in before}
    true("the programs were replaced", None not in after.values() and not set(before.values()) & set(after.values()), (before, after))
    equal("SHA-256", sum_of_file, lab.finish(download, "download").split()[0])
    equal("hooks", {"eth0": "xdp", "eth1": "xdp"}, hooks(lab))


@test
def attach_by_another_build_replaces_the_programs_at_tc_first(lab):
    lab.service()
    prepare(lab)
    at_tc = lambda: lab.on("director", "tc", "filter", "show", "dev", "eth0", "ingress")
    before = at_tc()
    with tempfile.TemporaryDirectory() as directory:
        lab.on("director", other_build(directory)["bpvs"], "attach", "eth0", "--mode", "xdp")
    true("the program at tc is another one", at_tc() != before, before)
    equal("pages", ["RS2", "RS1"], lab.pages(2))


@test
def older_bpvs_does_not_stand_before_a_newer_director(lab):
    """Its program at XDP would be of another version than those at tc, which it may not replace."""
    lab.service()
    config = f"{status(lab)['pin_path']}/config"
    words = json.loads(subprocess.run(["bpftool", "-j", "map", "dump", "pinned", config], capture_output=True, check=True).stdout)
    value = [int(byte, 16) for byte in words[0]["value"]]
    value[7] += 1  # the major version, of the word after the layout
    subprocess.run(["bpftool", "map", "update", "pinned", config, "key", *"0000", "value", *map(str, value)], check=True)
    done = lab.try_on("director", lab.bpvs, "attach", "eth0", "--mode", "xdp")
    true("refused with one sentence", done.returncode != 0 and done.stderr.count("\n") == 1 and "this is the older" in done.stderr, done)
    attach(lab, "eth0", mode="tc")
    equal("hooks", {"eth0": "tc", "eth1": "tc"}, hooks(lab))
    equal("pages", ["RS2", "RS1"], lab.pages(2))


@test
def detach_and_down_take_the_program_away(lab):
    lab.service()
    attach(lab)
    ours = {xdp_of(lab, "eth0"), xdp_of(lab, "eth1")}
    lab.on("director", lab.bpvs, "detach", "eth0")
    equal("hooks", {"eth1": "xdp"}, hooks(lab))
    equal("eth0", None, xdp_of(lab, "eth0"))
    lab.on("director", lab.bpvs, "down")
    equal("eth1", None, xdp_of(lab, "eth1"))
    loaded = lambda: {p["id"] for p in json.loads(subprocess.run(["bpftool", "-j", "prog", "show"], capture_output=True, check=True).stdout)}
    wait_until("the programs are unloaded", lambda: not ours & loaded())


@test
def marks_and_removed_servers_are_tcs_business(lab):
    """New connections by mark, resets of connections that are over: the same as without XDP."""
    lab.service()
    prepare(lab)
    attach(lab)
    lab.on("director", lab.bpvs, "mark", "add", "-p", "tcp", "-d", VIP, "--dport", "8000:8100", "--set-mark", 5)
    lab.adm("-A -f 5 -s rr", f"-a -f 5 -r {rip(1)}:80 -m")
    equal("page by mark", "RS1", lab.curl(f"http://{VIP}:8050/").strip())
    equal("pages", ["RS2", "RS1"], lab.pages(2))
    lab.publish("big", BIG)
    download = lab.start("client", "curl", "-sS", "--limit-rate", "5M", "-o", "/dev/null", f"http://{VIP}/big")
    wait_until("the download has begun", lambda: any(row[2] == "ESTABLISHED" for row in lab.connections()))
    lab.adm(f"-d -t {VIP}:80 -r {rip(1)}:80", f"-d -t {VIP}:80 -r {rip(2)}:80")
    said, _ = download.communicate(timeout=100)
    true("the download is reset when its server is removed", "reset by peer" in said, said)


if __name__ == "__main__":
    os.environ["E2E_BIN"] = str(BIN)
    main("xdp", programs=("ethtool", "wrk", "bpftool", "ip"))
