"""What `bpvs-standing show` prints, as lines that can be compared."""


def contents(shown):
    """{"MAP KEY WORDS", ...}. Without `reasons`: an inert director counts what its host's own stack sends at any time."""
    lines, name = set(), ""
    for line in shown.splitlines():
        if not line.startswith(" "):
            name = line
        elif name != "reasons":
            lines.add(f"{name}{line}")
    return lines
