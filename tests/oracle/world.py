"""One world of the comparison: a director, an ipvsadm, and a record of all that was seen.

A record is a list of cases, a case a list of steps: [name of the step, lines]. A line is either a
frame that came out ("L" client side or "R" server side, then its bytes) or a line of a listing.
"""
import pathlib
import subprocess
import time

import frames
from clock import Clock
from loaded_once import LoadedOnce
from legs import CIP, CIP6, VIP, VIP6, rip, rip6
from marking import mark_before

IPVS_TABLE = pathlib.Path("/proc/net/ip_vs_conn")
READINGS = 10
A_TICK = 0.02  # seconds


class World:
    """ipvsadm: the command; lag: seconds until its counters can be believed."""

    def __init__(self, legs, ipvsadm, lag):
        self.legs, self.ipvsadm, self.lag = legs, ipvsadm, lag
        self.record = []
        self.filters, self.has_rules = 0, False
        self.rules_of_marks = []  # of routing
        if ipvsadm.endswith("bpvsadm"):
            self.run_ipvsadm = lambda arguments, text=None: subprocess.run([ipvsadm, *arguments], input=text, capture_output=True, text=True, check=False)
            bpvs = ipvsadm.removesuffix("adm")
            self.add_rule, self.flush_rules = f"{bpvs} mark add", f"{bpvs} mark flush"
        else:
            self.run_ipvsadm = LoadedOnce(ipvsadm).run
            mangle = "iptables-legacy -t mangle"
            self.add_rule, self.flush_rules = f"{mangle} -A PREROUTING", f"{mangle} -F"
        self.changed = {}  # settings of net.ipv4.vs, and what they were
        self.vport = 1000
        self.cport = 20000

    def run(self, case):
        self.steps = []
        self.clock = Clock()
        self.vport += 10
        case(self)
        self._restore("-C", "--set 900 120 300")
        self._unmark()
        for name, value in self.changed.items():
            self._write_setting(name, value)
        self.changed.clear()
        self.record.append([case.__name__.replace("_", "-"), self.steps])

    def next_port(self):
        self.cport += 1
        return self.cport

    # -- commands ---------------------------------------------------------------------------------

    def command(self, arguments, log=True):
        """The arguments may name the case's own services: {v}, {v1} … {v9}, of IPv6 {w}, {w1} … {w9}."""
        line = self._named(arguments)
        done = self.run_ipvsadm(line.split())
        if log:
            self.steps.append([f"ipvsadm {arguments}", [f"exit {done.returncode}", *done.stdout.splitlines()]])
        elif done.returncode:
            raise RuntimeError(f"{self.ipvsadm} {line}: exit {done.returncode}: {done.stderr}")
        return done.stdout

    def _named(self, arguments):
        ports = {}
        for n in range(10):
            ports[f"v{n or ''}"] = f"{VIP}:{self.vport + n}"
            ports[f"w{n or ''}"] = f"[{VIP6}]:{self.vport + n}"
        return arguments.format(**ports)

    def _restore(self, *lines):
        """What no case is about, by one command: to start one is what costs in user-mode Linux."""
        text = "".join(f"{self._named(line)}\n" for line in lines)
        done = self.run_ipvsadm(["-R"], text)
        if done.returncode or done.stderr:
            raise RuntimeError(f"{self.ipvsadm} -R: exit {done.returncode}: {done.stderr}\n{text}")

    def service(self, servers=(1,), scheduler="rr", rport=80, protocol="t", name="{v}"):
        """servers: numbers, or number: weight."""
        weights = servers if isinstance(servers, dict) else {n: 1 for n in servers}
        server = lambda n: f"[{rip6(n)}]" if "w" in name else rip(n)
        self._restore(f"-A -{protocol} {name} -s {scheduler}",
                      *(f"-a -{protocol} {name} -r {server(n)}:{rport} -m -w {weight}" for n, weight in weights.items()))

    # -- firewall marks ---------------------------------------------------------------------------

    def tc_marks(self, mark, protocol="tcp", first=0, last=9):
        """A tc program marks packets to these of the case's ports before any director sees them."""
        self.filters += 1
        mark_before("eth0", self.filters, mark, protocol, self.vport + first, self.vport + last)

    def local_by_mark(self, mark):
        """IPVS is given only what is for its own host, so packets of a mark are made so. BPVS sees them as they arrive."""
        if not self._bpvs():
            self.system(f"ip rule add fwmark {mark} lookup 77")
            self.system("ip route replace local default dev lo table 77")
            self.rules_of_marks.append(mark)

    def rule(self, words, mark):
        """The same words for iptables -t mangle and for bpvs mark."""
        self.has_rules = True
        words = words.format(vip=VIP, v=self.vport, **{f"v{n}": self.vport + n for n in range(1, 10)})
        self.system(f"{self.add_rule} {words} -j MARK --set-mark {mark}")

    def _unmark(self):
        for preference in range(1, self.filters + 1):
            self.system(f"tc filter del dev eth0 ingress pref {preference}")
        if self.has_rules:
            self.system(self.flush_rules)
        for mark in self.rules_of_marks:
            self.system(f"ip rule del fwmark {mark}")
        self.rules_of_marks.clear()
        self.filters, self.has_rules = 0, False

    # -- listings ---------------------------------------------------------------------------------

    def list(self):
        self.log("ipvsadm -Ln", self.command("-Ln", log=False).splitlines()[1:])

    def connections(self, client=None, also=()):
        """Of this case only, or of one client port, sorted: the order of IPVS is another in every boot. also: of other
        virtual addresses, as they are listed."""
        ours = {f"{vip}:{self.vport + n}" for n in range(10) for vip in (VIP, f"[{VIP6}]")} | set(also)
        chosen = lambda row: row[4] in ours and (client is None or row[3].endswith(f":{client}"))
        rows = sorted(filter(chosen, self.read_connections()), key=lambda row: row[3])
        self.log("ipvsadm -Lnc", [self.clock.mark(" ".join(row)) for row in rows])

    def read_connections(self):
        """IPVS prints its table page by page: where a connection ends between two pages, others are left out. Then the
        table has more rows than were printed. One that was replaced is there until the next tick."""
        if not self._bpvs():
            time.sleep(A_TICK)
        for _ in range(READINGS):
            rows = [row.split() for row in self.command("-Lnc", log=False).splitlines()[2:]]
            if self._bpvs() or len(rows) >= len(IPVS_TABLE.read_bytes().splitlines()) - 1:
                break
        return rows

    def stats(self):
        time.sleep(self.lag)
        self.log("ipvsadm -Ln --stats --exact", self.command("-Ln --stats --exact", log=False).splitlines()[1:])

    # -- settings of net.ipv4.vs --------------------------------------------------------------------

    def setting(self, name, value, seconds=0):
        """In force until the case ends. seconds: how long IPVS takes to heed it (its defences: a second)."""
        self.changed.setdefault(name, self._read_setting(name))
        self._write_setting(name, value)
        self.log(f"{name} = {value}", [self._read_setting(name)])
        self.clock.sleep(seconds)

    def ipvs_way(self):
        """What BPVS does better by default it does as IPVS, until the case ends. No step: IPVS has no such choice."""
        for name in ("bpvs.hold_expired", "bpvs.reset_removed", "bpvs.reuse_closing") if self._bpvs() else ():
            self.changed.setdefault(name, self._read_setting(name))
            self._write_setting(name, 0)

    def _bpvs(self):
        """The command beside bpvsadm; none beside the real ipvsadm."""
        path = pathlib.Path(self.ipvsadm).with_name("bpvs")
        return path if path.is_absolute() and path.exists() else None

    def _read_setting(self, name):
        if bpvs := self._bpvs():
            return subprocess.run([bpvs, "sysctl", "-n", name], capture_output=True, text=True, check=True).stdout.strip()
        return pathlib.Path("/proc/sys/net/ipv4/vs", name).read_text(encoding="ascii").strip()

    def _write_setting(self, name, value):
        if bpvs := self._bpvs():
            subprocess.run([bpvs, "sysctl", f"{name}={value}"], capture_output=True, check=True)
        else:
            pathlib.Path("/proc/sys/net/ipv4/vs", name).write_text(str(value), encoding="ascii")

    # -- other changes ------------------------------------------------------------------------------

    @staticmethod
    def system(command):
        subprocess.run(command.split(), check=True)

    def pause(self, duration):
        self.clock.sleep(duration)

    def log(self, step, lines):
        self.steps.append([step, lines])

    # -- packets ----------------------------------------------------------------------------------

    def client(self, step, *packets, own_stack=False):
        return self._log_out(step, self.legs.exchange(client=map(self.legs.client_frame, packets)), own_stack)

    def server(self, step, *packets, server=1, own_stack=False):
        sent = [self.legs.server_frame(packet, server) for packet in packets]
        return self._log_out(step, self.legs.exchange(server=sent), own_stack)

    def _log_out(self, step, out, own_stack):
        """own_stack: what comes out was made up by the director's stack, which chooses some fields at random."""
        if own_stack:
            out = [(leg, frame[:14] + frames.without_chance(frame[14:])) for leg, frame in out]
        self.log(step, [f"{leg} {frame.hex()}" for leg, frame in out])
        return out

    def syns(self, count, vport=None):
        return [frames.tcp(CIP, self.next_port(), VIP, vport or self.vport, "S", 1000, 0) for _ in range(count)]

    def queries(self, count, vport=None):
        return [frames.udp(CIP, self.next_port(), VIP, vport or self.vport, b"query") for _ in range(count)]

    def log_servers(self, step, packets):
        """Which servers packets go to; 0: none. How a refusal looks is other cases' concern."""
        chosen = [chosen_server(self.legs.exchange(client=[self.legs.client_frame(packet)])) for packet in packets]
        self.log(step, ["".join(map(str, chosen))])

    def connect(self, **fields):
        return Connection(self, **fields)

    def connect6(self, **fields):
        return Connection(self, cip=CIP6, **fields)


