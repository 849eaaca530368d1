#!/usr/bin/python3
"""Runs scripts one after the other on an empty table and writes down what they did: stage.py RESULT.json SCRIPT...

Whatever is called ipvsadm is theirs. Around the machine they administer there are a client (1.1.1.2, behind eth0) and
a server (172.16.1.1, behind eth1), each a network namespace; $CLIENT runs traffic.py at the client.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LIMIT = 60


class Host:
    """A network namespace that lives as long as its process."""

    def __init__(self, interface, address, gateway):
        self.process = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo && exec sleep 3600"], stdout=subprocess.PIPE)
        self.process.stdout.readline()
        subprocess.run(["ip", "link", "set", interface, "netns", str(self.process.pid)], check=True)
        for command in ("ip link set lo up", f"ip link set {interface} up", f"ip addr add {address}/24 dev {interface}",
                        f"ip route add default via {gateway}"):
            subprocess.run(self.enter() + command.split(), check=True)

    def enter(self):
        return ["nsenter", f"--net=/proc/{self.process.pid}/ns/net"]


def run(script, env):
    for command in (["-C"], ["--set", "900", "120", "300"]):
        subprocess.run(["ipvsadm"] + command, check=True)
    done = subprocess.run([script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=env, timeout=LIMIT, check=False)
    state = subprocess.run(["ipvsadm", "-Sn"], capture_output=True, text=True, check=False)
    return {"exit": done.returncode, "output": done.stdout, "state": state.stdout + state.stderr}


def main():
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    client = Host("eth0-peer", "1.1.1.2", "1.1.1.1")
    server = Host("eth1-peer", "172.16.1.1", "172.16.1.254")
    traffic = str(HERE / "traffic.py")
    serving = subprocess.Popen(server.enter() + [traffic, "serve"], stdout=subprocess.PIPE)
    serving.stdout.readline()
    with tempfile.TemporaryDirectory() as home:
        (at_client := pathlib.Path(home) / "client").write_text(f"#!/bin/sh\nexec {' '.join(client.enter())} {traffic} \"$@\"\n")
        at_client.chmod(0o755)
        env = {**os.environ, "CLIENT": str(at_client), "HOME": home, "TMPDIR": home}
        try:
            results = {pathlib.Path(script).stem: run(script, env) for script in sys.argv[2:]}
        finally:
            for process in (serving, client.process, server.process):
                process.kill()
    pathlib.Path(sys.argv[1]).write_text(json.dumps(results), encoding="utf-8")


if __name__ == "__main__":
    main()
