#!/usr/bin/python3
"""Real SCTP stacks (sctp_peer.py) through the director: associations, their data, states and counts."""
import ctypes
import pathlib

from harness import CIP, VIP, Skip, equal, main, rip, test, true, wait_until

import sctp_peer

PEER = pathlib.Path(__file__).with_name("sctp_peer.py")
PORT, RPORT = 2905, 7777
SERVICE = f"{VIP}:{PORT}"


def service(lab, servers=(1, 2)):
    try:
        ctypes.CDLL(sctp_peer.LIBRARY)
    except OSError as why:
        raise Skip(f"{sctp_peer.LIBRARY} is missing (package libusrsctp2)") from why
    lab.service(servers, PORT, RPORT, "-sctp-service")
    for n in servers:
        server = lab.start(f"rs{n}", PEER, "serve", rip(n), RPORT)
        equal("the server says", "ready\n", server.stdout.readline())


def ask(lab, messages, size, **options):
    return lab.on("client", PEER, "ask", CIP, VIP, PORT, messages, size, **options)


def states(lab):
    return sorted(f"{row[2]} {row[5]}" for row in lab.connections() if row[0] == "SCTP")


@test
def associations_take_turns_and_their_data_comes_back_whole(lab):
    service(lab)
    for messages, size in ((3, 1), (20, 1399), (20, 4096), (10, 60000)):
        ask(lab, messages, size)
    wait_until("all are closed", lambda: states(lab) == [f"CLOSED {rip(n)}:{RPORT}" for n in (1, 1, 2, 2)])
    rows = lab.rows()
    equal("active and inactive of each server", [[1, 0, 2], [1, 0, 2]], [rows[f"{rip(n)}:{RPORT}"] for n in (1, 2)])
    stats = lab.rows("--stats", "--exact")
    equal("associations of the service", 4, stats[SERVICE][0])
    true("bytes of the service", stats[SERVICE][3] > 700000 and stats[SERVICE][4] > 700000, stats)


@test
def an_association_is_active_while_it_is_established(lab):
    service(lab, (1,))
    child = lab.start("client", PEER, "ask", CIP, VIP, PORT, 1 << 20, 1000)
    wait_until("an established association", lambda: states(lab) == [f"ESTABLISHED {rip(1)}:{RPORT}"])
    equal("active and inactive", [1, 1, 0], lab.rows()[f"{rip(1)}:{RPORT}"])
    before = lab.rows("--stats", "--exact")[SERVICE][1]
    lab.adm(f"-e --sctp-service {SERVICE} -r {rip(1)}:{RPORT} -m -w 0")
    wait_until("data of the association goes on", lambda: lab.rows("--stats", "--exact")[SERVICE][1] > before + 100)
    true("the client is content", child.poll() is None)


if __name__ == "__main__":
    main("sctp", stands=True)
