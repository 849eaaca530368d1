#!/usr/bin/python3
"""Where a director is: namespaces, interfaces, pins; how it comes and goes."""
import json
import pathlib
import re
import subprocess

from harness import VIP, equal, main, rip, test, true, wait_until

PINS = pathlib.Path("/run/bpvs/bpf")


def bpf_ids(kind):
    """Of all programs or maps of the machine."""
    return {entry["id"] for entry in json.loads(subprocess.run(["bpftool", "-j", kind, "show"], capture_output=True, check=True).stdout)}


def pinned_ids(directory):
    """{kind: ids} of what is pinned in a directory."""
    found = {"prog": set(), "map": set()}
    for pin in directory.rglob("*"):
        for kind in found:
            done = subprocess.run(["bpftool", "-j", kind, "show", "pinned", str(pin)], capture_output=True, check=False)
            if done.returncode == 0:
                said = json.loads(done.stdout)
                found[kind] |= {entry["id"] for entry in (said if isinstance(said, list) else [said])}
    return found


def pin_directory(lab):
    """As bpvs status tells it."""
    said = lab.on("director", lab.bpvs, "status")
    match = re.search(rf"{PINS}/\S+", said)
    true("bpvs status tells where the maps are pinned", match, said)
    return pathlib.Path(match[0].rstrip(",.;"))


def lives(directory):
    """The namespace of a director that has its pins there."""
    shown = subprocess.run(["bpftool", "-j", "link", "show", "pinned", str(directory / "witness")], capture_output=True, check=True)
    said = json.loads(shown.stdout)
    return (said[0] if isinstance(said, list) else said).get("netns_ino", 0) != 0


def tc_state(lab):
    return {dev: [lab.on("director", "tc", *what.split(), "show", "dev", dev, *where)
                  for what, where in (("qdisc", ()), ("filter", ("ingress",)), ("filter", ("egress",)))] for dev in ("eth0", "eth1")}


@test
def down_leaves_no_trace(lab):
    before = tc_state(lab)
    lab.service()
    lab.pages(2)
    directory = pin_directory(lab)
    ids = pinned_ids(directory)
    true("programs and maps are pinned", ids["prog"] and ids["map"], ids)
    true("they are there", ids["prog"] <= bpf_ids("prog") and ids["map"] <= bpf_ids("map"))
    lab.on("director", lab.bpvs, "down")
    equal("qdiscs and filters", before, tc_state(lab))
    true("no pins", not directory.exists())
    for kind, numbers in ids.items():
        wait_until(f"every {kind} of the director is gone", lambda k=kind, n=numbers: not n & bpf_ids(k))
    equal("rules", "", lab.adm("-Sn"))
    equal("curl without a director", 7, lab.try_on("client", "curl", "-sS", "--max-time", "50", f"http://{VIP}/").returncode)
    lab.on("director", lab.bpvs, "down")  # again is no error


@test
def qdisc_of_somebody_else_survives_down(lab):
    lab.on("director", "tc", "qdisc", "add", "dev", "eth0", "clsact")
    try:
        lab.service()
        equal("pages", ["RS2", "RS1"], lab.pages(2))
        lab.on("director", lab.bpvs, "down")
        true("clsact is still there", "clsact" in lab.on("director", "tc", "qdisc", "show", "dev", "eth0"))
    finally:
        lab.on("director", "tc", "qdisc", "del", "dev", "eth0", "clsact")


@test
def exec_and_nsenter_see_the_same_director(lab):
    lab.service()
    from_inside = lab.adm("-Sn")
    entered = ["nsenter", f"--net=/run/netns/{lab.prefix}director"]
    equal("rules by nsenter", from_inside, subprocess.run([*entered, lab.bpvsadm, "-Sn"], capture_output=True, text=True, check=True).stdout)
    subprocess.run([*entered, lab.bpvsadm, "-d", "-t", f"{VIP}:80", "-r", f"{rip(2)}:80"], check=True)
    equal("pages", ["RS1", "RS1"], lab.pages(2))
    subprocess.run([*entered, lab.bpvs, "down"], check=True)
    equal("rules after down by nsenter", "", lab.adm("-Sn"))


@test
def commands_at_once_all_take_effect(lab):
    """Each rewrites the whole list of servers: without the lock some would be lost."""
    lab.service()
    servers = [f"172.16.1.{n}" for n in range(11, 41)]
    commands = [subprocess.Popen(["ip", "netns", "exec", f"{lab.prefix}director", lab.bpvsadm,
                                  "-a", "-t", f"{VIP}:80", "-r", server, "-m", "-w", "0"]) for server in servers]
    equal("exit statuses", [0] * len(servers), [command.wait(300) for command in commands])
    listed = lab.adm("-Sn")
    equal("servers lost", [], [server for server in servers if f"-r {server}:80 " not in listed])
    equal("pages", ["RS2", "RS1"], lab.pages(2))


@test
def two_namespaces_have_two_directors(lab):
    lab.service()
    lab.on("gw", lab.bpvsadm, *"-A -t 9.9.9.9:80 -s wrr".split())
    try:
        true("the gateway's director knows nothing of the other", VIP not in lab.on("gw", lab.bpvsadm, "-Sn"))
        true("nor the other of the gateway's", "9.9.9.9" not in lab.adm("-Sn"))
        equal("pages, through both hosts", ["RS2", "RS1"], lab.pages(2))
    finally:
        lab.on("gw", lab.bpvs, "down")
    equal("pages when one is down", ["RS2", "RS1"], lab.pages(2))


