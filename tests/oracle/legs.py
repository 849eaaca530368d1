"""A director between two legs without a stack, so that every packet around it is ours.

    left  l0 ---- eth0 director eth1 ---- r0  right
          (gateway, clients)                  (real servers)

Frames go in and come out as bytes; nothing on the legs answers by itself. The process lives in the
director's namespace once Legs is made. Works the same on any kernel, with IPVS or without.
"""
import array
import ctypes
import fcntl
import os
import select
import socket
import struct
import subprocess
import time

import frames

CIP, VIP, DIP = "192.168.1.1", "1.1.1.1", "172.16.1.254"
CIP6, VIP6, DIP6 = "2001:db8:c::1", "2001:db8:1::1", "2001:db8:2::fe"
GW_MAC, VIP_MAC, DIP_MAC = (bytes.fromhex(m) for m in ("02000000fe01", "02000000d000", "02000000d001"))
CLONE_NEWNET = 0x40000000
PACKET_OUTGOING = 4
PATIENCE = 60  # seconds: a loaded machine is no fault
libc = ctypes.CDLL(None, use_errno=True)


def rip(server):
    return f"172.16.1.{server}"


def rip6(server):
    return f"2001:db8:2::{server:x}"


def ether_type(packet):
    return b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"


def rs_mac(server):
    return bytes.fromhex(f"02000000a0{server:02x}")


def enter(namespace):
    fd = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"cannot enter the network namespace {namespace}")
    os.close(fd)


def run_ip(lines, *options):
    subprocess.run(["ip", *options, "-batch", "-"], input="\n".join(lines), text=True, check=True)


def sum_in_software(interface):
    """No checksum is left to the interface's device (SIOCETHTOOL, ETHTOOL_STXCSUM 0): frames come out whole."""
    value = array.array("B", struct.pack("II", 0x17, 0))
    request = struct.pack("16sP8x", interface.encode(), value.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, 0x8946, request)


class Legs:
    def __init__(self, prefix, servers=3):
        # On one CPU frames stay in the order in which they were sent.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        self.prefix = prefix
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.namespaces = [prefix + n for n in ("left", "right", "director")]
        left, right, director = self.namespaces
        run_ip([f"netns add {n}" for n in self.namespaces])
        for namespace in self.namespaces:
            enter(namespace)
            # The director speaks IPv6 of its own accord neither: no link-local addresses, no duplicate detection.
            silent = int(namespace != director)
            for setting in (f"ipv6/conf/all/disable_ipv6={silent}", f"ipv6/conf/default/disable_ipv6={silent}",
                            "ipv6/conf/default/addr_gen_mode=1", "ipv6/conf/default/accept_dad=0",
                            f"ipv6/conf/all/forwarding={int(namespace == director)}",
                            "ipv4/conf/all/rp_filter=0", "ipv4/conf/default/rp_filter=0",
                            "ipv4/icmp_ratelimit=0", "ipv6/icmp/ratelimit=0",  # every answer of the stack is to be seen
                            f"ipv4/ip_forward={int(namespace == director)}"):
                path, value = setting.split("=")
                with open("/proc/sys/net/" + path, "w", encoding="ascii") as file:
                    file.write(value)
        run_ip([f"link add l0 netns {left} address {GW_MAC.hex(':')} type veth"
                f" peer name eth0 address {VIP_MAC.hex(':')} netns {director}",
                f"link add r0 netns {right} address 02:00:00:00:ff:01 type veth"
                f" peer name eth1 address {DIP_MAC.hex(':')} netns {director}"])
        for namespace, leg in ((left, "l0"), (right, "r0")):
            run_ip(["link set " + leg + " arp off up promisc on"], "-n", namespace)
        run_ip(["link set lo up", "link set eth0 up", "link set eth1 up",
                f"addr add {VIP}/24 dev eth0", f"addr add {DIP}/24 dev eth1",
                f"addr add {VIP6}/64 dev eth0", f"addr add {DIP6}/64 dev eth1",
                f"neigh add 2001:db8:1::fe lladdr {GW_MAC.hex(':')} dev eth0 nud permanent",
                "route add default via 2001:db8:1::fe",
                *(f"neigh add {rip6(n)} lladdr {rs_mac(n).hex(':')} dev eth1 nud permanent" for n in range(1, servers + 1)),
                f"neigh add 1.1.1.254 lladdr {GW_MAC.hex(':')} dev eth0 nud permanent",
                "route add default via 1.1.1.254",
                *(f"neigh add {rip(n)} lladdr {rs_mac(n).hex(':')} dev eth1 nud permanent"
                  for n in (*range(1, servers + 1), 200))], "-n", director)
        self.left, self.right = self._socket(left, "l0"), self._socket(right, "r0")
        enter(director)
        for interface in ("eth0", "eth1"):
            sum_in_software(interface)
        self.marks = 0
        self.exchange()

    def remove(self):
        libc.setns(self.home, CLONE_NEWNET)
        for leg in (self.left, self.right):
            leg.close()
        subprocess.run(["ip", "-batch", "-"], input="\n".join(f"netns del {n}" for n in self.namespaces), text=True, check=True)

    @staticmethod
    def _socket(namespace, interface):
        enter(namespace)
        leg = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        leg.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        leg.bind((interface, 0))
        leg.setblocking(False)
        return leg

    def client_frame(self, packet):
        return VIP_MAC + GW_MAC + ether_type(packet) + packet

    def server_frame(self, packet, server):
        return DIP_MAC + rs_mac(server) + ether_type(packet) + packet

    def exchange(self, client=(), server=()):
        """Sends frames in at both legs; all that came out: [(leg, frame)], leg "L" or "R".

        A marked datagram that the director merely routes follows from each side. When both are
        out, everything before them is, too: no waiting, and nothing is missed.
        """
        for frame in client:
            self.left.send(frame)
        for frame in server:
            self.right.send(frame)
        self.marks += 1
        mark = struct.pack("!I", self.marks)
        self.left.send(self.client_frame(frames.udp("192.168.1.200", 9, rip(200), 9, mark)))
        self.right.send(self.server_frame(frames.udp(rip(200), 9, "192.168.1.200", 9, mark), 200))
        out, missing, deadline = [], {"L", "R"}, time.monotonic() + PATIENCE
        while missing:
            ready, _, _ = select.select([self.left, self.right], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"the director does not route: a marked datagram did not come out within {PATIENCE} seconds")
            for leg in ready:
                name = "L" if leg is self.left else "R"
                frame, origin = leg.recvfrom(65535)
                if origin[2] == PACKET_OUTGOING or frame[12:14] not in (b"\x08\x00", b"\x86\xdd") or frame[0] & 1:
                    continue
                if frame[12:14] == b"\x08\x00" and b"\0\x09\0\x09" == frame[34:38]:
                    missing -= {name} if frame[-4:] == mark else set()
                else:
                    out.append((name, frame))
        return out
