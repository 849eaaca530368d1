#!/usr/bin/python3
"""Bad input and missing rights: one clear sentence, a status that is not 0, and nothing changed."""
import re
import tempfile

from harness import VIP, equal, main, rip, test, true

S = f"{VIP}:80"


def refused(lab, line, status=None, stdin=None, command=None, prefix=()):
    before = lab.adm("-Sn")
    done = lab.try_on("director", *prefix, command or lab.bpvsadm, *line.split(), input=stdin)
    after = lab.adm("-Sn")
    what = f"{line!r}: {done.stderr.strip()!r}"
    true(f"{what}: exit status {done.returncode}", done.returncode == status if status is not None else done.returncode != 0)
    true(f"{what}: says why", re.search(r"\w+ \w+", done.stderr))
    true(f"{what}: says nothing else", done.stdout == "", done.stdout)
    equal(f"rules after {line!r}", before, after)
    return done.stderr


@test
def what_is_not_there_cannot_be_changed(lab):
    lab.service()
    for line, message in ((f"-A -t {S}", "Service already exists"), (f"-a -t {S} -r {rip(1)}:80 -m", "Destination already exists"),
                          (f"-E -t {VIP}:81 -s rr", "No such service"), (f"-D -t {VIP}:81", "No such service"),
                          (f"-a -t {VIP}:81 -r {rip(1)}:80 -m", "Service not defined"), (f"-d -t {S} -r {rip(9)}:80", "No such destination"),
                          (f"-e -t {S} -r {rip(9)}:80 -m", "No such destination"), (f"-D -u {S}", "No such service")):
        equal(line, message + "\n", refused(lab, line, 255))


@test
def values_out_of_range_are_refused(lab):
    lab.service()
    for line in (f"-A -t {VIP}:65536 -s rr", f"-A -t {VIP}:-1", "-A -t 1.1.1.256:80", "-A -t :80", "-A -t no.such.host.invalid:80",
                 f"-a -t {S} -r {rip(3)}:80 -m -w -1", f"-a -t {S} -r {rip(3)}:80 -m -w 2147483648", f"-a -t {S} -r {rip(3)}:80 -m -w x",
                 f"-a -t {S} -r {rip(3)}:99999 -m", f"-A -t {VIP}:81 -s nosuch", f"-A -t {VIP}:81 -p 0", f"-A -t {VIP}:81 -p 99999999",
                 "--set 1 2", "--set 1 2 x", "--set -1 0 0", "--set 9999999 0 0"):
        refused(lab, line)


@test
def commands_that_make_no_sense_are_refused(lab):
    lab.service()
    for line in ("-A", f"-A -t {S} -u {S}", f"-D -t {S} -r {rip(1)}:80", f"-a -t {S}", f"-A -D -t {S}", "-Q", "--nosuch",
                 f"-A -t {VIP}:81 -s", f"-C -t {S}", f"-a -t {S} -r {rip(3)}:80 -m -g", "-A -f 0", f"-Ln {S}"):
        refused(lab, line)


@test
def bad_line_of_a_file_is_refused_with_everything_that_follows(lab):
    lab.service()
    saved = lab.adm("-Sn")
    refused(lab, "-R", stdin="nonsense\n")
    refused(lab, "-R", stdin=f"-A -t {S} -s rr\n")
    equal("rules", saved, lab.adm("-Sn"))


@test
def settings_are_refused_with_the_reason_and_none_is_changed(lab):
    lab.service()
    before = lab.on("director", lab.bpvs, "sysctl")
    for line, reason in (("drop_entry=4", "from 0 to 3"), ("sloppy_tcp=yes", "a number"), ("sloppy_tcp=", "a number"),
                         ("sloppy_tpc=1", "did you mean sloppy_tcp"), ("conntrack=1", "netfilter"), ("-w sloppy_tcp", "value"),
                         ("nosuch", "no setting"), ("am_droprate=20 sloppy_tcp=1 drop_packet=9", "from 0 to 3"),
                         ("-p /no/such/file", "No such file"), ("--nosuch", "nosuch")):
        said = refused(lab, "sysctl " + line, 1, command=lab.bpvs)
        true(f"one sentence about {line}: {said!r}", said.count("\n") == 1 and reason in said)
    said = refused(lab, "sysctl -p -", 1, command=lab.bpvs, stdin="am_droprate=20\nsecure_tcp=4\n")
    true(f"file and line: {said!r}", "standard input:2: " in said and said.count("\n") == 1)
    equal("settings", before, lab.on("director", lab.bpvs, "sysctl"))
    lab.on("director", lab.bpvs, "down")
    refused_without = lab.try_on("director", lab.bpvs, "sysctl", "conntrack=1")
    true("what is refused brings no director up", refused_without.returncode == 1 and "not up" in lab.on("director", lab.bpvs, "status"))


@test
def traffic_survives_what_is_refused(lab):
    lab.service()
    equal("before", ["RS2"], lab.pages(1))
    for line in (f"-A -t {S}", f"-E -t {S} -s nosuch", f"-e -t {S} -r {rip(1)}:80 -m -w -5", f"-d -t {S} -r {rip(9)}:80"):
        refused(lab, line)
    equal("after", ["RS1", "RS2"], lab.pages(2))


@test
def user_without_rights_is_told_to_be_root(lab):
    lab.service()
    for line in (f"-A -t {VIP}:81 -s rr", "-Ln", "-C", "-h"):
        said = refused(lab, line, 2, prefix=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))
        equal(f"message for {line}", "Permission denied (you must be root)", re.search(r"Permission denied \(you must be root\)", said or "")[0])


@test
def user_without_rights_cannot_use_bpvs(lab):
    lab.service()
    for line in ("up", "down", "attach eth0", "detach eth0"):
        said = refused(lab, line, command=lab.bpvs, prefix=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))
        equal(f"lines for {line}", 1, said.count("\n"))


@test
def root_without_bpf_is_told_what_is_missing(lab):
    """As in a container that keeps the network's rights only."""
    lab.service()
    for line in (f"-A -t {VIP}:81 -s rr", "-C"):
        said = refused(lab, line, prefix=("setpriv", "--bounding-set=-bpf,-sys_admin"))
        true(f"one sentence that names the capability: {said!r}", said.count("\n") == 1 and "CAP_BPF" in said)


@test
def kernel_that_forbids_bpf_is_reported_in_one_sentence(lab):
    """The system call refused by a filter, as container runtimes do."""
    forbid = r'''
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
SYS_BPF, EPERM = 321, 1
program = struct.pack("<HBBI", 0x20, 0, 0, 0) + struct.pack("<HBBI", 0x15, 0, 1, SYS_BPF)
program += struct.pack("<HBBI", 0x06, 0, 0, 0x00050000 | EPERM) + struct.pack("<HBBI", 0x06, 0, 0, 0x7fff0000)
code = ctypes.create_string_buffer(program)
class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Filter(4, ctypes.addressof(code))), 0, 0) == 0, ctypes.get_errno()
os.execv(sys.argv[1], sys.argv[1:])
'''
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(forbid)
        file.flush()
        said = refused(lab, f"-A -t {VIP}:81 -s rr", prefix=("/usr/bin/python3", file.name))
        true(f"one sentence about BPF: {said!r}", said.count("\n") == 1 and "BPF" in said.upper())
        lab.service()
        said = refused(lab, f"-A -t {VIP}:81 -s rr", prefix=("/usr/bin/python3", file.name))
        true(f"one sentence about BPF with a director up: {said!r}", said.count("\n") == 1 and "BPF" in said.upper())


if __name__ == "__main__":
    main("refusals", programs=("setpriv",))
