"""What the drivers in Python share: values in a file, a director of its own between two veth pairs, how they end."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ.get("BPVS_BIN", HERE.parent / "build/release/bin")).resolve()
OUT = pathlib.Path(os.environ.get("BENCH_OUT", HERE.parent / "build/bench"))
COLUMNS = "round,peer,work,metric,unit,better,value"
PATH = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"


class Failed(Exception):
    """With one sentence that says why."""


def number(variable, default, most):
    text = os.environ.get(variable, str(default))
    if not re.fullmatch("[0-9]+", text) or not 1 <= int(text) <= most:
        raise Failed(f"{variable} must be a number from 1 to {most}, not '{text}'")
    return int(text)


def run(*command, check=True, stdin=""):
    """What a command prints. It runs alone, so its namespace is where `ip netns exec` or nsenter put it."""
    done = subprocess.run(
        [str(word) for word in command],
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=os.environ | {"LC_ALL": "C", "PATH": PATH},
        check=False,
    )
    if check and done.returncode != 0:
        what = " ".join(str(word) for word in command)
        raise Failed(f"'{what}' failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Values:
    """Every single value, in a file that bench/report reads."""

    def __init__(self, part):
        OUT.mkdir(parents=True, exist_ok=True)
        self.path = OUT / f"{part}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}.csv"
        self.path.write_text(COLUMNS + "\n", encoding="ascii")

    def add(self, round_, peer, work, metric, unit, value, better="less"):
        with self.path.open("a", encoding="ascii") as file:
            file.write(f"{round_},{peer},{work},{metric},{unit},{better},{value}\n")


class Director:
    """A director's network namespace: clients behind `out`, real servers (172.16.0.0/16) behind a gateway at `in`.

    Nobody is there to answer: test runs need no more than to know the way. The gateways have the MAC addresses of the
    director's other interface, so that a frame that was sent on can come in again (bpvs-prog-run).
    """

    out_mac, in_mac = "02:00:00:00:d0:00", "02:00:00:00:d0:01"

    def __init__(self, prefix):
        if os.geteuid() != 0:
            raise Failed("network namespaces need root; run it with sudo")
        for tool in ("bpvs", "bpvsadm", "bpvs-prog-run", "bpvs-stream-run", "bpvs-sweep-run"):
            if not os.access(BIN / tool, os.X_OK):
                raise Failed(f"{BIN / tool} is not there; build it with scripts/build bench, or name its directory in BPVS_BIN")
        self.name = f"{prefix}-{os.getpid()}"

    def __enter__(self):
        run("ip", "netns", "add", self.name)
        try:
            self.make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.on(BIN / "bpvs", "down", check=False)
        run("ip", "netns", "del", self.name, check=False)

    def make(self):
        batch = [
            "link set lo up",
            f"link add out address {self.out_mac} type veth peer name clients",
            f"link add in address {self.in_mac} type veth peer name servers",
            *(f"link set {name} up" for name in ("out", "in", "clients", "servers")),
            "addr add 1.1.1.1/24 dev out",
            "addr add 10.255.0.1/24 dev in",
            "route add 172.16.0.0/12 via 10.255.0.2",
            f"neigh add 10.255.0.2 lladdr {self.out_mac} dev in",
            f"neigh add 1.1.1.254 lladdr {self.in_mac} dev out",
            "route add default via 1.1.1.254",
        ]
        settings = "net.ipv6.conf.default.disable_ipv6=1", "net.ipv4.ip_forward=1"
        run("ip", "netns", "exec", self.name, "sysctl", "-qw", *settings)
        run("ip", "-n", self.name, "-batch", "-", stdin="\n".join(batch) + "\n")
        for name in ("clients", "servers"):  # so that they take what XDP sends
            run("ip", "netns", "exec", self.name, "ethtool", "-K", name, "gro", "on")

    def on(self, *command, check=True, stdin=""):
        """In the host's mount namespace, where the pins are."""
        return run("nsenter", f"--net=/run/netns/{self.name}", *command, check=check, stdin=stdin)

    def fresh(self, connections, table, xdp=False):
        """A new director with room for so many, and a table as bpvsadm -R reads it."""
        self.on(BIN / "bpvs", "down")
        self.on(BIN / "bpvs", "up", "--connections", (connections * 8 // 7 + 2048) // 1024 * 1024, "out", "in")
        if xdp:
            for name in ("out", "in"):
                self.on(BIN / "bpvs", "attach", name, "--mode", "xdp")
        self.on(BIN / "bpvsadm", "-R", stdin=table)


def main(name, body):
    """Runs body(); a failure is one sentence, and a signal lets it clean up."""
    for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(which, lambda number, frame: sys.exit(128 + number))
    try:
        body()
    except Failed as why:
        sys.exit(f"{name}: {why}")


def finish(values):
    """The report of a part that ran alone or in bench/all."""
    for program in ("machine",), ("report", values.path), ("goals.py", values.path):
        print(run(HERE / program[0], *program[1:]), end="")
    print(f"every value is in {values.path}", file=sys.stderr)
