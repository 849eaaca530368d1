"""Makes a sequence that differs as short as it goes: every candidate is played again, alone, on both worlds."""
import re

import plans
import worlds

AT_ONCE = 16  # candidates that are played side by side in one guest, each in a network namespace of its own
ROUNDS = 24
OPTIONS = re.compile(r" (payload \d+B|ttl \d+|tos \d+|id \d+|df|flow \d+|opt hex:\w+|sum \+1|seq 1001 ack 5001)(?= |$)")


def candidates(sequence):
    """Smaller ones, the most promising first, with the steps that each does without."""
    steps = sequence["steps"]
    for size in (len(steps) // 2, len(steps) // 4, 1):
        for start in range(len(steps) - size, -1, -size) if size else ():
            yield without(sequence, range(start, start + size)), frozenset(range(start, start + size))
    for at, step in enumerate(steps):
        parts = step.split(" | ")
        for size in {len(parts) // 2, 1} if len(parts) > 1 else ():
            for start in range(0, len(parts), size) if size else ():
                rest = parts[:start] + parts[start + size:]
                yield {**sequence, "steps": [*steps[:at], " | ".join(rest), *steps[at + 1:]]}, frozenset()
        if (simple := OPTIONS.sub(lambda m: m[0] if " ttl" in m[0] and "about" in step else "", step)) != step:
            yield {**sequence, "steps": [*steps[:at], simple, *steps[at + 1:]]}, frozenset()


def without(sequence, numbers):
    return {**sequence, "steps": [step for number, step in enumerate(sequence["steps"]) if number not in numbers]}


def cut(found):
    """Without what comes after the difference."""
    sequence, path, verdict, left_out = found
    when = verdict.difference[0]
    steps = sequence["steps"][:int(when) + 1] if when.isdigit() else sequence["steps"]
    return {**sequence, "steps": steps}, path, verdict, left_out


def size_of(sequence):
    return sum(20 + len(step) for step in sequence["steps"] if step != "-")


def still_differs(directory, head, plot, some):
    """Those that differ alone: (sequence, path, verdict, what it does without)."""
    paths = [directory.path(f"candidate-{number}") for number in range(len(some))]
    for path, (sequence, _) in zip(paths, some):
        plans.write(path, head, {plot: sequence})
    directory.play_together(paths)
    found = []
    for path, (sequence, left_out) in zip(paths, some):
        try:
            verdict = worlds.compare(path)[0][plot]
        except (worlds.Broken, FileNotFoundError):
            continue  # a command that needs another that was left out
        if verdict.difference:
            found.append((sequence, path, verdict, left_out))
    return found


def shrunk(directory, head, plot, sequence, steps_enough=0):
    """(sequence, its plan's path, verdict), of no more than steps_enough steps or as short as it goes; None: alone it does
    not differ."""
    sequence = {**sequence, "steps": [step for step in sequence["steps"] if step != "-"]}
    first = still_differs(directory, head, plot, [(sequence, frozenset())])
    if not first:
        return None
    best, tried, joint = cut(first[0]), set(), []
    for _ in range(ROUNDS):
        fresh = []
        for candidate, left_out in [*joint, *candidates(best[0])]:
            key = "\n".join(candidate["steps"])
            if key not in tried and len(fresh) < AT_ONCE and candidate["steps"]:
                tried.add(key)
                fresh.append((candidate, left_out))
        if not fresh or len(best[0]["steps"]) <= steps_enough:
            break
        found = still_differs(directory, head, plot, fresh)
        needless = frozenset().union(*(left_out for *_, left_out in found))
        joint = [(without(best[0], needless), frozenset())] if needless else []  # perhaps all at once
        best = min([best, *map(cut, found)], key=lambda f: size_of(f[0]))
    return still_differs(directory, head, plot, [(best[0], frozenset())])[0][:3]
