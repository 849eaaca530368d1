"""Services by firewall mark, and rules that mark: cases of the wire comparison, see wire_cases.py."""
import frames
from frames import DATA
from legs import CIP, VIP, rip
from world import chosen_server


def mark_of_a_tc_program_names_the_service(w):
    w.tc_marks(5, "tcp", 0, 4)
    w.tc_marks(5, "udp", 0, 4)
    w.service((1, 2, 3), rport=0, protocol="f", name="5")
    for offset in (0, 3):
        port = w.vport + offset
        w.connect(vport=port, rport=port).establish().request("PA", data=DATA).reply("PA", data=DATA)
    port = w.next_port()
    out = w.client("UDP", frames.udp(CIP, port, VIP, w.vport + 1, DATA))
    w.server("UDP answer", frames.udp(rip(chosen_server(out)), w.vport + 1, CIP, port, DATA), server=chosen_server(out))
    w.connect(vport=w.vport + 5).request("S", "a port that is not marked", own_stack=True)
    w.connect().request("A", "a segment of no connection", own_stack=True)
    w.list()
    w.connections()
    w.stats()


def mark_with_a_port_at_the_server(w):
    w.tc_marks(5)
    w.service((1, 2), rport=8080, protocol="f", name="5")
    for offset in (0, 1, 9):
        c = w.connect(vport=w.vport + offset, rport=8080).establish()
        c.request("PA", data=DATA).reply("PA", data=DATA).reply("FA").request("FA").reply("A")
    w.list()
    w.connections()


def mark_comes_before_address_and_port(w):
    w.service((1,))
    w.service((2,), rport=0, protocol="f", name="5")
    w.connect().request("S", "SYN without a mark")
    w.tc_marks(5)
    w.connect().request("S", "SYN with the mark of a service")
    w.command("-D -f 5")
    w.connect().request("S", "SYN with a mark that is no service's")
    w.list()


def echo_request_with_a_mark_is_answered_by_the_director(w):
    w.tc_marks(5)
    w.rule("-d {vip}", 5)
    w.service((1,), rport=0, protocol="f", name="5")
    w.client("echo request", frames.icmp(CIP, VIP, 8, 0, DATA), own_stack=True)


def rules_mark_by_protocol_destination_and_ports_and_the_last_decides(w):
    w.rule("-d {vip}/32 -p tcp --dport {v}:{v5}", 5)
    w.rule("-d 1.1.1.0/24 -p tcp -m tcp --dport {v4}:{v6}", 6)
    w.rule("-p udp --dport {v1}", 5)
    w.rule("-d {vip} -p tcp --dport {v2}", "0x6")
    w.rule("-d {vip} -p tcp --dport {v3}", 0)
    w.service((1,), rport=0, protocol="f", name="5")
    w.service((2,), rport=0, protocol="f", name="6")
    for offset in range(8):
        w.connect(vport=w.vport + offset).request("S", f"SYN to port {offset}", own_stack=True)
        w.client(f"UDP to port {offset}", frames.udp(CIP, w.next_port(), VIP, w.vport + offset, DATA), own_stack=True)
    w.list()
    w.connections()


def rule_that_matches_replaces_the_mark_that_was_there(w):
    w.tc_marks(6, "tcp", 0, 4)
    w.rule("-d {vip} -p tcp --dport {v3}:{v6}", 5)
    w.service((1,), rport=0, protocol="f", name="5")
    w.service((2,), rport=0, protocol="f", name="6")
    for offset in range(8):
        w.connect(vport=w.vport + offset).request("S", f"SYN to port {offset}", own_stack=True)
