"""twos chooses at random, so its choices are counted: as often as IPVS's for each server, within what chance explains.

usage: twos.py MODULE       count IPVS's choices anew, with ip_vs_twos.ko built for the guest's kernel, which has none itself
"""
import collections
import json
import math
import pathlib
import subprocess
import sys

import transcript
import worlds

RECORDED = pathlib.Path(__file__).with_name("twos-of-ipvs.json")
FARMS = [([1, 1], [0, 0]), ([1, 1], [0, 5]), ([3, 2, 1], [0, 0, 0]), ([5, 3, 1], [10, 3, 1]),
         ([1, 2, 3, 4, 40], [7, 1, 9, 0, 120])]  # weights and active connections, as in twos.cc
SIGMAS = 5  # a count is off by more once in two million


def counted(path):
    """For each farm, how often each server was chosen."""
    looks = transcript.read(path)[0]
    counts = []
    for plot, (weights, _) in enumerate(FARMS):
        seen = collections.Counter()
        for look in looks[plot]:
            frames = [bytes.fromhex(out.split()[1]) for out in look.out if out.startswith("inside ")]
            seen.update(frame[14 + 19] for frame in frames if frame[14 + 9] == 17)  # the last byte of where a datagram went
        counts.append([seen[n + 1] for n in range(len(weights))])
    return counts


def expected(weights, active):
    """The share of each server. Two numbers from 0 to the sum of the weights are drawn, so the first of the list, the one added
    last, has one more chance than it weighs; the second server takes it if it has strictly less for its weight."""
    total = sum(weights) + 1
    drawn = [(weight + (n == len(weights) - 1)) / total for n, weight in enumerate(weights)]
    shares = [0.0] * len(weights)
    for a, first in enumerate(drawn):
        for b, second in enumerate(drawn):
            shares[b if active[a] * weights[b] > active[b] * weights[a] else a] += first * second
    return shares


def complaints(ours, theirs):
    """theirs: what IPVS was seen to do."""
    for (weights, active), mine, other in zip(FARMS, ours, theirs, strict=True):
        name = f"twos with weights {weights} and connections {active}"
        n, m = sum(mine), sum(other)
        for server, (a, b, share) in enumerate(zip(mine, other, expected(weights, active), strict=True), 1):
            spread = math.sqrt(share * (1 - share))
            if abs(a - n * share) > SIGMAS * spread * math.sqrt(n):
                yield f"{name}: server {server} got {a} of {n}, its share is {n * share:.0f}"
            if abs(a / n - b / m) > SIGMAS * spread * math.sqrt(1 / n + 1 / m):
                yield f"{name}: server {server} got {a} of {n}, from IPVS {b} of {m}"


def plan(directory):
    path = directory.path("twos.plan")
    with open(path, "w", encoding="ascii") as file:
        subprocess.run([worlds.DIFFER, "generate", "twos"], stdout=file, check=True)
    return path


def check(directory):
    """(counts, complaints) of the native core."""
    path = plan(directory)
    subprocess.run([worlds.DIFFER, "play", "native", path, path + ".native"], check=True)
    ours = counted(path + ".native")
    return ours, list(complaints(ours, json.loads(RECORDED.read_text(encoding="ascii"))["counts"]))


def record(module):
    with worlds.Directory() as directory:
        path = plan(directory)
        directory.finish(directory.start_ipvs(path, module=module))
        theirs = counted(path + ".ipvs")
        print(*complaints(theirs, theirs), sep="\n")
        RECORDED.write_text(json.dumps({"farms": FARMS, "counts": theirs}) + "\n", encoding="ascii")


if __name__ == "__main__":
    record(*sys.argv[1:])
