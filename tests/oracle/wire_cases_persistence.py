"""Persistence, thresholds, one-packet scheduling: cases of the wire comparison, see wire_cases.py."""
import frames
from frames import DATA
from legs import CIP, CIP6, VIP, VIP6, rip, rip6
from world import chosen_server


def _persistent(w, servers=(1, 2, 3), options="-p 30", scheduler="rr", rport=80, protocol="t", name="{v}"):
    """A service with options of -A, and how its table of servers looks."""
    w.service(servers, scheduler, rport, protocol, name)
    w.command(f"-E -{protocol} {name} -s {scheduler} {options}", log=False)


def _open_and_answer(w, *clients, **fields):
    """One connection of each client after the other."""
    for n, client in enumerate(clients):
        c = w.connect(cip=client, **fields).request("S", f"SYN {n + 1}, of {client}")
        if c.server:
            c.reply("SA", f"SYN/ACK {n + 1}")


def persistence_keeps_a_client_on_one_server(w):
    _persistent(w)
    _open_and_answer(w, CIP, CIP, "192.168.1.2", CIP, "192.168.1.2", "192.168.1.3")
    w.connections()
    w.connect(cip="192.168.1.2").establish()
    w.connections()
    w.list()
    w.command("-Ln --persistent-conn -t {v}")
    w.stats()


def persistence_by_network(w):
    _persistent(w, options="-p 30 -M 255.255.255.0")
    _open_and_answer(w, CIP, "192.168.1.77", "192.168.2.1", CIP)
    w.connections()


def persistence_with_wlc_and_weights(w):
    _persistent(w, {1: 3, 2: 1}, scheduler="wlc")
    _open_and_answer(w, *(f"192.168.1.{n}" for n in (1, 2, 3, 4, 5, 6, 1, 2, 3)))
    w.list()


def persistence_follows_to_a_server_of_weight_0(w):
    _persistent(w)
    _open_and_answer(w, CIP)
    w.command("-e -t {v} -r 172.16.1.3:80 -m -w 0")
    _open_and_answer(w, CIP, "192.168.1.2")
    w.setting("expire_quiescent_template", 1)
    _open_and_answer(w, CIP, CIP, "192.168.1.2")
    w.list()


def persistence_leaves_a_removed_server(w):
    _persistent(w)
    _open_and_answer(w, CIP)
    w.command("-d -t {v} -r 172.16.1.3:80")
    _open_and_answer(w, CIP, CIP)
    w.command("-a -t {v} -r 172.16.1.3:80 -m")
    _open_and_answer(w, CIP)
    w.list()


def persistence_timer_restarts_with_new_connections(w):
    _persistent(w, options="-p 4")
    _open_and_answer(w, CIP)
    w.pause(2.5)
    _open_and_answer(w, CIP)
    w.connections()
    w.pause(2.5)
    w.connections()


def persistence_ends_and_the_client_moves_on(w):
    w.command("--set 0 0 1", log=False)
    _persistent(w, options="-p 2", protocol="u", rport=53)
    for n in range(2):
        w.client(f"query {n + 1}", frames.udp(CIP, w.next_port(), VIP, w.vport, b"query"))
    w.connections()
    w.pause(4.5)
    w.connections()
    w.client("query 3", frames.udp(CIP, w.next_port(), VIP, w.vport, b"query"))


def persistent_template_outlives_its_time_with_a_connection(w):
    _persistent(w, options="-p 1")
    _open_and_answer(w, CIP)
    w.pause(3)
    w.connections()
    _open_and_answer(w, CIP)


def persistence_edited_and_taken_away(w):
    _persistent(w)
    _open_and_answer(w, CIP, CIP)
    w.command("-E -t {v} -s rr -p 100")
    _open_and_answer(w, "192.168.1.2")
    w.command("-E -t {v} -s rr")
    _open_and_answer(w, CIP, CIP)
    w.connections()


def persistent_ports_are_mapped(w):
    _persistent(w, rport=8080)
    c = w.connect(rport=8080).establish()
    c.request("PA", data=DATA).reply("PA", data=DATA)
    w.connections()


def persistent_service_on_all_ports(w):
    w.command(f"-A -t {VIP}:0 -s rr -p 20", log=False)
    for n in (1, 2):
        w.command(f"-a -t {VIP}:0 -r {rip(n)}:0 -m", log=False)
    for vport in (w.vport, w.vport + 1, w.vport + 2):
        w.connect(vport=vport, rport=vport).establish()
    w.connect(cip="192.168.1.2", vport=w.vport, rport=w.vport).establish()
    w.service((3,), name="{v5}")
    w.connect(vport=w.vport + 5).request("S", "a service by its port comes first")
    w.connect(vport=w.vport + 6).request("A", "no SYN", own_stack=True)
    w.connections(also=[f"{VIP}:0"])
    w.list()


def persistent_mark_groups_services(w):
    w.tc_marks(7, "tcp", 0, 4)
    w.tc_marks(7, "udp", 0, 4)
    w.command("-A -f 7 -s rr -p 25", log=False)
    for n in (1, 2):
        w.command(f"-a -f 7 -r {rip(n)}:0 -m", log=False)
    for vport in (w.vport, w.vport + 1):
        w.connect(vport=vport, rport=vport).establish()
    w.client("UDP of the same client", frames.udp(CIP, w.next_port(), VIP, w.vport, b"query"))
    w.connect(cip="192.168.1.2", vport=w.vport, rport=w.vport).establish()
    w.connections(also=["0.0.0.7:0"])
    w.list()


