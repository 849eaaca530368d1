"""The harness of the end-to-end tests: labs with real servers, commands on their hosts, results.

A test is a function that takes a lab and is decorated with @test; its name states a behaviour. Every
file of tests has a lab of its own. In a file whose director stands, every test begins with one that is as if it
had just come up (bpvs-standing, tests/support), but for those that are also decorated with @without_director; in
the others, whose subject is how a director comes and goes, every test begins without one.
"""
import atexit
import contextlib
import hashlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import standing  # noqa: E402  # pylint: disable=wrong-import-position

BIN = pathlib.Path(os.environ.get("BPVS_BUILD") or ROOT / "build" / "release") / "bin"
LAB = ROOT / "lab" / "lab"
VIP, CIP = "1.1.1.1", "192.168.1.1"
TESTS = []


def rip(server):
    return f"172.16.1.{server}"


def test(function):
    TESTS.append(function)
    return function


def without_director(function):
    """Even where the director stands, this test begins without one."""
    function.without_director = True
    return function


class Skip(Exception):
    """The reason why a test cannot run here."""


def equal(what, expected, got):
    if expected != got:
        raise AssertionError(f"{what}: expected {expected!r}, got {got!r}")


def true(what, condition, seen=""):
    if not condition:
        raise AssertionError(f"{what}{': ' + str(seen) if seen != '' else ''}")


def wait_until(what, condition, limit=60.0):
    """Waits for an event that comes soon. The limit ends a test that fails; a slow machine takes its time."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit:g} s in vain: {what}")
        time.sleep(0.05)


class Lab:
    """lab/lab with nginx; see its drawing."""

    def __init__(self, name, servers=2, stands=False):
        self.prefix = f"e2e-{name}-{os.getpid()}-"
        self.children = []
        self.stands = stands
        self.fresh = None  # what the maps of the director that stands held when it had come up
        self.bpvsadm, self.bpvs = str(BIN / "bpvsadm"), str(BIN / "bpvs")
        self._lab("up", "-n", str(servers), "-w", "nginx")

    def _lab(self, verb, *arguments):
        done = subprocess.run([LAB, verb, "-p", self.prefix, *arguments], capture_output=True, text=True, check=False,
                              env={**os.environ, "BPVS_BIN": str(BIN)})
        if done.returncode:
            raise RuntimeError(f"lab {verb}: {done.stderr.strip()}")

    def remove(self):
        self.stop_children()
        self._lab("down")

    def reset(self, with_director=True):
        """As before the first test."""
        self.stop_children()
        standing_one = self.fresh is not None and self.stands and with_director
        if standing_one and self.try_on("director", BIN / "bpvs-standing", "reset").returncode == 0:
            return
        self.fresh = None
        self.on("director", self.bpvs, "down")
        if self.stands and with_director:
            self.on("director", self.bpvs, "up", "--connections", "65536", "--services", "256", "--servers", "2048")
            self.fresh = self.on("director", BIN / "bpvs-standing", "show")

    def what_a_reset_leaves(self):
        """Lines that differ from a director that has just come up."""
        self.reset()
        now = self.on("director", BIN / "bpvs-standing", "show")
        return sorted(standing.contents(now) ^ standing.contents(self.fresh))

    def stop_children(self):
        for child in self.children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)  # with those that it has started
            child.wait()
        self.children = []

    # -- commands -------------------------------------------------------------------------------

    def command(self, host, *command):
        return ["ip", "netns", "exec", self.prefix + host, *map(str, command)]

    def try_on(self, host, *command, limit=300, **options):
        return subprocess.run(self.command(host, *command), capture_output=True, text=True, check=False, timeout=limit, **options)

    def on(self, host, *command, **options):
        done = self.try_on(host, *command, **options)
        true(f"{' '.join(map(str, command))} on {host}: exit status {done.returncode}", done.returncode == 0, done.stderr.strip())
        return done.stdout

    def start(self, host, *command, **options):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True,
                   "process_group": 0, **options}
        child = subprocess.Popen(self.command(host, *command), **options)
        self.children.append(child)
        return child

    def finish(self, child, what, limit=300):
        output, _ = child.communicate(timeout=limit)
        true(f"{what}: exit status {child.returncode}", child.returncode == 0, output)
        return output

    def adm(self, *lines):
        """bpvsadm with the words of each line, in the director; the last one's output."""
        output = ""
        for line in lines:
            output = self.on("director", self.bpvsadm, *line.split())
        return output

    def service(self, servers=(1, 2), port=80, rport=80, protocol="t", scheduler="rr"):
        self.adm(f"-A -{protocol} {VIP}:{port} -s {scheduler}",
                 *(f"-a -{protocol} {VIP}:{port} -r {rip(n)}:{rport} -m" for n in servers))

    def curl(self, *arguments):
        return self.on("client", "curl", "-sS", "--max-time", "200", *arguments)

    def pages(self, count):
        return [self.curl(f"http://{VIP}/").strip() for _ in range(count)]

    # -- what the director says -----------------------------------------------------------------

    def rows(self, *arguments):
        """Of a listing: {address: numbers}, the service under its own address."""
        found = {}
        for row in self.adm("-Ln " + " ".join(arguments)).splitlines()[3:]:
            words = row.split()
            name = words[1]
            numbers = words[2:] if "--stats" in arguments else words[3:]
            found[name] = [int(n) for n in numbers if n.isdigit()]
        return found

    def connections(self):
        return [row.split() for row in self.adm("-Lnc").splitlines()[2:]]

    # -- servers --------------------------------------------------------------------------------

    def www(self, server):
        return pathlib.Path(f"/run/bpvs-lab/{self.prefix}/rs{server}/www")

    def publish(self, name, size):
        """The same file of random bytes on both web servers; its SHA-256."""
        data = os.urandom(1 << 20) * (size >> 20)
        for server in (1, 2):
            (self.www(server) / name).write_bytes(data)
        return hashlib.sha256(data).hexdigest()

    def listen(self, server, protocol, port, *command):
        """Starts a server's program and waits for its socket."""
        child = self.start(f"rs{server}", *command)
        wait_until(f"rs{server} listens on port {port}",
                   lambda: self.try_on(f"rs{server}", "ss", f"-Hln{protocol[0]}", f"sport = :{port}").stdout.strip())
        return child


