"""The command lines of this suite: every command with every option, in every spelling, and the values of each."""
import itertools
import pathlib
import subprocess

# What is there when each command line is run.
BASE = """\
-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 172.16.1.1:80 -m -w 3 -x 20 -y 10
-a -t 10.0.0.1:80 -r 172.16.1.2:8080 -m
-A -u 10.0.0.1:53 -s wrr -p 50
-a -u 10.0.0.1:53 -r 172.16.1.1:53 -g -w 0
-A --sctp-service 10.0.0.1:9 -s lc
-a --sctp-service 10.0.0.1:9 -r 172.16.1.1:9 -i
-A -f 7 -s sh -b sh-port
-a -f 7 -r 172.16.1.1 -i --tun-type gue --tun-port 6080
-A -f 8 -6 -s mh -p 77 -M 64
-a -f 8 -6 -r fd00:1::1 -g
-A -t [fd00::1]:80 -s wlc
-a -t [fd00::1]:80 -r [fd00:1::1]:80 -m
-a -t [fd00::1]:80 -r [fd00:1::2]:8080 -m -w 7
-A -t 10.0.0.5:0 -s sed -p 300 -M 255.255.255.0
-a -t 10.0.0.5:0 -r 172.16.1.1:0 -g
"""
CHANGES = ("add-service", "edit-service", "delete-service", "flush", "restore", "add-server", "edit-server",
           "delete-server", "zero", "set", "start-daemon", "stop-daemon")
STATE = [["-Sn"]]
STATES = {"add-server": [["-Sn"], ["-Ln", "--thresholds"]], "edit-server": [["-Sn"], ["-Ln", "--thresholds"]],
          "set": [["-L", "--timeout"]], "start-daemon": [["-L", "--daemon"]], "stop-daemon": [["-L", "--daemon"]]}

VALUE = {"scheduler": "wrr", "persistent": "120", "netmask": "255.255.255.0", "pe": "sip", "sched-flags": "flag-1",
         "weight": "5", "u-threshold": "9", "l-threshold": "0", "mcast-interface": "eth0", "syncid": "5",
         "mcast-group": "224.0.0.81", "mcast-port": "8848", "mcast-ttl": "1", "sync-maxlen": "1400",
         "tun-type": "gue", "tun-port": "6080"}
SERVICE = {"tcp-service": "10.0.0.{}:80", "udp-service": "10.0.0.{}:53", "sctp-service": "10.0.0.{}:9"}


class Tables:
    """cli/bpvsadm/options.cc, as bpvsadm-options prints it."""

    def __init__(self, program):
        self.commands, self.options, self.rules = [], [], {}
        for line in subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines():
            kind, *fields = line.split("\t")
            if kind == "command":
                self.commands.append(Row(*fields[:4]))
            elif kind == "option":
                self.options.append(Row(*fields[:4]))
            else:
                self.rules[fields[0], fields[1]] = fields[2]

    def illegal(self, verb, option):
        return self.rules.get((verb, option), " ") == "x"

    def required(self, verb, option):
        return self.rules.get((verb, option), " ") == "+"


class Row:
    def __init__(self, what, long, short, takes):
        self.what = what
        self.long = None if long == "-" else long
        self.short = None if short == "-" else short
        self.takes = int(takes)

    def spellings(self):
        return ([f"-{self.short}"] if self.short else []) + ([f"--{self.long}"] if self.long else [])

    def __repr__(self):
        return self.spellings()[-1]


def value(verb, option):
    """What a plausible command line gives to an option."""
    host = 2 if verb == "add-service" else 1
    if option.what == "service-address":
        return {"add-service": "9"}.get(verb, "7") if option.short == "f" else SERVICE[option.long].format(host)
    if option.what == "real-server":
        return "172.16.1.3:80" if verb == "add-server" else "172.16.1.1:80"
    return VALUE.get(option.what, "")


def forms(verb, option):
    """Every way to write an option: lists of words."""
    given = value(verb, option)
    for spelling in option.spellings():
        if option.takes == 0:
            yield [spelling]
            continue
        yield [spelling, given]
        yield [f"{spelling}={given}"]
        if not spelling.startswith("--"):
            yield [f"{spelling}{given}"]
        if option.takes == 2:
            yield [spelling]


def operands(verb):
    return {"set": ["1", "2", "3"], "start-daemon": ["master"], "stop-daemon": ["master"]}.get(verb, [])


def plain(verb, *but):
    """What the command requires, bar the options named."""
    words = []
    if verb.endswith(("-service", "-server")) and "service-address" not in but:
        words += ["-t", SERVICE["tcp-service"].format(2 if verb == "add-service" else 1)]
    if verb.endswith("-server") and "real-server" not in but:
        words += ["-r", "172.16.1.3:80" if verb == "add-server" else "172.16.1.1:80"]
    return words


