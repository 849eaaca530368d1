#!/usr/bin/python3
"""The same frames into the real IPVS and into BPVS: the same bytes must come out.

    wire_test.py             compare with the real IPVS, run now; with its recording where it cannot run
    wire_test.py --record    run the real IPVS and keep what it did in recorded/wire.json
    wire_test.py --show [CASE...]    tell what the recording holds

Deliberate differences are listed in differences.toml. What is listed must differ, and differ so.
"""
import json
import pathlib
import sys
import tempfile
import tomllib

import differ
import frames

HERE = pathlib.Path(__file__).resolve().parent
RECORDING = HERE / "recorded" / "wire.json"
WORLD = str(HERE / "wire_world.py")


def read_record(path):
    """{case: {step: lines}}; a step that was taken before has its number after it: 'SYN #2'."""
    cases = {}
    for case, steps in json.loads(pathlib.Path(path).read_text(encoding="ascii")):
        named = cases[case] = {}
        taken = {}
        for step, lines in steps:
            taken[step] = taken.get(step, 0) + 1
            named[step if taken[step] == 1 else f"{step} #{taken[step]}"] = lines
    return cases


def read_differences():
    with open(HERE / "differences.toml", "rb") as file:
        listed = tomllib.load(file).get("difference", [])
    return {d["case"]: d["bpvs"] for d in listed}


def tell(line):
    return f"{line[:2]}{frames.tell(bytes.fromhex(line[2:])[14:])}" if line[:2] in ("L ", "R ") else line


def problems_of_case(theirs, ours, listed):
    """Sentences about every step that is not as it must be."""
    if theirs.keys() != ours.keys():
        yield f"steps: IPVS {list(theirs)}, BPVS {list(ours)}"
        return
    for step in listed.keys() - theirs.keys():
        yield f"differences.toml has a step that the case has not: {step}"
    for step in theirs:
        told = [tell(line) for line in ours[step]]
        same = differ.same_lines(theirs[step], ours[step])
        if step in listed:
            if same:
                yield f"{step}: listed in differences.toml, but IPVS does the same"
            elif not differ.same_lines(listed[step], told):
                yield from (f"{step}: differs in another way than listed", f"  listed: {listed[step]}", f"  BPVS:   {told}")
        elif not same:
            yield from (f"{step}:", *(f"  IPVS: {tell(line)}  {line}" for line in theirs[step] or ["nothing"]),
                        *(f"  BPVS: {tell(line)}  {line}" for line in ours[step] or ["nothing"]))


def compare(results, kind, theirs, ours, differences):
    for case in [*theirs, *(c for c in ours if c not in theirs)]:
        results.test(f"{kind}/{case}", problems_of_case(theirs.get(case, {}), ours.get(case, {}), differences.get(case, {})))
    if differences.keys() - theirs.keys():
        results.test(f"{kind}/differences.toml", [f"no such case: {case}" for case in differences.keys() - theirs.keys()])


def start_oracle(worlds, directory):
    worlds.start("IPVS", HERE / "lvs-oracle", "-t", "1200", "-o", directory, WORLD, "ipvsadm", "2.1", f"{directory}/ipvs.json")


def compare_recording(results, worlds, directory):
    """Is the recording still what the real IPVS does? Returns the record to compare with."""
    complaint = worlds.finish("IPVS")
    if complaint:
        results.test("recording/is-what-ipvs-does", [complaint])
        return read_record(RECORDING)
    live = read_record(f"{directory}/ipvs.json")
    compare(results, "recording", live, read_record(RECORDING), {})
    return live


def main(results, bpvsadm):
    no_oracle, no_bpvs = differ.oracle_is_missing(), differ.bpvs_cannot_run(bpvsadm)
    with tempfile.TemporaryDirectory() as directory, differ.Worlds() as worlds:
        if not no_oracle:
            start_oracle(worlds, directory)
        if not no_bpvs:
            worlds.start("BPVS", WORLD, bpvsadm, "0", f"{directory}/bpvs.json")
        complaint = None if no_bpvs else worlds.finish("BPVS")
        if no_oracle:
            print(f"the real IPVS cannot run here ({no_oracle}): comparing with its recording")
            results.skip("recording/is-what-ipvs-does", no_oracle)
            theirs = read_record(RECORDING)
        else:
            theirs = compare_recording(results, worlds, directory)
        if no_bpvs:
            for case in theirs:
                results.skip(f"wire/{case}", no_bpvs)
        elif complaint:
            results.test("wire/bpvs-runs", [complaint])
        else:
            compare(results, "wire", theirs, read_record(f"{directory}/bpvs.json"), read_differences())


def record():
    with tempfile.TemporaryDirectory() as directory, differ.Worlds() as worlds:
        start_oracle(worlds, directory)
        complaint = worlds.finish("IPVS")
        if complaint:
            sys.exit(f"wire_test: the real IPVS did not run: {complaint}")
        RECORDING.parent.mkdir(exist_ok=True)
        RECORDING.write_bytes(pathlib.Path(directory, "ipvs.json").read_bytes())


def show(names):
    for case, steps in read_record(RECORDING).items():
        if not names or case in names:
            print(f"## {case}")
            for step, lines in steps.items():
                print(f"  {step}", *map(tell, lines), sep="\n      ")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--record"]:
        record()
    elif sys.argv[1:2] == ["--show"]:
        show(sys.argv[2:])
    else:
        RESULTS = differ.Results()
        main(RESULTS, differ.find_bpvsadm())
        sys.exit(RESULTS.close())
