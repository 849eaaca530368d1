#!/usr/bin/python3
"""goals.py FILE.csv...: what the values of these files are against the goals. Rounded against us, as in bench/report.

A goal that these files have no values for is not listed; with --all it is, as not measured.
"""
import statistics
import sys

from values import PEERS, read, rounded

SCHEDULERS = {  # what choosing among 1,000 servers may cost, as a multiple of choosing among two
    "rr wrr sh dh mh": 1.1,
    "lc wlc sed nq lblc lblcr fo ovf twos": 3,
}


COMMANDS = {  # milliseconds that a command may take (bench/scale)
    "-R of 10000 services x 10 servers": 2000,
    "-Ln of 10000 services x 10 servers": 500,
    "a server added in the middle of 10000": 20,
    "-Lnc of 1000000 connections": 3000,
}
EMPTY = "ns over an empty program"


class Measured:
    """The values, with their medians; a missing one is a KeyError."""

    def __init__(self, paths):
        self.values, _ = read(*paths)

    def median(self, work, metric, peer):
        rounds = self.values[work, metric][peer] if (work, metric) in self.values else None
        if not rounds:
            raise KeyError(work)
        return statistics.median(rounds.values())

    def net(self, work, metric):
        """What a program takes beyond an empty one."""
        return self.median(work, metric, "program") - self.median(work, metric, "empty")

    def ratio(self, work, metric, ours, peer):
        return self.median(work, metric, ours) / self.median(work, metric, peer)

    def of_ipvs(self, work, ours):
        """Of instructions, less those that making a packet takes."""
        source = self.median(work, "cost", "source")
        return (self.median(work, "cost", ours) - source) / (self.median(work, "cost", "ipvs") - source)


def ratios():
    """Rows (work, against what, goal, 'more' or 'less', function of Measured)."""
    udp = {
        "64-byte UDP of 1000 flows": {
            "bpvs": {"plain": 1.25, "nft": 1.5, "only_tc": 0.92},
            "bpvs_tcx": {"plain": 1.25, "nft": 1.5, "only_tcx": 0.92},
            "bpvs_xdp": {"plain": 2.7, "nft": 3.3, "only_xdp": 0.90},
        },
        "64-byte UDP of 1000000 flows": {"bpvs": {"nft": 1.5}, "bpvs_tcx": {"nft": 1.5}, "bpvs_xdp": {"nft": 3}},
    }
    http = {
        "HTTP keep-alive": {"bpvs": {"plain": 1.08, "nft": 1.12, "haproxy": 1.65}},
        "HTTP new connections": {"bpvs": {"plain": 1.05, "nft": 1.10, "haproxy": 1.6}},
    }
    bulk = {
        f"bulk TCP to the {where}{streams}": {"bpvs": {"plain": 1.0, "haproxy": 2.2}}
        for where in ("server", "client")
        for streams in ("", "; 4 streams")
    }
    for work, ours in (udp | http | bulk).items():
        for our, peers in ours.items():
            for peer, goal in peers.items():
                yield work, our, peer, goal, "more", lambda m, w=work, o=our, p=peer: m.ratio(w, "rate", o, p)


def programs():
    for hook, goal in ("tc", 90), ("xdp", 60):
        chain = "chain" if hook == "tc" else "xdp"
        for case in "request", "reply":
            yield f"{case}; packet after packet", hook, EMPTY, goal, "less", lambda m, c=case, h=chain: m.net(c, h)
            yield f"{case}; 1000 connections in turn", hook, EMPTY, goal, "less", (
                lambda m, c=case, h=hook: m.net(f"{c}; 1000 connections", f"stream {h}")
            )
        for case, most in ("new", 450), ("not ours", 25):
            yield f"{case}; 1 service", hook, EMPTY, most, "less", (
                lambda m, c=case, h=hook: m.net(f"{c}; 1 service", f"stream {h}")
            )
        yield "not ours; packet after packet", hook, EMPTY, 25, "less", lambda m, h=chain: m.net("not ours", h)


def growth():
    for schedulers, goal in SCHEDULERS.items():
        for name in schedulers.split():
            few, many = (f"new; {name}; {n} servers" for n in (2, 1000))
            yield f"new; {name}; 1000 servers", "tc", "2 servers", goal, "less", (
                lambda m, few=few, many=many: m.net(many, "stream tc") / m.net(few, "stream tc")
            )
    for hook in "tc", "xdp":
        for case in "request", "reply", "new", "not ours":
            one, many = f"{case}; 1 service", f"{case}; 10000 services"
            yield f"{case}; 10000 services", hook, "1 service", 1.1, "less", (
                lambda m, one=one, many=many, h=f"stream {hook}": m.net(many, h) / m.net(one, h)
            )


def sizes():
    what = "bytes a connection"
    yield "memory of all tables", "bpvs", what, 224, "less", lambda m: m.median("memory", what, "bpvs")
    for work, goal in COMMANDS.items():
        yield work, "bpvs", "ms", goal, "less", lambda m, w=work: m.median(w, "time", "bpvs")
    for our, goal in ("bpvs", 0.5), ("bpvs_xdp", 0.15):
        yield "instructions of a UDP packet", our, "ipvs", goal, "less", (
            lambda m, o=our: m.of_ipvs("64-byte UDP of 1000 flows", o)
        )


NAMES = PEERS | {"tc": "program at tc", "xdp": "program at XDP"}


def shown(value, goal, better):
    return rounded(value, 0 if goal >= 20 else 2, up=better == "less")


def rows(measured):
    """Work, of whom, against what, goal, result, verdict."""
    for work, ours, against, goal, better, of in (*ratios(), *programs(), *growth(), *sizes()):
        sign = ">=" if better == "more" else "<="
        head = work, NAMES[ours], NAMES.get(against, against), f"{sign} {goal:g}"
        try:
            value = of(measured)
        except (KeyError, ZeroDivisionError):
            yield *head, "-", "not measured"
            continue
        good = value >= goal if better == "more" else value <= goal
        yield *head, shown(value, goal, better), "met" if good else "NOT MET"


def main():
    paths = [word for word in sys.argv[1:] if word != "--all"]
    if not paths:
        sys.exit("usage: goals.py [--all] FILE.csv...")
    table = [row for row in rows(Measured(paths)) if row[5] != "not measured" or "--all" in sys.argv]
    if not table:
        return
    print("\nGoals")
    for row in (("work", "of", "against", "goal", "result", ""), *table):
        print("    {:38} {:15} {:24} {:>8} {:>8}  {}".format(*row).rstrip())
    count = [sum(row[5] == verdict for row in table) for verdict in ("met", "NOT MET", "not measured")]
    print("    {} met, {} not met, {} not measured".format(*count))


if __name__ == "__main__":
    main()
