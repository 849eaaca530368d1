"""A tc program that marks packets before a director sees them, as other people's programs may.

Written in the kernel's own instructions, so that it runs wherever BPF does and needs nothing but tc.

    marking.py INTERFACE PREFERENCE MARK tcp|udp|sctp FIRST-PORT LAST-PORT
"""
import ctypes
import os
import struct
import subprocess
import sys
import tempfile

PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132}
BPF_PROG_LOAD, BPF_OBJ_PIN, BPF_PROG_TYPE_SCHED_CLS = 5, 6, 3
SYS_BPF = 321  # x86-64
MARK = 8  # offset in struct __sk_buff
libc = ctypes.CDLL(None, use_errno=True)


def _instruction(code, dst=0, src=0, offset=0, value=0):
    return struct.pack("<BBhI", code, src << 4 | dst, offset, value & 0xffffffff)


def _program(mark, protocol, first, last):
    """IPv4 without options: of this protocol and to these ports? Then *(skb + MARK) = mark. Always goes on."""
    return b"".join((
        _instruction(0xbf, dst=6, src=1),                         # r6 = skb
        _instruction(0x30, value=14 + 9),                         # r0 = protocol
        _instruction(0x55, offset=5, value=PROTOCOLS[protocol]),  # if r0 != … go on
        _instruction(0x28, value=14 + 20 + 2),                    # r0 = destination port
        _instruction(0xa5, offset=3, value=first),                # if r0 < … go on
        _instruction(0x25, offset=2, value=last),                 # if r0 > … go on
        _instruction(0xb4, dst=1, value=mark),                    # w1 = mark
        _instruction(0x63, dst=6, src=1, offset=MARK),            # skb->mark = w1
        _instruction(0xb7, value=-1),                             # TC_ACT_UNSPEC
        _instruction(0x95)))


def _bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes, 128)
    result = libc.syscall(SYS_BPF, command, buffer, 128)
    if result < 0:
        raise OSError(ctypes.get_errno(), "bpf: " + os.strerror(ctypes.get_errno()))
    return result


def mark_before(interface, preference, mark, protocol, first, last):
    """Puts the program on the ingress of an interface of this network namespace."""
    code = ctypes.create_string_buffer(_program(mark, protocol, first, last))
    licence = ctypes.create_string_buffer(b"MIT")
    program = _bpf(BPF_PROG_LOAD, struct.pack("<IIQQ", BPF_PROG_TYPE_SCHED_CLS, (len(code) - 1) // 8,
                                              ctypes.addressof(code), ctypes.addressof(licence)))
    subprocess.run(["tc", "qdisc", "add", "dev", interface, "clsact"], capture_output=True, check=False)  # or it is there
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(["mount", "-t", "bpf", "bpf", place], check=True)
        try:
            pin = ctypes.create_string_buffer(os.fsencode(place + "/mark"))
            _bpf(BPF_OBJ_PIN, struct.pack("<QI", ctypes.addressof(pin), program))
            subprocess.run(["tc", "filter", "add", "dev", interface, "ingress", "pref", str(preference), "bpf", "da",
                            "object-pinned", place + "/mark"], check=True)
        finally:
            os.close(program)
            subprocess.run(["umount", place], check=True)


if __name__ == "__main__":
    INTERFACE, PREFERENCE, MARK_TO_SET, PROTOCOL, FIRST, LAST = sys.argv[1:]
    mark_before(INTERFACE, int(PREFERENCE), int(MARK_TO_SET, 0), PROTOCOL, int(FIRST), int(LAST))
