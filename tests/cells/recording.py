"""The recording: what ipvsadm answered, command lines with the same outcome together, as text that can be read and compared.

    exit 2                          a case's outcome:
    err: Illegal 'numeric' ...          lines of stdout (out:), of stderr (err:), of the listings afterwards (state:);
    state: =3-7                         lines 3 to 7 as for the base table
    $ ipvsadm -A -n                 the command lines that have it
"""
import difflib
import json
import shlex


def text_lines(prefix, text):
    if not text:
        return []
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    else:
        lines[-1] += "\\"  # no newline at the end
    return [f"{prefix}: {line}" for line in lines]


def folded(lines, base):
    """The lines of a state; what is as in the base only by the lines' numbers there."""
    result = []
    for kind, first, last, begin, end in difflib.SequenceMatcher(None, base, lines, autojunk=False).get_opcodes():
        result += [f"state: ={first + 1}-{last}"] if kind == "equal" else [f"state: {line}" for line in lines[begin:end]]
    return result


def outcome_text(result):
    """A result of one run (player.py) as lines."""
    status, out, err = result["runs"][0]
    lines = [f"exit {status}"] + text_lines("out", out) + text_lines("err", err)
    if result["state"] is not None:
        lines += folded("".join(result["state"]).split("\n"), "".join(result["base"]).split("\n"))
    return "\n".join(lines)


def line_text(words, env):
    line = " ".join([f"{name}={value}" for name, value in env.items()] + ["ipvsadm"] + [shlex.quote(w) for w in words])
    return line if line.isprintable() else json.dumps([env, words])


def write(path, recorded):
    groups = {}
    for line, outcome in recorded.items():
        groups.setdefault(outcome, []).append(line)
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        for outcome, members in groups.items():
            file.write(outcome + "\n" + "".join(f"$ {member}\n" for member in members))


def read(path):
    """{text of the command line: text of its outcome}"""
    recorded, outcome, done = {}, [], True
    with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        for line in file.read().split("\n"):
            if line.startswith("$ "):
                recorded[line[2:]] = "\n".join(outcome)
                done = True
            elif line:
                if done:
                    outcome, done = [], False
                outcome.append(line)
    return recorded