def cell_lines(tables):
    """Every command in every spelling, alone and with every option in every spelling."""
    for command in tables.commands:
        verb = command.what
        for spelling in command.spellings():
            yield verb, [spelling, *operands(verb)]
            yield verb, [spelling, *operands(verb), *plain(verb)]
            if command.takes == 1:
                yield verb, [f"{spelling}={operands(verb)[0]}"]
            for option in tables.options:
                for words in forms(verb, option):
                    if spelling.startswith("--") and words[0].startswith("--") and len(words) == 2:
                        continue
                    yield verb, [spelling, *operands(verb), *plain(verb, option.what), *words]
                    if option.what not in ("service-address", "real-server") and plain(verb):
                        yield verb, [spelling, *operands(verb), *words, *plain(verb)]
            for other in tables.commands:
                yield verb, [spelling, *operands(verb), *plain(verb), other.spellings()[0], *operands(other.what)]
        if command.short:
            for option in tables.options:
                if option.short and option.takes == 0:
                    yield verb, [f"-{command.short}{option.short}", *plain(verb)]
                elif option.short and command.takes == 0:
                    yield verb, [f"-{command.short}{option.short}", value(verb, option), *plain(verb, option.what)]


def short_form(verb, option):
    return next(iter(forms(verb, option)))


def pair_lines(tables):
    """Options that are legal one by one, two at a time; the same option twice; tunnels in full."""
    seen = set()
    for command in tables.commands:
        verb = command.what
        if verb in seen:
            continue
        seen.add(verb)
        legal = [o for o in tables.options if not tables.illegal(verb, o.what)]
        if verb in ("help", "version"):
            legal = [o for o in legal if o.what in ("weight", "numeric", "service-address")]
        start = [command.spellings()[0], *operands(verb)]
        for one, two in itertools.combinations_with_replacement(legal, 2):
            yield verb, [*start, *plain(verb, one.what, two.what), *short_form(verb, one), *short_form(verb, two)]
        for one, two in itertools.combinations(legal, 2):
            if one.what != two.what and ("service-address" in (one.what, two.what) or one.what == "ipv6"):
                yield verb, [*start, *plain(verb, one.what, two.what), *short_form(verb, two), *short_form(verb, one)]
    details = (["--tun-port", "6080"], ["--tun-nocsum"], ["--tun-csum"], ["--tun-remcsum"])
    for verb, method, kind in itertools.product(("-a", "-e"), ("-i", "-g", ""), ("", "ipip", "gue", "gre", "vxlan")):
        for chosen in itertools.product((False, True), repeat=4):
            words = [word for detail, on in zip(details, chosen) if on for word in detail]
            server = "172.16.1.3" if verb == "-a" else "172.16.1.1:80"
            line = [verb, "-t", "10.0.0.1:80", "-r", server, *([method] if method else [])]
            yield "add-server" if verb == "-a" else "edit-server", line + (["--tun-type", kind] if kind else []) + words


def all_lines(tables, values):
    """(verb, words, environment) of every case, each once."""
    verb_of = {spelling: command.what for command in tables.commands for spelling in command.spellings()}
    lines, seen = [], set()
    for verb, words in itertools.chain(cell_lines(tables), pair_lines(tables),
                                       ((verb_of.get(w[0] if w else "", ""), w) for w in values)):
        if tuple(words) not in seen:
            seen.add(tuple(words))
            lines.append((verb, words, {}))
    for words in (["-A", "-t", "10.0.0.2:80", "x", "-s", "rr"], ["--set", "1", "-n", "2", "3"], ["-L", "--", "-n"],
                  ["x", "-L"], ["-L", "-n", "x"], ["--set", "--", "1", "2", "3"]):
        lines.append((verb_of.get(words[0], ""), words, {"POSIXLY_CORRECT": "1"}))
    return lines


def case(verb, words, env):
    changes = verb in CHANGES or verb == ""
    return {"runs": [{"argv": words, "env": env}], "state": STATES.get(verb, STATE), "changes": changes}


def default_program():
    import sides
    return str(sides.BIN / "bpvsadm-options")


def read_values():
    """values.txt: one command line a line, quoted as for the shell; # begins a comment."""
    import shlex
    path = pathlib.Path(__file__).with_name("values.txt")
    lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return [expand(shlex.split(line)) for line in lines if line.strip() and not line.startswith("#")]


def expand(words):
    """X*N stands for N times X: very long words."""
    result = []
    for word in words:
        head, star, count = word.rpartition("*")
        result.append(head[:-1] + head[-1] * int(count) if star and head and count.isdigit() else word)
    return result