def what_is_missing(programs):
    able = subprocess.run([ROOT / "tests" / "needs-director"], capture_output=True, text=True)
    if able.returncode != 0:
        return able.stdout.strip()
    for program in (BIN / "bpvsadm", BIN / "bpvs", BIN / "bpvs-standing"):
        if not program.exists():
            return f"{program.name} is not built"
    for program in ("nginx", "curl", *programs):
        if not shutil.which(program):
            return f"{program} is missing"
    return None


def interrupted(number, _):
    sys.exit(128 + number)


def director_that_stood_is_as_one_that_has_just_come_up(lab):
    equal("lines that differ", [], lab.what_a_reset_leaves())


def main(name, servers=2, programs=(), stands=False):
    """Runs the tests of a file, or those named on the command line. stands: the director does, between them."""
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGHUP, interrupted)
    chosen = [t for t in TESTS if t.__module__ == "__main__"]  # not those of a file that it takes something from
    chosen = [t for t in chosen if not sys.argv[1:] or t.__name__.replace("_", "-") in sys.argv[1:]]
    if stands:
        seed = int(os.environ.get("E2E_SEED", random.SystemRandom().randrange(1 << 32)))
        print(f"{name}: the order of the tests is that of E2E_SEED={seed}")
        random.Random(seed).shuffle(chosen)
        chosen.append(director_that_stood_is_as_one_that_has_just_come_up)
    passed = failed = skipped = 0
    reason = what_is_missing(programs)
    lab = None
    if not reason:
        lab = Lab(name, servers, stands)
        atexit.register(lab.remove)
    for function in chosen:
        label = f"{name}/{function.__name__.replace('_', '-')}"
        start = time.monotonic()
        try:
            if reason:
                raise Skip(reason)
            lab.reset(with_director=not hasattr(function, "without_director"))
            function(lab)
            passed += 1
            print(f"ok {label} ({time.monotonic() - start:.1f} s)", flush=True)
        except Skip as why:
            skipped += 1
            print(f"skip {label}: {why}", flush=True)
        except Exception as why:  # whatever went wrong, the other tests still count
            failed += 1
            place = traceback.extract_tb(why.__traceback__)
            line = next((f.lineno for f in reversed(place) if pathlib.Path(f.filename) == pathlib.Path(sys.argv[0]).resolve()), 0)
            print(f"FAILED {label} (line {line}): {type(why).__name__}: {why}", flush=True)
            if lab and os.environ.get("E2E_STATUS"):
                with contextlib.suppress(Exception):
                    print(lab.on("director", lab.bpvs, "status"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    sys.exit(1 if failed else 0)
