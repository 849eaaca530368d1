"""Transcripts of bpvs_differ: what was seen of each sequence in each round, and the comparison of two of them."""
import dataclasses
import re

import explained

FIRST_END = 57  # seconds after which connections begin to end of which nobody was told: half open and half closed ones
LATE = 1.2  # seconds that a short timer of the kernel's, or BPVS's sweep, may come after its time
EARLY = 0.3


@dataclasses.dataclass
class Look:
    """One sequence in one round."""
    when: str
    time: float  # when its packets had come out
    span: float  # how long that took: nobody knows when each of them passed
    reading: float  # how long the look took that followed: nobody knows when each row was read
    sent: list = dataclasses.field(default_factory=list)
    out: list = dataclasses.field(default_factory=list)
    servers: list = dataclasses.field(default_factory=list)
    conns: dict = dataclasses.field(default_factory=dict)  # text without the seconds: seconds
    counters: list = dataclasses.field(default_factory=list)


def read(path):
    """({plot: [Look]}, [complaints])"""
    found, refused, marks, look = {}, [], [0.0, 0.0, 0.0], None
    with open(path, encoding="ascii", errors="replace") as file:
        for line in file:
            kind, _, rest = line.rstrip("\n").partition(" ")
            if kind == "@":
                marks = [*marks[1:], float(rest)]
            elif kind == "=":
                plot, when = rest.split()
                look = Look(when, marks[1], marks[1] - marks[0], marks[2] - marks[1])
                found.setdefault(int(plot), []).append(look)
            elif kind == "refused":
                refused.append(rest)
            elif kind == "i":
                look.sent.append(rest)
            elif kind == "o":
                look.out.append(rest)
            elif kind == "d":
                look.servers.append(rest)
            elif kind == "c":
                text, _, seconds = rest.rpartition(" ")
                look.conns[text] = int(seconds)
            elif kind == "n":
                look.counters.append(rest)
    return found, refused


class Verdict:
    """Of the comparison of one sequence."""

    def __init__(self):
        self.difference = None  # (when, kind, theirs, ours)
        self.explained = {}
        self.packets = self.decisions = 0
        self.cut = False


class Deadlines:
    """When connections end. Around that time the two worlds may rightly disagree for a moment."""

    def __init__(self):
        self.ends = {}
        self.slack = 0

    def too_close(self, look):
        self.slack = max(self.slack, look.span if look.sent else 0)
        near = any(end - EARLY - self.slack - look.reading <= look.time <= end + 1 + LATE + self.slack for end in self.ends.values())
        return near or any(self.race(key, end) for key, end in self.ends.items() if key.split()[1].endswith(":0") and end <= look.time)

    def race(self, template, end):
        """Did a template end at about the time of a connection, which may have been its own?"""
        return any(key != template and abs(other - end) <= 1 + LATE + self.slack for key, other in self.ends.items())

    def note(self, look):
        self.ends = {key: end for key, end in self.ends.items() if end > look.time - 5}
        for text, seconds in look.conns.items():
            self.ends[" ".join(text.split()[:4])] = look.time + seconds


def is_decision(look):
    return any(re.match(r"tcp \S+ > \S+ S\b|udp ", packet) for packet in look.sent)


def conns_differ(theirs, ours, slack):
    return theirs.keys() != ours.keys() or any(abs(theirs[key] - ours[key]) > 1 + slack for key in theirs)


def compare(theirs, ours, sequence):
    """theirs, ours: [Look]. Stops at the first difference that is not explained."""
    verdict, deadlines = Verdict(), Deadlines()
    rules = explained.Rules(sequence)
    for their, our in zip(theirs, ours, strict=True):
        if their.when != "counters" and (deadlines.too_close(their) or our.time > FIRST_END or rules.template_is_over(our.time)):
            verdict.cut = True
            break
        their, our = rules.without_explained(their, our, verdict.explained)
        for kind, same, a, b in (("packets sent", their.sent == our.sent, their.sent, our.sent),
                                 ("packets", their.out == our.out, their.out, our.out),
                                 ("connections", not conns_differ(their.conns, our.conns, deadlines.slack + their.reading), their.conns, our.conns),
                                 ("servers", sorted(their.servers) == sorted(our.servers), their.servers, our.servers),
                                 ("counters", sorted(their.counters) == sorted(our.counters), their.counters, our.counters)):
            if not same:
                verdict.difference = (their.when, kind, a, b)
                return verdict
        verdict.packets += len(their.sent)
        verdict.decisions += sum(bool(re.match(r"tcp \S+ > \S+ S\b|udp ", packet)) for packet in their.sent)
        deadlines.note(their)
        deadlines.note(our)
    return verdict
