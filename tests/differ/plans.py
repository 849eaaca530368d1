"""Plans as text: for taking single sequences out and putting smaller ones in."""


def read(path):
    """(first lines, {plot: {"flows": [...], "steps": [...]}})"""
    head, sequences, current = [], {}, None
    with open(path, encoding="ascii") as file:
        for line in file.read().splitlines():
            word, _, rest = line.partition(" ")
            if word == "sequence":
                current = sequences[int(rest)] = {"flows": [], "steps": []}
            elif word == "flow":
                current["flows"].append(line)
            elif word == "step":
                current["steps"].append(rest)
            else:
                head.append(line)
    return head, sequences


def hurried(sequence):
    """Without what takes time, and without -Z, before which IPVS needs some to count."""
    steps = [" | ".join(part for part in step.split(" | ") if not part.startswith(("wait", "bpvsadm -Z"))) or "-" for step in sequence["steps"]]
    return {**sequence, "steps": steps}


def write(path, head, sequences):
    lines = list(head)
    for plot, sequence in sequences.items():
        lines += [f"sequence {plot}", *sequence["flows"], *(f"step {step}" for step in sequence["steps"])]
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
