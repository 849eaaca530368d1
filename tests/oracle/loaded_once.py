"""A program that is loaded once and runs many times, each time in a fork: loaded_once.cc, which says how."""
import array
import contextlib
import os
import pathlib
import socket
import struct
import subprocess

BUILD = pathlib.Path(os.environ.get("BPVS_BUILD") or pathlib.Path(__file__).resolve().parents[2] / "build" / "release")
LIBRARY = BUILD / "lib" / "loaded_once.so"


class LoadedOnce:
    def __init__(self, program):
        if not LIBRARY.exists():
            raise FileNotFoundError(f"{LIBRARY} is not built; make test does it")
        self.program = program
        self.ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.child = subprocess.Popen([program], stdin=theirs, env={**os.environ, "LD_PRELOAD": str(LIBRARY), "LD_BIND_NOW": "1"})

    def run(self, arguments, text=""):
        """As subprocess.run([program, *arguments], input=text, capture_output=True, text=True)."""
        with contextlib.ExitStack() as opened:
            file = lambda fd, mode: opened.enter_context(open(fd, mode, encoding="utf-8"))
            stdin, stdout, stderr = (file(os.memfd_create(name), "w+") for name in ("in", "out", "err"))
            stdin.write(text)
            stdin.seek(0)
            network = file("/proc/thread-self/ns/net", "r")
            answer, asked = os.pipe()
            opened.callback(os.close, answer)
            words = b"".join(word.encode() + b"\0" for word in [self.program, *arguments])
            given = array.array("i", [stdin.fileno(), stdout.fileno(), stderr.fileno(), network.fileno(), asked])
            self.ours.sendmsg([words], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, given)])
            os.close(asked)
            (status,) = struct.unpack("i", os.read(answer, 4))
            for stream in (stdout, stderr):
                stream.seek(0)
            return subprocess.CompletedProcess([self.program, *arguments], os.waitstatus_to_exitcode(status), stdout.read(), stderr.read())

    def close(self):
        self.ours.close()
        self.child.wait()
