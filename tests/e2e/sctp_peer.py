#!/usr/bin/python3
"""An SCTP stack of its own, for kernels that have none: libusrsctp over raw sockets.

    sctp_peer.py serve ADDRESS PORT                     echoes what each client sends, until it shuts down
    sctp_peer.py ask ADDRESS SERVER PORT MESSAGES SIZE  sends messages, expects the same bytes back, shuts down

ADDRESS: the one to use; an association with several would tell them all, and be multi-homed.
"""
import ctypes
import os
import socket
import struct
import sys
import time

LIBRARY = "libusrsctp.so.2"
SCTP = 132


class Socket:
    library = None

    def __init__(self, handle=None):
        if not Socket.library:
            Socket.library = ctypes.CDLL(LIBRARY)
            for name, result in (("socket", ctypes.c_void_p), ("accept", ctypes.c_void_p), ("sendv", ctypes.c_ssize_t),
                                 ("recvv", ctypes.c_ssize_t)):
                getattr(Socket.library, "usrsctp_" + name).restype = result
            Socket.library.usrsctp_init(ctypes.c_uint16(0), None, None)
            Socket.library.usrsctp_sysctl_set_sctp_blackhole(2)  # an instance answers nothing that is another's
        self.handle = ctypes.c_void_p(handle or self._call("socket", socket.AF_INET, socket.SOCK_STREAM, SCTP, None, None, 0, None))
        if not self.handle:
            raise OSError("usrsctp_socket")

    @staticmethod
    def _call(name, *arguments):
        return getattr(Socket.library, "usrsctp_" + name)(*arguments)

    def _with_address(self, name, address, port):
        packed = struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(address) + bytes(8)
        if self._call(name, self.handle, packed, len(packed)) != 0:
            raise OSError(f"usrsctp_{name} {address}:{port}")

    def bind(self, address, port):
        self._with_address("bind", address, port)

    def connect(self, address, port):
        self._with_address("connect", address, port)

    def listen(self):
        if self._call("listen", self.handle, 8) != 0:
            raise OSError("usrsctp_listen")

    def accept(self):
        return Socket(self._call("accept", self.handle, None, None))

    def send(self, data):
        if self._call("sendv", self.handle, data, ctypes.c_size_t(len(data)), None, 0, None, 0, 0, 0) != len(data):
            raise OSError("usrsctp_sendv")

    def receive(self):
        """A message or a part of one; nothing when the other side has shut down."""
        buffer = ctypes.create_string_buffer(1 << 16)
        length, flags = ctypes.c_uint32(0), ctypes.c_int(0)
        sender = ctypes.create_string_buffer(128)
        n = self._call("recvv", self.handle, buffer, ctypes.c_size_t(len(buffer)), sender, ctypes.byref(ctypes.c_uint32(128)),
                       None, ctypes.byref(length), ctypes.byref(ctypes.c_uint(0)), ctypes.byref(flags))
        return buffer.raw[:n] if n > 0 else b""

    def shutdown(self):
        self._call("shutdown", self.handle, socket.SHUT_WR)

    def close(self):
        self._call("close", self.handle)


def serve(address, port):
    listener = Socket()
    listener.bind(address, int(port))
    listener.listen()
    print("ready", flush=True)
    while True:
        client = listener.accept()
        while data := client.receive():
            client.send(data)
        client.close()


def ask(address, server, port, messages, size):
    s = Socket()
    s.bind(address, 0)
    s.connect(server, int(port))
    for _ in range(int(messages)):
        sent, back = os.urandom(int(size)), b""
        s.send(sent)
        while len(back) < len(sent):
            data = s.receive()
            if not data:
                sys.exit(f"the association ended after {len(back)} of {len(sent)} bytes")
            back += data
        if back != sent:
            sys.exit("other bytes came back")
    s.shutdown()
    if s.receive():
        sys.exit("more bytes came back")
    s.close()
    while Socket.library.usrsctp_finish() != 0:  # until the last chunks of the shutdown are sent
        time.sleep(0.02)


if __name__ == "__main__":
    {"serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:])
    os._exit(0)  # the library's threads never end
