"""Random sequences of ipvsadm command lines: mostly valid, about few services and servers so that they meet, some mutated."""

VIPS = ("10.1.0.1", "10.1.0.2", "[fd00::1]", "[fd00::2]")
RIPS4 = ("172.16.1.1", "172.16.1.2", "172.16.1.3", "192.0.2.7", "1.1.1.1")
RIPS6 = ("[fd00:1::1]", "[fd00:1::2]", "[2001:db8::5]")
MARKS = ("1", "7", "4294967295")
SCHEDULERS = ("rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh")
LONG = {"-A": "--add-service", "-E": "--edit-service", "-D": "--delete-service", "-C": "--clear", "-S": "--save",
        "-a": "--add-server", "-e": "--edit-server", "-d": "--delete-server", "-L": "--list", "-Z": "--zero",
        "-t": "--tcp-service", "-u": "--udp-service", "-f": "--fwmark-service", "-6": "--ipv6", "-s": "--scheduler",
        "-p": "--persistent", "-M": "--netmask", "-b": "--sched-flags", "-o": "--ops", "-r": "--real-server",
        "-g": "--gatewaying", "-i": "--ipip", "-m": "--masquerading", "-w": "--weight", "-x": "--u-threshold",
        "-y": "--l-threshold", "-n": "--numeric", "-c": "--connection", "-X": "--exact"}
OPTIONS = (["-t", "10.1.0.1:80"], ["-u", "10.1.0.1:53"], ["-f", "7"], ["-6"], ["-s", "rr"], ["-p"], ["-p", "30"],
           ["-M", "255.255.255.0"], ["-M", "64"], ["-b", "flag-1"], ["-o"], ["-r", "172.16.1.1:80"], ["-g"], ["-i"], ["-m"],
           ["-w", "2"], ["-x", "4"], ["-y", "2"], ["-n"], ["-c"], ["-X"], ["--pe", "sip"], ["--stats"], ["--rate"],
           ["--thresholds"], ["--persistent-conn"], ["--tun-info"], ["--timeout"], ["--daemon"], ["--sort"], ["--nosort"],
           ["--syncid", "3"], ["--tun-type", "gre"], ["--tun-port", "99"], ["--tun-csum"], ["--mcast-ttl", "3"], ["-Q"],
           ["--nosuch"], ["-A"], ["-L"], ["--"], ["x"], ["-h"])
VALUES = ("", "0", "1", "-1", "+1", " 1", "1 ", "255", "256", "65535", "65536", "2147483647", "2147483648", "4294967295",
          "4294967296", "99999999999999999999", "x", "1x", "0x10", "010", "1.5", "10.1.0.1", "10.1.0.1:", "10.1:80", ":80",
          "10.1.0.1:http", "10.1.0.1:nosuch", "10.1.0.1:0", "10.1.0.1:65536", "[fd00::1]", "[fd00::1]:80", "fd00::1",
          "[10.1.0.1]:80", "[fd00::1", "::", "0.0.0.0", "255.255.255.255", "224.0.0.1", "127.0.0.1:80", "localhost:80",
          "255.255.0.0", "128", "129", "rr", "RR", "twos", "sh-port", "flag-1,flag-2", "flag-9", ",", "gue", "sip",
          "rrrrrrrrrrrrrrrrrrrr", "ü", "a b", "=", "=1", "--", "-")
LISTINGS = ((["-Ln"], ["-Ln", "--thresholds"]), (["-L"], ["-Ln", "--tun-info"]), (["-S"], ["-Ln", "--persistent-conn"]),
            (["-Ln", "--nosort"], ["-Ln", "--stats", "--exact"]), (["-Ln", "--rate"], ["-L", "--timeout"]))


