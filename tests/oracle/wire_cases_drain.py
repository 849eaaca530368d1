"""How connections end: each case as BPVS has it by default, which differs, and in IPVS's way, which is the same."""
import frames
from frames import DATA
from legs import CIP, VIP, rip


def _server_removed(w):
    w.service((1, 2))
    clients_turn, servers_turn, half_open, other = (w.connect().establish(), w.connect().establish(),
                                                    w.connect().request("S", "SYN"), w.connect().establish())
    w.command("-d -t {v} -r 172.16.1.2:80")
    w.command("-d -t {v} -r 172.16.1.1:80")
    clients_turn.request("PA", "client data", data=DATA)
    clients_turn.reply("A", "and what its server says to that")
    servers_turn.reply("PA", "server data", data=DATA)
    half_open.reply("SA", "SYN/ACK")
    other.request("RA", "a reset")
    w.connections()


def server_removed(w):
    _server_removed(w)


def server_removed_in_ipvs_way(w):
    w.ipvs_way()
    _server_removed(w)


def _udp_server_removed(w):
    w.service((1, 2), rport=53, protocol="u")
    port = w.next_port()
    query = frames.udp(CIP, port, VIP, w.vport, DATA)
    w.client("query", query)
    w.command("-d -u {v} -r 172.16.1.2:53")
    w.server("answer", frames.udp(rip(2), 53, CIP, port, DATA), server=2)
    w.client("query again", query)
    w.connections()


def udp_server_removed(w):
    _udp_server_removed(w)


def udp_server_removed_in_ipvs_way(w):
    w.ipvs_way()
    _udp_server_removed(w)


def _syn_while_closing(w):
    for n, script in enumerate(("oFA", "iFA", "oFA iFA", "oRA")):
        w.service((1, 2), name=f"{{v{n or ''}}}")
        c = w.connect(vport=w.vport + n).establish()
        for step in script.split():
            (c.request if step[0] == "i" else c.reply)(step[1:])
        c.request("S", f"SYN after {script}", seq=77000)
        w.connections(c.cport)
    w.list()


def syn_while_closing(w):
    _syn_while_closing(w)


def syn_while_closing_in_ipvs_way(w):
    w.ipvs_way()
    _syn_while_closing(w)


def _syn_while_a_persistent_connection_closes(w):
    w.service((1, 2))
    w.command("-E -t {v} -s rr -p 60")
    for script in ("oFA", "oFA iFA"):
        c = w.connect().establish()
        for step in script.split():
            (c.request if step[0] == "i" else c.reply)(step[1:])
        c.request("S", f"SYN after {script}", seq=77000)
        w.connections(c.cport)
    w.stats()


def syn_while_a_persistent_connection_closes(w):
    _syn_while_a_persistent_connection_closes(w)


def syn_while_a_persistent_connection_closes_in_ipvs_way(w):
    w.ipvs_way()
    _syn_while_a_persistent_connection_closes(w)


def _replies_after_expiry(w):
    w.command("--set 1 1 1", log=False)
    w.service()
    w.service((1,), rport=53, protocol="u")
    tcp, port = w.connect().establish(), w.next_port()
    w.client("query", frames.udp(CIP, port, VIP, w.vport, DATA))
    w.pause(2.3)
    w.connections()
    w.server("late answer", frames.udp(rip(1), 53, CIP, port, DATA))
    tcp.reply("PA", "late server data", data=DATA)
    tcp.request("PA", "late client data", data=DATA, own_stack=True)


def replies_after_expiry(w):
    _replies_after_expiry(w)


def replies_after_expiry_in_ipvs_way(w):
    w.ipvs_way()
    _replies_after_expiry(w)
