"""Differences that BPVS has on purpose, each as narrow as it goes. They are counted; docs/compat.md says why they are."""
import copy
import re


def tuple_of(key):
    """Of a template: without its state, and without ports, which become 65535 when its server is gone."""
    protocol, client, vip, server, *_ = key.split()
    if not client.endswith(":0"):
        return key
    return " ".join([protocol, client, vip.rpartition(":")[0], server.rpartition(":")[0]])


class Rules:
    def __init__(self, sequence):
        self.settings = " ".join(step for step in sequence["steps"] if step.startswith("set "))
        self.steps = sequence["steps"]
        self.renewed, self.ends = set(), {}  # templates that IPVS gave another time, and when they end
        self.has_one_packet = any(re.search(r"-A .* -o\b", step) for step in sequence["steps"])

    def without_explained(self, their, our, counted):
        """Both without what is explained."""
        their, our = copy.copy(their), copy.copy(our)
        self.one_packet(their, our, counted)
        self.template(their, our, counted)
        self.removed_server(their, our, counted)
        self.counters_lag(their, our, counted)
        return their, our

    def one_packet(self, their, our, counted):
        """What replies of a one-packet service belong to is listed."""
        if not self.has_one_packet:
            return
        extra = [key for key in our.conns if key not in their.conns and key.startswith("udp") and key.endswith(" UDP")]
        if extra:
            counted["one-packet rows"] = counted.get("one-packet rows", 0) + len(extra)
            our.conns = {key: value for key, value in our.conns.items() if key not in extra}

    def template(self, their, our, counted):
        """IPVS renews a template that outlived its time by a minute, for ever, and else by the time that the service had
        when it was made; BPVS by the service's own time."""
        edited = re.search(r"-E [^|]* -p \d+", " ".join(self.steps))
        for key, seconds in their.conns.items():
            is_template = key.split()[1].endswith(":0")
            if is_template and 11 < seconds <= 60 and abs(our.conns.get(key, seconds) - seconds) == 2:
                our.conns = {**our.conns, key: seconds}  # one began its minute a moment later
            elif is_template and 58 <= seconds <= 60 and abs(our.conns.get(key, seconds) - seconds) > 1:
                counted["template's minute"] = counted.get("template's minute", 0) + 1
                self.renewed.add(tuple_of(key))
            elif is_template and edited and abs(our.conns.get(key, seconds) - seconds) > 1:
                counted["template's time edited"] = counted.get("template's time edited", 0) + 1
                self.renewed.add(tuple_of(key))
        for side in (their, our):
            for key, seconds in side.conns.items():
                if tuple_of(key) in self.renewed:
                    ends = self.ends.setdefault(tuple_of(key), {})
                    ends[side is their] = side.time + seconds
            side.conns = {key: seconds for key, seconds in side.conns.items() if tuple_of(key) not in self.renewed}

    def template_is_over(self, time):
        """In one world, while it goes on in the other: its client may be sent elsewhere."""
        return any(min(ends.values()) <= time + 1 for ends in self.ends.values())

    def removed_server(self, their, our, counted):
        """With expire_nodest_conn the connections of a removed server end within a second (IPVS: at once). No packet comes
        meanwhile: the plans wait."""
        now = int(their.when) if their.when.isdigit() else len(self.steps)
        recent = self.steps[now - 1:now + 1] if self.steps[now:] and self.steps[now].startswith("wait") else self.steps[now:now + 1]
        if "expire_nodest_conn=1" not in self.settings or not any(re.match(r"bpvsadm -[dD] ", step) for step in recent):
            return
        extra = our.conns.keys() ^ their.conns.keys()  # the sweep of one world may be there before that of the other
        if extra:
            counted["within a second"] = counted.get("within a second", 0) + len(extra)
            for side in (their, our):
                side.conns = {key: value for key, value in side.conns.items() if key not in extra}

    def counters_lag(self, their, our, counted):
        """IPVS counts what its estimator had not yet counted when a server was removed after it came again."""
        text = " ".join(self.steps).replace(":0::", "::")  # plot 0's addresses, as listings have them
        for row in their.counters:
            again = re.fullmatch(r"(tcp|udp|mark) (\S+) > (\S+) conns.*", row)
            if not again or row in our.counters:
                continue
            name = {"tcp": "-t ", "udp": "-u ", "mark": "-f "}[again[1]] + again[2]
            removal = re.search(rf"-d {re.escape(name)}( -6)? -r {re.escape(again[3])}\b|-D {re.escape(name)}\b", text)
            mine = [r for r in our.counters if r.startswith(row[:row.index(" conns")] + " conns")]
            if removal and mine:
                counted["counters' lag"] = counted.get("counters' lag", 0) + 1
                their.counters = [r for r in their.counters if r != row]
                our.counters = [r for r in our.counters if r != mine[0]]
