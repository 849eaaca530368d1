"""A case and its result in the form of tests/golden/cases."""
import shlex


def command(run):
    line = " ".join(["ipvsadm"] + [shlex.quote(word) for word in run["argv"]])
    return line if "in" not in run else f"{line} <<'END'\n{run['in']}END"


def commands(case):
    return "\n".join(command(run) for run in case["runs"]) + "\n"


def text(name, case, result):
    """The last command line is the case's, those before are its setup."""
    *before, last = case["runs"]
    status, out, err = result["runs"][-1]
    setup = "".join(command(run) + "\n" for run in before)
    state = result["state"][0] if result["state"] is not None else ""
    return (f"# case: {name}\n# setup:\n{setup}# command:\n{command(last)}\n# exit: {status}\n# stdout:\n{out}"
            f"# stderr:\n{err}# state after (ipvsadm -Sn):\n{state}")
