#!/usr/bin/python3
"""The tutorial by the real IPVS and by BPVS: the same commands, requests, listings and packets."""
import difflib
import itertools
import json
import pathlib
import sys
import tempfile

import differ
from tutorial_world import WAY

HERE = pathlib.Path(__file__).resolve().parent
TESTS = ("requests-go-to-the-same-servers", "listings-are-the-same", "counters-are-the-same",
         "connections-have-the-same-states-and-seconds",
         *(f"packets-are-the-same-at-{place}" for place in WAY),
         "ipvs-leaves-the-rest-of-the-segment-alone", "bpvs-leaves-the-rest-of-the-segment-alone")


def lines_that_differ(ours, theirs):
    """Empty when equal; rows may be a second apart."""
    if differ.same_lines(theirs, ours):
        return []
    return difflib.unified_diff(theirs, ours, "IPVS", "BPVS", n=1, lineterm="")


def packets_that_differ(ipvs, bpvs, place):
    theirs, ours = (differ.conversations(world / f"{place}.pcap") for world in (ipvs, bpvs))
    for port in sorted(theirs.keys() | ours.keys()):
        a, b = (differ.normalised(world.get(port, [])) for world in (theirs, ours))
        if len(a) != len(b) or not all(map(differ.same_segment, a, b)):
            yield from difflib.unified_diff(a, b, f"IPVS, client port {port}", f"BPVS, client port {port}", n=0, lineterm="")


def what_a_director_changed(world):
    """Between its two interfaces: nothing but addresses, ports, MACs, TTL and checksums."""
    outside, inside = (differ.conversations(world / f"director-{interface}.pcap") for interface in ("eth0", "eth1"))
    if not outside or outside.keys() != inside.keys():
        yield f"connections outside {sorted(outside)}, inside {sorted(inside)}"
    for port in sorted(outside.keys() & inside.keys()):
        for n, (a, b) in enumerate(itertools.zip_longest(outside[port], inside[port])):
            if not (a and b) or any(getattr(a, f) != getattr(b, f) for f in ("rest", "ident", "tos", "fragment", "ip_options")):
                yield f"client port {port}, segment {n + 1}: outside {a and vars(a)}, inside {b and vars(b)}"


def compare(results, ipvs, bpvs):
    theirs, ours = (json.loads((world / "tutorial.json").read_text(encoding="ascii")) for world in (ipvs, bpvs))
    checks = [lines_that_differ(ours["pages"], theirs["pages"]),
              [*lines_that_differ(ours["before"]["-Ln"], theirs["before"]["-Ln"]),
               *lines_that_differ(ours["after"]["-Ln"], theirs["after"]["-Ln"])],
              [*lines_that_differ(ours["before"]["-Ln --stats"], theirs["before"]["-Ln --stats"]),
               *lines_that_differ(ours["after"]["-Ln --stats"], theirs["after"]["-Ln --stats"])],
              lines_that_differ(ours["connections"], theirs["connections"]),
              *(packets_that_differ(ipvs, bpvs, place) for place in WAY),
              what_a_director_changed(ipvs), what_a_director_changed(bpvs)]
    for name, problems in zip(TESTS, checks, strict=True):
        results.test(f"tutorial/{name}", problems)


def run_worlds(bpvsadm, ipvs, bpvs):
    """Both at once; the complaint of one that failed, or None."""
    world = str(HERE / "tutorial_world.py")
    with differ.Worlds() as worlds:
        worlds.start("BPVS", world, bpvsadm, "0", bpvs)
        worlds.start("IPVS", HERE / "lvs-oracle", "-o", ipvs, world, "ipvsadm", "2.1", ipvs)
        return worlds.finish("BPVS") or worlds.finish("IPVS")


def main(results, bpvsadm):
    reason = differ.oracle_is_missing() or differ.bpvs_cannot_run(bpvsadm)
    if reason:
        for name in TESTS:
            results.skip(f"tutorial/{name}", reason)
        return
    with tempfile.TemporaryDirectory() as directory:
        ipvs, bpvs = (pathlib.Path(directory, name) for name in ("ipvs", "bpvs"))
        ipvs.mkdir()
        bpvs.mkdir()
        complaint = run_worlds(bpvsadm, ipvs, bpvs)
        if complaint:
            for name in TESTS:
                results.test(f"tutorial/{name}", [complaint])
        else:
            compare(results, ipvs, bpvs)


if __name__ == "__main__":
    RESULTS = differ.Results()
    main(RESULTS, differ.find_bpvsadm())
    sys.exit(RESULTS.close())
