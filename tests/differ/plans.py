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


def write(path, head, plot, sequence):
    lines = [*head, f"sequence {plot}", *sequence["flows"], *(f"step {step}" for step in sequence["steps"])]
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