class Grammar:
    def __init__(self, random):
        self.random = random
        self.services = []  # the words that name services used so far
        self.servers = []   # pairs of those and the words that name a server

    def sequence(self):
        """{"runs": …, "state": …, "changes": True}, as player.py takes them."""
        self.services, self.servers = [], []
        length = self.random.choice((3, 5, 8, 12))
        runs = [{"argv": self.add_service()}] + [self.run() for _ in range(length)]
        state = [["-Sn"], *self.random.choice(LISTINGS)]
        return {"runs": runs, "state": state, "changes": True}

    def run(self):
        if self.random.random() < 0.05:
            lines = [self.line() for _ in range(self.random.randint(1, 6))]
            plain = [w for w in lines if w and all(word and not set(word) & set(" \n") for word in w)]
            return {"argv": [self.random.choice(("-R", "-R", "--restore"))],
                    "in": "".join(" ".join(words) + "\n" for words in plain if words[0] not in ("-h", "--help", "-v"))}
        return {"argv": self.line()}

    def line(self):
        words = self.valid()
        if self.random.random() < 0.15:
            for _ in range(self.random.choice((1, 1, 2, 3))):
                words = self.mutated(words)
        return self.spelled(words)

    # What people type.

    def valid(self):
        pick = self.random.choices(
            (self.add_service, self.edit_service, self.add_server, self.edit_server, self.delete_server,
             self.delete_service, self.listing, self.zero, self.timeouts, self.flush, self.save, self.help),
            (22, 10, 25, 14, 7, 4, 10, 3, 2, 1, 2, 1))[0]
        return pick()

    def new_service(self):
        port = self.random.choice(("80", "443", "53", "80", "0", "http"))
        kind = self.random.choices(("-t", "-u", "--sctp-service", "-f"), (6, 4, 1, 3))[0]
        if kind == "-f":
            return ["-f", self.random.choice(MARKS)] + (["-6"] if self.random.random() < 0.3 else [])
        vip = self.random.choice(VIPS)
        if port == "http" and kind != "-t":
            port = "80"
        if port == "0" and self.random.random() < 0.5:
            return [kind, vip.strip("[]")]
        return [kind, f"{vip}:{port}"]

    def service(self, known=0.85):
        if self.services and self.random.random() < known:
            return list(self.random.choice(self.services))
        return self.new_service()

    def settings(self, service):
        r, words = self.random, []
        if r.random() < 0.8:
            scheduler = r.choice(SCHEDULERS)
            words.append(["-s", scheduler])
            if r.random() < 0.15:
                own = {"sh": ("sh-port", "sh-fallback"), "mh": ("mh-port", "mh-fallback")}.get(scheduler, ())
                words.append(["-b", ",".join(r.sample(("flag-1", "flag-2", "flag-3", *own), r.choice((1, 1, 2))))])
        zero_port = service[0] != "-f" and (service[1].endswith(":0") or ":" not in service[1].replace("::", ""))
        if r.random() < (0.9 if zero_port else 0.3):
            words.append(["-p"] + ([r.choice(("1", "30", "360", "2678400"))] if r.random() < 0.5 else []))
            if r.random() < 0.4:
                six = "-6" in service or "::" in service[1]
                words.append(["-M", r.choice(("64", "128", "1") if six else ("255.255.255.0", "255.255.255.255", "255.0.0.0"))])
            if r.random() < 0.1:
                words.append(["--pe", "sip"])
        if r.random() < (0.15 if service[0] in ("-u", "-f") else 0.02):
            words.append(["-o"])
        if r.random() < 0.3:
            r.shuffle(words)
        return [word for group in words for word in group]

    def add_service(self):
        service = self.service(known=0.15)
        self.services.append(service)
        return ["-A", *service, *self.settings(service)]

    def edit_service(self):
        service = self.service()
        return ["-E", *service, *self.settings(service)]

    def delete_service(self):
        return ["-D", *self.service()]

    def new_server(self, service):
        six = "-6" in service or "::" in service[1]
        if self.random.random() < 0.07:
            six = not six
        rip = self.random.choice(RIPS6 if six else RIPS4)
        port = self.random.choice(("", "", ":80", ":8080", ":53", ":0"))
        return f"{rip}{port}" if port or self.random.random() < 0.05 else rip.strip("[]")

    def server(self):
        if self.servers and self.random.random() < 0.8:
            service, server = self.random.choice(self.servers)
            return list(service), server
        service = self.service(known=0.95)
        return service, self.new_server(service)

    def server_settings(self):
        r = self.random
        method = r.choice((["-m"], ["-m"], ["-g"], ["-i"], []))
        words = [method]
        if method == ["-i"] and r.random() < 0.6:
            kind = r.choice(("ipip", "gue", "gre"))
            words.append(["--tun-type", kind])
            if kind == "gue":
                words.append(["--tun-port", r.choice(("6080", "1", "65535"))])
            if kind != "ipip" and r.random() < 0.6:
                words.append([r.choice(("--tun-nocsum", "--tun-csum") + (("--tun-remcsum",) if kind == "gue" else ()))])
        if r.random() < 0.6:
            words.append(["-w", r.choice(("0", "1", "2", "5", "100", "65535"))])
        if r.random() < 0.2:
            words.append(["-x", r.choice(("0", "5", "10", "2147483647"))])
            if r.random() < 0.6:
                words.append(["-y", r.choice(("0", "3", "5", "6"))])
        if r.random() < 0.3:
            r.shuffle(words)
        return [word for group in words for word in group]

    def add_server(self):
        service = self.service(known=0.95)
        server = self.new_server(service)
        self.servers.append((service, server))
        return ["-a", *service, "-r", server, *self.server_settings()]

    def edit_server(self):
        service, server = self.server()
        return ["-e", *service, "-r", server, *self.server_settings()]

    def delete_server(self):
        service, server = self.server()
        return ["-d", *service, "-r", server]

    def listing(self):
        r = self.random
        words = ["-L"] + (["-n"] if r.random() < 0.7 else [])
        if r.random() < 0.4:
            words += self.service()
        extra = (["--stats"], ["--rate"], ["--thresholds"], ["--persistent-conn"], ["--tun-info"], ["--exact"], ["--sort"],
                 ["-X"], ["-c"], ["--timeout"])
        for chosen in r.sample(extra, r.choice((0, 0, 1, 1, 2))):
            words += chosen
        return words

    def zero(self):
        return ["-Z"] + (self.service() if self.random.random() < 0.7 else [])

    def timeouts(self):
        return ["--set"] + [self.random.choice(("0", "1", "60", "900", "2678400")) for _ in range(3)]

    def flush(self):
        return ["-C"]

    def save(self):
        return ["-S"] + (["-n"] if self.random.random() < 0.7 else [])

    def help(self):
        return [self.random.choice(("-L", "-l", "--list"))] if self.random.random() < 0.7 else []

    # What they mistype, and how else it may be written.

    def mutated(self, words):
        r, words = self.random, list(words)
        if not words:
            return list(r.choice(OPTIONS))
        at = r.randrange(len(words))
        match r.randrange(7):
            case 0:
                del words[at]
            case 1:
                words.insert(at, words[r.randrange(len(words))])
            case 2:
                other = r.randrange(len(words))
                words[at], words[other] = words[other], words[at]
            case 3 | 4:
                words[r.randrange(1, len(words)) if len(words) > 1 else 0] = r.choice(VALUES)
            case 5:
                words[at + 1:at + 1] = r.choice(OPTIONS)
            case 6:
                word = words[at]
                if word:
                    i = r.randrange(len(word))
                    words[at] = word[:i] + r.choice(("", word[i] * 2, r.choice("0a:[].-=,"))) + word[i + 1:]
        return words

    def spelled(self, words):
        """The same in long and short forms, clusters and with =."""
        r, result = self.random, []
        for i, word in enumerate(words):
            if word in LONG and r.random() < 0.2:
                word = LONG[word]
            if (result and i > 0 and words[i - 1].startswith("-") and not word.startswith("-") and r.random() < 0.1
                    and result[-1].startswith("-") and words[i - 1] not in ("--set", "-p", "--")):
                result[-1] += ("=" if result[-1].startswith("--") or r.random() < 0.3 else "") + word
            elif (result and len(word) == 2 and word[0] == "-" and word[1] != "-" and len(result[-1]) == 2
                  and result[-1][0] == "-" and result[-1][1] in "ALSZnmgioaedDECc" and r.random() < 0.2):
                result[-1] += word[1:]
            else:
                result.append(word)
        return result
