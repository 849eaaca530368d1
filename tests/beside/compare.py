"""Whether two results of one case (player.py) are the same."""
import re

OUR_WORDS = ("-h", "--help", "-v", "--version")


def difference(case, theirs, ours):
    """None, or the first difference in words. Nothing is wanted of us where ipvsadm crashes (-b ,)."""
    if any(their[0] < 0 for their in theirs["runs"]):
        return None
    for run, their, our in zip(case["runs"], theirs["runs"], ours["runs"]):
        if same_run(run["argv"], their, our):
            continue
        return "\n".join([f"ipvsadm {' '.join(run['argv'])}", f"    ipvsadm {their}", f"    bpvsadm {our}"])
    their_state, our_state = theirs["state"], ours["state"]
    if their_state is None or our_state is None:
        return None if their_state == our_state else f"afterwards:\n    ipvsadm {their_state}\n    bpvsadm {our_state}"
    for question, their, our in zip(case["state"], their_state, our_state):
        if blocks(question, their) != blocks(question, our):
            return "\n".join([f"afterwards ipvsadm {' '.join(question)}", f"    ipvsadm {their!r}", f"    bpvsadm {our!r}"])
    return None


def same_run(argv, their, our):
    if their == our:
        return True
    if argv and argv[0].startswith(OUR_WORDS):  # the text of help and version is our own; where it goes is not
        return their[0] == our[0] and [bool(text) for text in their[1:]] == [bool(text) for text in our[1:]]
    return their[0] == our[0] and their[2] == our[2] and blocks(argv, their[1]) == blocks(argv, our[1])


def blocks(argv, text):
    """With --nosort, services come in the order of a hash that differs from boot to boot."""
    if "--nosort" not in argv:
        return text
    return sorted(re.split(r"\n(?! )", text))
