"""Changes under live connections, and what is counted: cases of the wire comparison, see wire_cases.py."""
import frames
from frames import DATA
from legs import CIP, VIP, rip


def removed_server(w):
    w.ipvs_way()
    w.service((1, 2))
    c = w.connect().establish()
    w.command("-d -t {v} -r 172.16.1.2:80")
    w.list()
    w.connections()
    c.reply("PA", "server data", data=DATA)
    c.request("PA", "client data", data=DATA)
    c.request("S", "SYN on the same port")
    w.connections()
    for n in range(2):
        w.connect().request("S", f"new connection {n + 1}")
    w.command("-a -t {v} -r 172.16.1.2:80 -m")
    c.request("PA", "client data after the server was added again", data=DATA)
    w.list()
    w.connections()


def server_of_weight_0_keeps_its_connections(w):
    w.service((1, 2))
    c = w.connect().establish()
    w.command("-e -t {v} -r 172.16.1.2:80 -m -w 0")
    c.request("PA", data=DATA).reply("PA", data=DATA)
    for n in range(3):
        w.connect().request("S", f"new connection {n + 1}")
    w.list()


def removed_service(w):
    w.ipvs_way()
    w.service()
    w.service((2,), name="{v1}")
    c = w.connect().establish()
    w.command("-D -t {v}")
    c.reply("PA", "server data", data=DATA)
    c.request("PA", "client data", data=DATA)
    w.connect().request("S", "new connection", own_stack=True)
    w.connections()


def no_service_at_all(w):
    w.ipvs_way()
    w.service()
    c = w.connect().establish()
    w.command("-C")
    c.reply("PA", "server data", data=DATA)
    c.request("PA", "client data", data=DATA, own_stack=True)
    w.connections()
    w.command("-A -u {v1} -s rr")
    c.reply("PA", "server data, with another service", data=DATA)


def service_without_servers(w):
    w.service(())
    w.service((), protocol="u")
    w.connect().request("S", "SYN", own_stack=True)
    w.connect().request("A", "ACK", own_stack=True)
    w.client("UDP", frames.udp(CIP, w.next_port(), VIP, w.vport, DATA), own_stack=True)
    w.connections()


def service_whose_servers_all_have_weight_0(w):
    w.service({1: 0, 2: 0})
    w.connect().request("S", "SYN with rr", own_stack=True)
    w.command("-E -t {v} -s wrr")
    w.connect().request("S", "SYN with wrr", own_stack=True)
    w.list()


def same_client_port_to_two_services_with_the_same_server(w):
    w.service((1, 2))
    w.service((2, 1), name="{v1}")
    port = w.next_port()
    first = w.connect(cport=port).request("S", "SYN to the first service")
    w.connect(vport=w.vport + 1).request("S", "another client moves the second service on")
    second = w.connect(cport=port, vport=w.vport + 1).request("S", "SYN to the second service")
    first.reply("SA", "the first one's SYN/ACK")
    second.reply("SA", "the second one's SYN/ACK")
    w.connections()


def client_in_the_servers_network(w):
    w.service()
    w.server("SYN", frames.tcp(rip(3), 6000, VIP, w.vport, "S"), server=3)
    w.connections()


def changed_timeouts_apply_with_the_next_packet(w):
    w.service()
    w.service(rport=53, protocol="u")
    old = w.connect().establish()
    w.command("--set 100 20 50")
    w.command("-L --timeout")
    w.connections()
    old.request("PA", data=DATA)
    fin = w.connect().establish().reply("FA")
    fin.reply("A")
    w.client("UDP", frames.udp(CIP, w.next_port(), VIP, w.vport, DATA))
    w.connections()
    w.command("--set 0 0 70")
    w.command("-L --timeout")


def fragments(w):
    w.service(rport=53, protocol="u")
    whole = frames.udp(CIP, w.next_port(), VIP, w.vport, b"z" * 2000)[20:]
    first = frames.ip(CIP, VIP, frames.UDP, whole[:1400], ident=0x77, fragment=0x2000)
    second = frames.ip(CIP, VIP, frames.UDP, whole[1400:], ident=0x77, fragment=1400 // 8)
    w.client("in order", first, second, own_stack=True)
    w.connections()


def counters_are_exact(w):
    w.service((1, 2))
    w.service(rport=53, protocol="u", name="{v1}")
    for n in range(3):
        c = w.connect().establish()
        c.request("PA", data=b"x" * (100 + n)).reply("A").reply("PA", data=b"y" * (300 + n))
        c.request("FA").reply("FA").request("A")
    w.client("UDP", frames.udp(CIP, w.next_port(), VIP, w.vport + 1, DATA))
    w.connect().request("A", "a segment of no connection", own_stack=True)
    w.stats()
    w.list()
    w.command("-Z -t {v}")
    w.stats()


def server_added_again_keeps_its_counters(w):
    w.service((1, 2))
    for n in range(3):
        w.connect().establish()
    w.stats()
    w.command("-d -t {v} -r 172.16.1.1:80")
    w.command("-a -t {v} -r 172.16.1.1:80 -m")
    w.command("-E -t {v} -s wrr")
    w.stats()
    w.list()