@test
def room_for_connections_is_chosen_once(lab):
    lab.on("gw", lab.bpvs, "up", "--connections", "20000")
    try:
        lab.on("gw", lab.bpvs, "up", "--connections", "20000")
        done = lab.try_on("gw", lab.bpvs, "up", "--connections", "30000")
        true("another room is refused with a sentence that names both",
             done.returncode != 0 and "30000" in done.stderr and "20000" in done.stderr and done.stderr.count("\n") == 1, done)
        true("the room is as it was", "of 20000" in lab.on("gw", lab.bpvs, "status"))
    finally:
        lab.on("gw", lab.bpvs, "down")


@test
def settings_belong_to_the_director_of_a_namespace(lab):
    def value(host, name):
        return lab.on(host, lab.bpvs, "sysctl", "-n", name).strip()

    listed = lab.on("director", lab.bpvs, "sysctl")
    true("all are listed before a director is up", "net.ipv4.vs.conn_reuse_mode = 1\n" in listed and listed.count("\n") >= 28, listed)
    true("and listing brings none up", "not up" in lab.on("director", lab.bpvs, "status"))
    equal("set before any service", "net.ipv4.vs.sloppy_tcp = 1\nnet.ipv4.vs.am_droprate = 20\n",
          lab.on("director", lab.bpvs, "sysctl", "-w", "net.ipv4.vs.sloppy_tcp=1", "am_droprate=20"))
    equal("a file", "net.ipv4.vs.am_droprate = 30\nnet.ipv4.vs.secure_tcp = 1\n",
          lab.on("director", lab.bpvs, "sysctl", "-p", "-", input="# ours\nnet.ipv4.ip_forward = 1\nam_droprate=30\nnet.ipv4.vs.secure_tcp = 1\n"))
    equal("in effect", ["1", "30"], [value("director", "sloppy_tcp"), value("director", "am_droprate")])
    equal("of another namespace", "0", value("gw", "sloppy_tcp"))
    lab.service()
    lab.adm("-C")
    equal("after services came and went", "1", value("director", "sloppy_tcp"))
    lab.on("director", lab.bpvs, "down")
    equal("after down", ["0", "10"], [value("director", "sloppy_tcp"), value("director", "am_droprate")])


@test
def detach_and_attach(lab):
    lab.service()
    equal("attached", ["RS2"], lab.pages(1))
    lab.on("director", lab.bpvs, "detach", "eth0")
    equal("curl when detached", 7, lab.try_on("client", "curl", "-sS", "--max-time", "50", f"http://{VIP}/").returncode)
    done = lab.try_on("director", lab.bpvs, "detach", "eth0")
    true("detaching twice is refused", done.returncode != 0 and done.stderr.count("\n") == 1, done)
    lab.on("director", lab.bpvs, "attach", "eth0")
    equal("attached again", ["RS1", "RS2"], lab.pages(2))
    for interface in ("lo", "eth77"):
        done = lab.try_on("director", lab.bpvs, "attach", interface)
        true(f"attaching to {interface} is refused with a sentence that names it",
             done.returncode != 0 and interface in done.stderr and done.stderr.count("\n") == 1, done)


@test
def commands_from_outside_find_no_director_here(lab):
    """The client's namespace has none: listing is empty, changing is refused, and nothing is made."""
    lab.service()
    equal("rules on the client", "", lab.on("client", lab.bpvsadm, "-Sn"))
    done = lab.try_on("client", lab.bpvsadm, *f"-a -t {VIP}:80 -r {rip(1)}:80 -m".split())
    equal("adding a server to what is not there", (255, "Service not defined\n"), (done.returncode, done.stderr))
    equal("filters on the client", "", lab.on("client", "tc", "filter", "show", "dev", "eth0", "ingress"))


@test
def pins_of_a_deleted_namespace_go_with_the_next_director(lab):
    name = lab.prefix + "gone"
    before = set(PINS.iterdir()) if PINS.exists() else set()
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "add", "e0", "up", "type", "veth", "peer", "name", "e1"], check=True)
        subprocess.run(["ip", "netns", "exec", name, lab.bpvsadm, "-A", "-t", "1.2.3.4:80", "-s", "rr"], check=True)
        said = subprocess.run(["ip", "netns", "exec", name, lab.bpvs, "status"], capture_output=True, text=True, check=True).stdout
        directory = pathlib.Path(re.search(rf"{PINS}/\w+", said)[0])
        true("it has pins", directory not in before and directory.exists())
        maps = pinned_ids(directory)["map"]
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)
    wait_until("the kernel takes the namespace apart", lambda: not lives(directory))
    lab.service()
    true("the pins are gone", not directory.exists())
    wait_until("the maps are gone", lambda: not maps & bpf_ids("map"))


@test
def interfaces_that_come_later_can_be_attached(lab):
    lab.service()
    lab.on("director", "ip", "link", "add", "late", "up", "type", "veth", "peer", "name", "later")
    try:
        true("a later interface is not touched by itself", "bpvs" not in lab.on("director", "tc", "filter", "show", "dev", "late", "ingress"))
        lab.on("director", lab.bpvs, "attach", "late")
        true("attached when asked", "late: attached at tc" in lab.on("director", lab.bpvs, "status"))
    finally:
        lab.on("director", "ip", "link", "del", "late")
    lab.adm(f"-E -t {VIP}:80 -s wrr")
    lab.on("director", lab.bpvs, "down")


@test
def nothing_passes_a_host_that_does_not_route(lab):
    lab.service()
    lab.on("director", "sh", "-c", "echo 0 >/proc/sys/net/ipv4/ip_forward")
    try:
        said = lab.try_on("client", "curl", "-sS", "--max-time", "2", f"http://{VIP}/")
        equal("curl's exit status (28: it waited in vain)", 28, said.returncode)
    finally:
        lab.on("director", "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
    equal("pages once it routes", 1, len(lab.pages(1)))


if __name__ == "__main__":
    main("place", programs=("tc", "bpftool", "nsenter"))
