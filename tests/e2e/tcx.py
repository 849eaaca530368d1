#!/usr/bin/python3
"""The director at the kernel's tcx hooks, before all filters of tc (Linux 6.6)."""
import os
import sys
import tempfile

from harness import BIN, TESTS, VIP, Skip, equal, main, rip, test, true
from marks import MARKING
from robustness import other_build, slow_download
from xdp import attach, hooks, kill_attaches

TESTS.clear()  # theirs are their own
BIG = 100 << 20
INGRESS, EGRESS = 46, 47
QUERY, SYS_BPF = 16, 321  # BPF_PROG_QUERY; the number is x86-64's


def programs(lab, interface):
    """Ids of the programs at an interface's two hooks, as the kernel tells."""
    ask = ("import ctypes, socket, struct, sys\n"
           "attr = ctypes.create_string_buffer(64); ids = (ctypes.c_uint32 * 8)()\n"
           "found = []\n"
           f"for hook in ({INGRESS}, {EGRESS}):\n"
           "    struct.pack_into('=IIIIQI', attr, 0, socket.if_nametoindex(sys.argv[1]), hook, 0, 0, ctypes.addressof(ids), 8)\n"
           f"    if ctypes.CDLL(None).syscall({SYS_BPF}, {QUERY}, attr, 64): sys.exit('no tcx')\n"
           "    found += ids[:struct.unpack_from('=I', attr, 24)[0]]\n"
           "print(*found)")
    done = lab.try_on("director", "python3", "-c", ask, interface)
    if "no tcx" in done.stderr:
        raise Skip("this kernel has no tcx")
    return done.stdout.split()


def filters(lab, interface):
    return lab.on("director", "tc", "filter", "show", "dev", interface, "ingress").strip()


def to_tcx(lab):
    programs(lab, "eth0")
    attach(lab, mode="tcx")


@test
def moves_while_a_download_goes_on(lab):
    lab.service()
    sum_of_file = lab.publish("big", BIG)
    programs(lab, "eth0")
    download = slow_download(lab, "30M")
    for mode in ("tcx", "tc", "tcx", "tcx"):
        attach(lab, mode=mode)
        equal("hooks", {"eth0": mode, "eth1": mode}, hooks(lab))
        for interface in ("eth0", "eth1"):
            equal(f"programs of {interface} at tcx", 2 if mode == "tcx" else 1, len(programs(lab, interface)))
            equal(f"a filter of {interface} at tc", mode == "tc", "bpvs_ingress" in filters(lab, interface))
        equal("pages", 2, len(set(lab.pages(2))))
    equal("SHA-256", sum_of_file, lab.finish(download, "download").split()[0])
    equal("the qdisc that was made is gone", "", lab.on("director", "tc", "qdisc", "show", "dev", "eth0", "clsact").strip())


@test
def auto_takes_it_where_nobody_notices(lab):
    lab.service()
    programs(lab, "eth0")
    said = attach(lab, "eth0", mode="auto")
    true("tcx, and why", said.startswith("eth0: at tcx: ") and "nobody has filters at tc" in said, said)
    lab.on("director", sys.executable, MARKING, "eth1", 5, 5, "tcp", 9000, 9001)
    said = attach(lab, "eth1", mode="auto")
    true("tc, and why", said.startswith("eth1: at tc: ") and "others have filters there" in said, said)
    lab.on("director", "tc", "filter", "del", "dev", "eth1", "ingress", "pref", "5")
    lab.adm("-A -f 5 -s rr")
    said = attach(lab, "eth0", mode="auto")
    true("tc, as filters may set marks", said.startswith("eth0: at tc: ") and "services by mark" in said, said)
    equal("hooks", {"eth0": "tc", "eth1": "tc"}, hooks(lab))
    equal("pages", ["RS2", "RS1"], lab.pages(2))


@test
def upgrade_in_place_replaces_the_programs(lab):
    lab.service()
    to_tcx(lab)
    before = programs(lab, "eth0")
    with tempfile.TemporaryDirectory() as directory:
        lab.on("director", other_build(directory)["bpvsadm"], *f"-A -t {VIP}:90 -s rr".split())
    after = programs(lab, "eth0")
    true("two others", len(after) == 2 and not set(before) & set(after), (before, after))
    equal("hooks", {"eth0": "tcx", "eth1": "tcx"}, hooks(lab))
    equal("pages", ["RS2", "RS1"], lab.pages(2))


@test
def killed_commands_leave_nothing_in_the_way(lab):
    before = filters(lab, "eth0")
    programs(lab, "eth0")
    lab.service()
    kill_attaches(lab, "tcx", "tc", "tcx")
    for mode in ("tc", "tcx"):
        attach(lab, mode=mode)
        equal("hooks", {"eth0": mode, "eth1": mode}, hooks(lab))
        equal("programs at tcx", 2 if mode == "tcx" else 1, len(programs(lab, "eth0")))
        equal("a filter at tc", mode == "tc", "bpvs_ingress" in filters(lab, "eth0"))
    kill_attaches(lab, "tc", "tcx")
    lab.on("director", lab.bpvs, "down")
    equal("programs at tcx", [], programs(lab, "eth0") + programs(lab, "eth1"))
    equal("filters", before, filters(lab, "eth0"))
    equal("qdisc", "", lab.on("director", "tc", "qdisc", "show", "dev", "eth0", "clsact").strip())


@test
def detach_and_down_take_the_programs_away(lab):
    lab.service()
    to_tcx(lab)
    lab.on("director", lab.bpvs, "detach", "eth0")
    equal("eth0", [], programs(lab, "eth0"))
    equal("hooks", {"eth1": "tcx"}, hooks(lab))
    lab.on("director", lab.bpvs, "down")
    equal("eth1", [], programs(lab, "eth1"))


@test
def what_the_host_sends_itself_is_translated(lab):
    """The program on the way out: an error about a packet that was left to the stack names the VIP, not the server."""
    lab.service()
    to_tcx(lab)
    lab.on("director", "ip", "route", "add", "unreachable", f"{rip(2)}/32")
    try:
        lab.adm(f"-e -t {VIP}:80 -r {rip(1)}:80 -m -w 0")
        done = lab.try_on("client", "curl", "-sS", "--max-time", "50", f"http://{VIP}/")
        true("the client is told at once", done.returncode == 7 and "imed out" not in done.stderr, done)
    finally:
        lab.on("director", "ip", "route", "del", "unreachable", f"{rip(2)}/32")


if __name__ == "__main__":
    os.environ["E2E_BIN"] = str(BIN)
    main("tcx", programs=("ip", "tc"))
