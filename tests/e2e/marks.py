#!/usr/bin/python3
"""Services by firewall mark: marks by rules of bpvs mark and by somebody else's tc program, real connections."""
import json
import sys

from harness import ROOT, VIP, equal, main, rip, test, true, without_director

MARKING = ROOT / "tests" / "oracle" / "marking.py"


def mark(lab, line):
    return lab.on("director", lab.bpvs, "mark", *line.split())


def rules(lab):
    return json.loads(mark(lab, "list --json"))["rules"]


def service_by_mark(lab, number=5):
    lab.adm(f"-A -f {number} -s rr", *(f"-a -f {number} -r {rip(n)}:80 -m" for n in (1, 2)))


@test
@without_director
def hundreds_of_ports_are_one_service_by_one_rule(lab):
    mark(lab, f"add -p tcp -d {VIP} --dport 8000:8399 --set-mark 5")  # brings the director up
    service_by_mark(lab)
    # A port of the client's own for each: one used twice would meet its first connection at the same server.
    pages = lab.curl("--local-port", "20000-29999", f"http://{VIP}:[8000-8399]/").split()
    served = [pages.count(page) for page in ("RS1", "RS2")]
    equal("pages", 400, sum(served))
    equal("both servers in turn", [200, 200], served)
    equal("connections", [400, *served], [numbers[0] for numbers in lab.rows("--stats", "--exact").values()])
    equal("ports that clients went to", [f"{VIP}:{port}" for port in range(8000, 8400)],
          sorted(row[4] for row in lab.connections()))
    for port in (7999, 8400):
        equal(f"curl to port {port}", 7, lab.try_on("client", "curl", "-sS", "--max-time", "50", f"http://{VIP}:{port}/").returncode)


@test
def mark_of_an_earlier_tc_program_is_honoured(lab):
    service_by_mark(lab)
    lab.on("director", sys.executable, MARKING, "eth0", 10, 5, "tcp", 9000, 9001)
    equal("pages", ["RS2", "RS1", "RS2"], [lab.curl(f"http://{VIP}:{port}/").strip() for port in (9000, 9001, 9000)])
    equal("curl to a port that is not marked", 7,
          lab.try_on("client", "curl", "-sS", "--max-time", "50", f"http://{VIP}:9002/").returncode)
    lab.on("director", "tc", "filter", "del", "dev", "eth0", "ingress", "pref", 10)
    equal("curl without the program", 7,
          lab.try_on("client", "curl", "-sS", "--max-time", "50", f"http://{VIP}:9000/").returncode)


@test
def route_by_mark_applies_to_what_no_service_takes(lab):
    lab.on("gw", "ip", "route", "add", rip(1), "via", VIP)
    page = f"http://{rip(1)}/"
    try:
        mark(lab, f"add -p tcp -d {rip(1)} --dport 80 --set-mark 7")
        equal("page of the server itself", "RS1", lab.curl(page).strip())
        lab.on("director", "ip", "rule", "add", "fwmark", 7, "prohibit")
        true("the rule keeps it from the client", lab.try_on("client", "curl", "-sS", "--max-time", "3", page).returncode != 0)
        mark(lab, "flush")
        equal("page without a mark", "RS1", lab.curl(page).strip())
    finally:
        lab.on("gw", "ip", "route", "del", rip(1))
        lab.try_on("director", "ip", "rule", "del", "fwmark", 7, "prohibit")


@test
@without_director
def rules_are_listed_in_order_and_deleted_by_number_or_words(lab):
    equal("rules without a director", [], rules(lab))
    mark(lab, f"add -p tcp -m tcp -d {VIP}/32 --dport 80:90 -j MARK --set-xmark 0x5/0xffffffff")
    mark(lab, "add --dport 53 --mark 6")
    mark(lab, "add -p udp -d 2001:db8::/32 --mark 7 --at 1")
    expected = ["-p udp -d 2001:db8::/32 --set-mark 7", f"-p tcp -d {VIP}/32 --dport 80:90 --set-mark 5", "--dport 53 --set-mark 6"]
    commands = mark(lab, "list --commands")
    equal("commands", [f"bpvs mark add {words}" for words in expected], commands.splitlines())
    equal("destinations", ["2001:db8::/32", f"{VIP}/32", "0.0.0.0/0"], [rule["destination"] for rule in rules(lab)])
    mark(lab, "del --dport 53 --mark 6")
    mark(lab, "del 1")
    equal("rules left", [5], [rule["mark"] for rule in rules(lab)])
    for line in commands.splitlines():
        mark(lab, line.removeprefix("bpvs mark "))
    equal("rules after their commands", 4, len(rules(lab)))
    lab.on("director", lab.bpvs, "down")
    equal("rules without a director", "num   prot  destination                  ports        mark\n", mark(lab, "list"))


@test
def wrong_rules_are_refused_and_change_nothing(lab):
    mark(lab, "add -p tcp --dport 80 --set-mark 5")
    before = mark(lab, "list")
    for line in ("add", "add -p tcp", "add -p icmp --set-mark 1", "add --dport 70000 --set-mark 1", "add --dport 9:8 --set-mark 1",
                 "add -d 1.1.1.1/33 --set-mark 1", "add -d host --set-mark 1", "add --set-mark x", "add --set-mark 5/0xff",
                 "add -i eth0 --set-mark 1", "add -j DROP --set-mark 1", "add --set-mark 1 --at 3", "add --set-mark 1 --at x",
                 "del", "del 2", "del 0", "del x", "del 1 -p tcp", "del -p tcp --dport 80 --set-mark 6", "list --json --commands", "swap"):
        done = lab.try_on("director", lab.bpvs, "mark", *line.split())
        said = done.stderr.strip()
        true(f"{line}: status {done.returncode}", done.returncode == 1, said)
        true(f"{line}: one sentence", said.startswith("bpvs: ") and "\n" not in said and said.endswith("."), said)
        equal(f"rules after {line}", before, mark(lab, "list"))


if __name__ == "__main__":
    main("marks", programs=("tc",), stands=True)
