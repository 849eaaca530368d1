#!/usr/bin/python3
"""Plays cases with whatever is called ipvsadm, and writes down what happened: player.py CASES.json RESULT.json

A case is {"runs": [{"argv": [...], "in": text, "env": {...}}...], "state": [[...]...], "changes": bool}. It begins
with the table of "base". Its result is {"runs": [[exit, stdout, stderr]...], "state": [text...] or null}: what the
command lines of "state" print afterwards, null if they print what they do for the base.
"""
import json
import os
import subprocess
import sys
import tempfile

PROC = "/proc/net/ip_vs"


class Player:
    def __init__(self, base):
        self.home = tempfile.mkdtemp(prefix="beside-")
        self.base = base
        self.base_states = {}
        with open(os.path.join(self.home, ".popt"), "w", encoding="utf-8") as alias:
            alias.write(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "world/popt")).read())
        self.env = {"HOME": self.home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC"}
        if "BPVSADM_TABLE" in os.environ:
            self.env["BPVSADM_TABLE"] = os.environ["BPVSADM_TABLE"]

    def run(self, argv, stdin="", env=None):
        words = ["ipvsadm"] + [os.fsencode(word) for word in argv]
        done = subprocess.run(words, input=os.fsencode(stdin), capture_output=True, close_fds=False, timeout=60,
                              env={**self.env, **(env or {})}, check=False)
        return [done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr)]

    def reset(self, case=None):
        self.run(["-C"])
        if case is None or any("--set" in r["argv"][:1] for r in case["runs"]):
            self.run(["--set", "900", "120", "300"])
        if case and any("--start-daemon" in r["argv"][:1] for r in case["runs"]):
            self.run(["--stop-daemon", "master"])
            self.run(["--stop-daemon", "backup"])
        status, _, complaint = self.run(["-R"], self.base)
        if status != 0 or complaint:
            sys.exit(f"player: the base table is refused: {complaint}")

    def state(self, questions):
        return ["".join(self.run(question)[1:]) for question in questions]

    def glance(self):
        """Something cheap that tells most changes of the table; None: there is nothing like that here."""
        if "BPVSADM_TABLE" in self.env or not os.path.exists(PROC):
            return None
        with open(PROC, encoding="utf-8") as table:
            return table.read()

    def play(self, case):
        before = self.glance()
        runs = [self.run(r["argv"], r.get("in", ""), r.get("env")) for r in case["runs"]]
        after = self.glance()
        if after is not None and after == before and (not case["changes"] or all(r[0] != 0 for r in runs)):
            return {"runs": runs, "state": None}
        key = json.dumps(case["state"])
        if key not in self.base_states:
            state = self.state(case["state"])
            self.reset(case)
            self.base_states[key] = self.state(case["state"])
        else:
            state = self.state(case["state"])
            if state != self.base_states[key] or case["changes"]:
                self.reset(case)
        return {"runs": runs, "state": None if state == self.base_states[key] else state}


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
