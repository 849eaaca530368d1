#!/usr/bin/python3
"""Runs the cases on this kernel and writes what was seen: wire_world.py IPVSADM LAG FILE [CASE...]

LAG: seconds until this IPVSADM's counters can be believed (the real one refreshes them every two).
"""
import json
import os
import pathlib
import signal
import subprocess
import sys

from legs import Legs
from wire_cases import CASES
from world import World


def interrupted(number, _):
    sys.exit(128 + number)


def main(ipvsadm, lag, path, *names):
    signal.signal(signal.SIGTERM, interrupted)
    legs = Legs(f"oracle-{os.getpid()}-")
    try:
        world = World(legs, ipvsadm, float(lag))
        for case in CASES:
            if not names or case.__name__.replace("_", "-") in names:
                world.run(case)
    finally:
        bpvs = pathlib.Path(ipvsadm).with_name("bpvs")
        if bpvs.is_absolute() and bpvs.exists():  # what it pinned would outlive the namespace
            subprocess.run([bpvs, "down"], check=False)
        legs.remove()
    with open(path, "w", encoding="ascii") as file:
        json.dump(world.record, file, indent=0)
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
