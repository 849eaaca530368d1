#!/usr/bin/python3
"""The tutorial on this kernel: tutorial_world.py IPVSADM LAG DIRECTORY

Makes a lab, gives its real servers a web server of known bytes, does what the tutorial does with
IPVSADM, and sends eight requests and a connection with two. Leaves in DIRECTORY the listings
(tutorial.json) and a capture of every interface on the way (HOST-INTERFACE.pcap).
LAG: seconds until this IPVSADM's counters can be believed.
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

from clock import Clock

HERE = pathlib.Path(__file__).resolve().parent
LAB = str(HERE.parents[1] / "lab" / "lab")
WAY = ("client-eth0", "gw-eth0", "gw-eth1", "director-eth0", "director-eth1", "rs1-eth0", "rs2-eth0")
COMMANDS = ("-A -t 1.1.1.1:80 -s rr", "-a -t 1.1.1.1:80 -r 172.16.1.1:80 -m", "-a -t 1.1.1.1:80 -r 172.16.1.2:80 -m")
SETTLE = 0.3  # seconds for the last acknowledgements; delayed ones take 0.04
PATIENCE = 60  # seconds: a loaded machine is no fault


class Tutorial:
    def __init__(self, ipvsadm, lag, directory):
        self.prefix = f"oracle{os.getpid()}-"
        self.ipvsadm, self.lag, self.directory = ipvsadm, float(lag), pathlib.Path(directory)
        self.children = []

    def lab(self, *arguments):
        subprocess.run([LAB, arguments[0], "-p", self.prefix, *arguments[1:]], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "BPVS_BIN": os.path.dirname(self.ipvsadm)})

    def start(self, host, *command, **options):
        child = subprocess.Popen(["ip", "netns", "exec", self.prefix + host, *command], **options)
        self.children.append(child)
        return child

    def on(self, host, *command):
        return subprocess.run(["ip", "netns", "exec", self.prefix + host, *command], check=True, capture_output=True, text=True).stdout

    def serve(self):
        for n in (1, 2):
            pid = int(pathlib.Path(f"/run/bpvs-lab/{self.prefix}/rs{n}/pid").read_text(encoding="ascii"))
            os.kill(pid, signal.SIGTERM)
            self.wait_for_listener(n, False)
            self.start(f"rs{n}", str(HERE / "web_server.py"), f"RS{n}")
            self.wait_for_listener(n, True)

    def wait_for_listener(self, n, wanted):
        deadline = time.monotonic() + PATIENCE
        while bool(self.on(f"rs{n}", "ss", "-Hltn", "sport = :80")) != wanted:
            if time.monotonic() > deadline:
                raise TimeoutError(f"rs{n}: waited {PATIENCE} seconds for the web server to {'start' if wanted else 'end'}")
            time.sleep(0.05)

    def capture(self):
        captures = []
        for place in WAY:
            host, interface = place.split("-")
            captures.append(self.start(host, "tcpdump", "-i", interface, "-Z", "root", "-s", "0", "--immediate-mode", "-U",
                                       "-w", str(self.directory / f"{place}.pcap"), "tcp", stderr=subprocess.PIPE, text=True))
        for child in captures:
            if not any("listening on" in line for line in iter(child.stderr.readline, "")):
                raise RuntimeError("tcpdump did not start")
        return captures

    def request(self, port, *paths):
        self.clock = Clock()
        pages = self.on("client", "curl", "-sS", "--max-time", str(PATIENCE), "--local-port", str(port),
                        *(f"http://1.1.1.1/{path}" for path in paths))
        deadline = time.monotonic() + PATIENCE
        while not any(f":{port} " in row and "TIME_WAIT" in row for row in self.connections()) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.clock.sleep(SETTLE)
        return pages.split()

    def connections(self):
        return [self.clock.mark(re.sub(" +", " ", row)) for row in self.list("-Lnc")]

    def tables(self):
        seen = {"-Ln": self.list("-Ln")}
        time.sleep(self.lag)
        seen["-Ln --stats"] = self.list("-Ln", "--stats")
        return seen

    def list(self, *arguments):
        """Without the first line, which tells the version."""
        return self.on("director", self.ipvsadm, *arguments).splitlines()[1:]

    def run(self):
        self.lab("up", "-n", "2", "-w", "nginx")
        try:
            self.serve()
            for command in COMMANDS:
                self.on("director", self.ipvsadm, *command.split())
            record = {"before": self.tables(), "pages": [], "connections": []}
            captures = self.capture()
            for port, *paths in [(40000 + n, f"page{n}") for n in range(8)] + [(40010, "kept", "alive")]:
                record["pages"] += self.request(port, *paths)
                record["connections"] += [row for row in self.connections() if f":{port} " in row]
            for child in captures:
                child.send_signal(signal.SIGINT)
                child.wait(10)
            record["after"] = self.tables()
            with open(self.directory / "tutorial.json", "w", encoding="ascii") as file:
                json.dump(record, file, indent=1)
        finally:
            for child in self.children:
                if child.poll() is None:
                    child.kill()
                child.wait()
            self.lab("down")


def interrupted(number, _):
    sys.exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupted)
    Tutorial(*sys.argv[1:]).run()
