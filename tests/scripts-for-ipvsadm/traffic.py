#!/usr/bin/python3
"""Traffic for the scripts: traffic.py serve | connect HOST PORT SECONDS | datagrams HOST PORT COUNT BYTES

serve: TCP 80 and UDP 53 return what they get. connect: one connection, held for some time. datagrams: each is answered.
"""
import selectors
import socket
import sys
import time


def serve():
    selector = selectors.DefaultSelector()
    tcp, udp = socket.create_server(("", 80)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("", 53))
    for s in (tcp, udp):
        selector.register(s, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            if key.fileobj is tcp:
                selector.register(tcp.accept()[0], selectors.EVENT_READ)
            elif key.fileobj is udp:
                data, client = udp.recvfrom(2000)
                udp.sendto(data, client)
            elif data := key.fileobj.recv(2000):
                key.fileobj.sendall(data)
            else:
                selector.unregister(key.fileobj)
                key.fileobj.close()


def connect(host, port, seconds):
    with socket.create_connection((host, int(port)), timeout=10) as s:
        s.sendall(b"x")
        s.recv(1)
        time.sleep(float(seconds))


def datagrams(host, port, count, size):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(10)
        s.connect((host, int(port)))
        for _ in range(int(count)):
            s.send(bytes(int(size)))
            s.recv(2000)


if __name__ == "__main__":
    {"serve": serve, "connect": connect, "datagrams": datagrams}[sys.argv[1]](*sys.argv[2:])