def persistent_mark_with_ports_at_the_servers(w):
    w.tc_marks(8)
    w.command("-A -f 8 -s rr -p 25", log=False)
    w.command(f"-a -f 8 -r {rip(1)}:8080 -m", log=False)
    w.connect(vport=w.vport).request("S")
    w.connections(also=["0.0.0.8:0"])


def upper_threshold_keeps_new_connections_away(w):
    w.service((1, 2))
    w.command("-e -t {v} -r 172.16.1.2:80 -m -x 2")
    w.log_servers("SYNs", w.syns(8))
    w.list()
    w.command("-Ln --thresholds -t {v}")
    w.command("-e -t {v} -r 172.16.1.2:80 -m -x 3")
    w.log_servers("SYNs with a higher threshold", w.syns(3))
    w.command("-e -t {v} -r 172.16.1.2:80 -m -x 1")
    w.command("-e -t {v} -r 172.16.1.2:80 -m")
    w.log_servers("SYNs without a threshold", w.syns(3))


def all_servers_at_their_thresholds(w):
    for n, scheduler in enumerate(("rr", "wrr", "wlc", "lc", "sed", "nq", "sh", "dh", "fo", "ovf")):
        name = f"{{v{n or ''}}}"
        w.command(f"-A -t {name} -s {scheduler}", log=False)
        for r in (1, 2):
            w.command(f"-a -t {name} -r {rip(r)}:80 -m -x {r} -w {3 - r}", log=False)
        w.log_servers(f"{scheduler}: SYNs", w.syns(6, w.vport + n))
    w.list()


def wrr_passes_over_a_server_at_its_threshold(w):
    w.service({1: 4, 2: 3, 3: 1}, "wrr")
    w.command("-e -t {v} -r 172.16.1.1:80 -m -w 4 -x 2")
    w.log_servers("SYNs", w.syns(12))
    w.command("-e -t {v} -r 172.16.1.1:80 -m -w 4 -x 5")
    w.log_servers("SYNs with a higher threshold", w.syns(12))


def lower_threshold_lets_connections_in_again(w):
    w.command("--set 0 0 1", log=False)
    thresholds = ("-x 2 -y 1", "-x 4", "-x 4 -y 3")
    for n, options in enumerate(thresholds):
        w.command(f"-A -u {{v{n or ''}}} -s rr", log=False)
        w.command(f"-a -u {{v{n or ''}}} -r {rip(1)}:53 -m {options}", log=False)
        w.log_servers(f"{options}: queries", w.queries(5, w.vport + n))
    w.pause(4)
    w.list()
    for n, options in enumerate(thresholds):
        w.log_servers(f"{options}: queries after a pause", w.queries(2, w.vport + n))


def persistent_clients_may_exceed_the_threshold(w):
    _persistent(w)
    w.command("-e -t {v} -r 172.16.1.3:80 -m -x 1")
    _open_and_answer(w, CIP, CIP, "192.168.1.2", CIP)
    w.list()


def one_packet_scheduling(w):
    w.command("-A -u {v} -s rr -o")
    for n in (1, 2):
        w.command(f"-a -u {{v}} -r {rip(n)}:53 -m", log=False)
    port = w.next_port()
    for n in range(5):
        server = chosen_server(w.client(f"query {n + 1}", frames.udp(CIP, port, VIP, w.vport, b"query")))
        w.server(f"answer {n + 1}", frames.udp(rip(server), 53, CIP, port, b"answer"), server=server)
    w.list()
    w.connections()
    w.stats()


def one_packet_scheduling_of_a_persistent_service(w):
    w.command("-A -u {v} -s rr -o -p 30")
    for n in (1, 2):
        w.command(f"-a -u {{v}} -r {rip(n)}:53 -m", log=False)
    for n in range(3):
        w.client(f"query {n + 1}", frames.udp(CIP, w.next_port(), VIP, w.vport, b"query"))
    w.client("query of another client", frames.udp("192.168.1.2", w.next_port(), VIP, w.vport, b"query"))
    w.list()


def expire_nodest_conn_and_a_syn_to_a_server_of_weight_0(w):
    w.service((1, 2))
    c = w.connect().establish()
    w.command("-e -t {v} -r 172.16.1.2:80 -m -w 0")
    c.request("S", "SYN on an established connection")
    w.setting("expire_nodest_conn", 1)
    c.request("A", "the connection goes on")
    c.request("S", "SYN")
    w.connections()


def ipv6_persistence_by_network(w):
    w.service((1, 2), name="{w}")
    w.command("-E -t {w} -s rr -p 30 -M 64")
    for client in (CIP6, "2001:db8:c::77", "2001:db8:d::1", CIP6):
        w.connect(cip=client).request("S", f"SYN of {client}")
    w.connections()
    w.list()


def ipv6_persistent_service_on_all_ports(w):
    w.command(f"-A -t [{VIP6}]:0 -s rr -p 20", log=False)
    for n in (1, 2):
        w.command(f"-a -t [{VIP6}]:0 -r [{rip6(n)}]:0 -m", log=False)
    for vport in (w.vport, w.vport + 1):
        w.connect6(vport=vport, rport=vport).establish()
    w.connections(also=[f"[{VIP6}]:0"])
