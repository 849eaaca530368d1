"""The choices of the other schedulers: cases of the wire comparison, see wire_cases.py."""
import frames
from legs import VIP


def choices_of_connections_that_stay(w):
    for n, (scheduler, weights) in enumerate((("lc", (1, 1, 1)), ("wlc", (5, 3, 1)), ("sed", (5, 3, 1)), ("nq", (5, 3, 1)),
                                              ("fo", (1, 3, 2)), ("ovf", (3, 2, 1)), ("wlc", (1, 1, 0)), ("lblc", (2, 1, 1)),
                                              ("lblcr", (2, 1, 1)), ("wrr", (7, 3, 2)))):
        w.service({r + 1: weight for r, weight in enumerate(weights)}, scheduler, name=f"{{v{n or ''}}}")
        w.log_servers(f"{scheduler} {weights}", w.syns(14, w.vport + n))
    w.list()


def choices_by_hash(w):
    clients = [f"192.168.{n % 3}.{n * 7 + 1}" for n in range(24)]
    for n, (options, weights) in enumerate((("sh", (1, 1, 1)), ("sh", (3, 1, 2)), ("sh -b sh-port", (1, 1, 1)),
                                            ("sh -b sh-fallback", (1, 0, 1)), ("dh", (1, 2, 1)), ("mh", (1, 1, 1)),
                                            ("mh", (3, 1, 2)), ("mh -b mh-port", (2, 2, 1)), ("mh -b mh-fallback", (1, 0, 1)))):
        w.service({r + 1: weight for r, weight in enumerate(weights)}, options, name=f"{{v{n or ''}}}")
        w.log_servers(f"{options} {weights}", [frames.tcp(client, w.next_port(), VIP, w.vport + n, "S", 1000, 0)
                                                for client in clients])


def choices_after_connections_ended(w):
    w.command("--set 0 0 1", log=False)
    for n, scheduler in enumerate(("wlc", "lc", "sed", "nq")):
        w.service({1: 3, 2: 2, 3: 1}, scheduler, 53, "u", f"{{v{n or ''}}}")
        w.log_servers(f"{scheduler}: queries", w.queries(7, w.vport + n))
    w.pause(4)
    for n, scheduler in enumerate(("wlc", "lc", "sed", "nq")):
        w.log_servers(f"{scheduler}: queries after a pause", w.queries(4, w.vport + n))
