"""A sequence as a scenario file, with what the real IPVS answered as what must come."""
import subprocess

import transcript
import worlds


def expressed(look):
    """What a scenario says after each packet of a look."""
    lines = []
    frames = list(look.out)
    for packet in look.sent:
        mine = frames[:1] if len(look.sent) > 1 else frames
        frames = frames[len(mine):]
        text = "\n".join([f"i {packet}", *(f"o {out}" for out in mine)]) + "\n"
        said = subprocess.run([worlds.DIFFER, "express"], input=text, capture_output=True, text=True, check=True).stdout
        lines += [f"in  {packet}", *(said.splitlines() or ["dropped"])]
    return lines


def service(words):
    return f"{words[0]} {words[1]}"


def rows(look):
    for key, seconds in sorted(look.conns.items()):
        protocol, client, vip, server, state = key.split()
        if protocol != "ip" and not client.endswith(":0"):
            yield f"conn {protocol} {client} {vip} {server} {state} expires {seconds + 1}"
    for row in sorted(look.servers):
        yield f"counters {row}"


def text(path, plot, sequence, about):
    looks = transcript.read(path + ".ipvs")[0][plot]
    lines = [f"# {line}" for line in about]
    switches = subprocess.run([worlds.DIFFER, "switches"], capture_output=True, text=True, check=True).stdout.split()
    lines += [f"bpvs sysctl {' '.join(switches)}"] if switches else []
    lines.append("bpvsadm -A -t 10.47.255.1:9 -s rr   # IPVS does nothing while there is no service")
    for step, look in zip(sequence["steps"], looks):
        for part in step.split(" | "):
            word, _, rest = part.partition(" ")
            if word == "bpvsadm" or word == "wait":
                lines.append(part)
            elif word == "set":
                lines.append(f"bpvs sysctl {rest}")
            elif word == "timeouts":
                lines.append(f"bpvsadm --set {rest}")
        lines += expressed(look)
    lines += rows(looks[-2])
    lines += [f"counters {row}" for row in looks[-1].counters]
    return "\n".join(lines) + "\n"