def chosen_server(out):
    """The real server that a packet went to, by its MAC address; 0: none."""
    for leg, frame in out:
        if leg == "R":
            return frame[5]
    return 0


class Connection:
    """One TCP connection of a client's; each call is a step. It believes what it sees: replies come
    from the server that the director chose."""

    def __init__(self, world, cport=None, vport=None, rport=80, cip=CIP):
        self.world, self.cip, self.rport = world, cip, rport
        self.vip, self.rip = (VIP6, rip6) if ":" in cip else (VIP, rip)
        self.cport = cport or world.next_port()
        self.vport = vport or world.vport
        self.server = 0

    def _tcp(self, step, src, dst, flags, seq, ack, fields):
        return frames.tcp(*src, *dst, flags, fields.pop("seq", seq), fields.pop("ack", ack), **fields)

    def request(self, flags="A", step=None, own_stack=False, **fields):
        seq, ack = (1000, 0) if flags == "S" else (1001, 5001)
        packet = self._tcp(step, (self.cip, self.cport), (self.vip, self.vport), flags, seq, ack, fields)
        out = self.world.client(step or f"client {flags}", packet, own_stack=own_stack)
        self.server = chosen_server(out) or self.server
        return self

    def reply(self, flags="A", step=None, own_stack=False, **fields):
        seq, ack = (5000, 1001) if "S" in flags else (5001, 1001)
        server = self.server or 1
        packet = self._tcp(step, (self.rip(server), self.rport), (self.cip, self.cport), flags, seq, ack, fields)
        self.world.server(step or f"server {flags}", packet, server=server, own_stack=own_stack)
        return self

    def establish(self):
        return self.request("S").reply("SA").request("A")
