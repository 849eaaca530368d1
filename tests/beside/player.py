#!/usr/bin/python3
"""Plays cases with whatever is called ipvsadm, and writes down what happened: player.py CASES.json RESULT.json

A case is {"runs": [{"argv": [...], "in": text, "env": {...}}...], "state": [[...]...], "changes": bool}. It begins
with the table of "base". Its result is {"runs": [[exit, stdout, stderr]...], "state": [text...] or null, "base": …}: what
the command lines of "state" print afterwards, null if they print what they do for the base, and that.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

PROC = pathlib.Path("/proc/net/ip_vs")


class Player:
    def __init__(self, base):
        self.home = tempfile.mkdtemp(prefix="beside-")
        self.base = base
        self.base_states = {}
        with open(os.path.join(self.home, ".popt"), "w", encoding="utf-8") as alias:
            alias.write(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "world/popt")).read())
        self.env = {"HOME": self.home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC"}
        self.table = self.table_of_base = None
        if "BPVSADM_TABLE" in os.environ:
            self.env["BPVSADM_TABLE"] = os.environ["BPVSADM_TABLE"]
            self.table = pathlib.Path(os.environ["BPVSADM_TABLE"])

    def run(self, argv, stdin="", env=None):
        words = ["ipvsadm"] + [os.fsencode(word) for word in argv]
        done = subprocess.run(words, input=os.fsencode(stdin), capture_output=True, close_fds=False, timeout=60,
                              env={**self.env, **(env or {})}, check=False)
        return [done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr)]

    def reset(self, case=None):
        """The base table again. `case`: what was played since the last time."""
        if self.table and self.table_of_base:
            self.table.write_bytes(self.table_of_base)
            return
        self.run(["-C"])
        if case is None or mentions(case, "--set"):
            self.run(["--set", "900", "120", "300"])
        if case and mentions(case, "--start-daemon"):
            self.run(["--stop-daemon", "master"])
            self.run(["--stop-daemon", "backup"])
        status, _, complaint = self.run(["-R"], self.base) if self.base else (0, "", "")
        if status != 0 or complaint:
            sys.exit(f"player: the base table is refused: {complaint}")
        if self.table:
            self.table_of_base = self.table.read_bytes()

    def state(self, questions):
        return ["".join(self.run(question)[1:]) for question in questions]

    def unchanged(self, case, runs, before):
        """Whether it can be told cheaply that nothing has changed."""
        if self.table:
            return self.table.read_bytes() == self.table_of_base
        harmless = not case["changes"] or all(r[0] != 0 for r in runs)
        return harmless and before is not None and before == self.glance()

    def glance(self):
        """The kernel's own view, which lacks thresholds and timeouts."""
        return PROC.read_text(encoding="utf-8") if not self.table and PROC.exists() else None

    def play(self, case):
        before = self.glance()
        runs = [self.run(r["argv"], r.get("in", ""), r.get("env")) for r in case["runs"]]
        if self.unchanged(case, runs, before):
            return {"runs": runs, "state": None, "base": None}
        key = json.dumps(case["state"])
        if key not in self.base_states:
            state = self.state(case["state"])
            self.reset(case)
            self.base_states[key] = self.state(case["state"])
        else:
            state = self.state(case["state"])
            if state != self.base_states[key] or case["changes"]:
                self.reset(case)
        base = self.base_states[key]
        return {"runs": runs, "state": None if state == base else state, "base": base}


def mentions(case, word):
    return any(word in " ".join(r["argv"]) + r.get("in", "") for r in case["runs"])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    player = Player(job["base"])
    player.reset()
    results = [player.play(case) for case in job["cases"]]
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(results, file)


if __name__ == "__main__":
    main()
