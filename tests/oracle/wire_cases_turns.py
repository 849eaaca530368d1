"""rr and wrr: whose turn it is: cases of the wire comparison, see wire_cases.py."""


def rr_takes_turns_beginning_with_the_server_added_last(w):
    w.service((1, 2, 3))
    w.list()
    for n in range(9):
        w.connect().request("S", f"SYN of connection {n + 1}")
    w.list()
    w.connections()


def wrr_follows_weights_5_3_1(w):
    w.service({1: 5, 2: 3, 3: 1}, "wrr")
    for n in range(20):
        w.connect().request("S", f"SYN of connection {n + 1}")
    w.list()


def wrr_leaves_out_a_server_of_weight_0(w):
    w.service({1: 3, 2: 0, 3: 2}, "wrr")
    for n in range(11):
        w.connect().request("S", f"SYN of connection {n + 1}")


def wrr_weight_edited_in_mid_sequence(w):
    w.service({1: 5, 2: 3, 3: 1}, "wrr")
    for change in ("", "-e -t {v} -r 172.16.1.3:80 -m -w 4", "-e -t {v} -r 172.16.1.1:80 -m -w 0",
                   "-e -t {v} -r 172.16.1.1:80 -m -w 2"):
        if change:
            w.command(change)
        for n in range(7):
            w.connect().request("S", f"SYN {n + 1}")
    w.list()


def wrr_server_added_and_removed_in_mid_sequence(w):
    w.service({1: 4, 2: 2}, "wrr")
    for change in ("", "-a -t {v} -r 172.16.1.3:80 -m -w 3", "-d -t {v} -r 172.16.1.2:80"):
        if change:
            w.command(change)
        for n in range(8):
            w.connect().request("S", f"SYN {n + 1}")


def rr_server_added_and_removed_in_mid_sequence(w):
    w.service((1, 2))
    for change, count in (("", 3), ("-a -t {v} -r 172.16.1.3:80 -m", 6), ("-d -t {v} -r 172.16.1.2:80", 5),
                          ("-e -t {v} -r 172.16.1.1:80 -m -w 0", 3), ("-e -t {v} -r 172.16.1.1:80 -m -w 1", 4)):
        if change:
            w.command(change)
        for n in range(count):
            w.connect().request("S", f"SYN {n + 1}")


def rr_ignores_how_large_a_weight_is(w):
    w.service({1: 5, 2: 1, 3: 2})
    for n in range(6):
        w.connect().request("S", f"SYN {n + 1}")


def scheduler_edited_in_mid_sequence(w):
    w.service({1: 3, 2: 1, 3: 2})
    for scheduler in ("", "wrr", "rr"):
        if scheduler:
            w.command("-E -t {v} -s " + scheduler)
        for n in range(7):
            w.connect().request("S", f"SYN {n + 1}")


def two_services_take_turns_independently(w):
    w.service((1, 2, 3))
    w.service((1, 2, 3), name="{v1}")
    for n in range(4):
        w.connect().request("S", f"SYN {n + 1} to the first")
        w.connect(vport=w.vport + 1).request("S", f"SYN {n + 1} to the second")
    w.list()
