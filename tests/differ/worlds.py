"""Plays plans: on the real IPVS in user-mode Linux, on the native core, on the loaded BPF programs."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import plans
import transcript

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("BPVS_BUILD") or ROOT / "build" / "release", "bin")
DIFFER = str(BIN / "bpvs_differ")
ORACLE = str(ROOT / "tests" / "oracle" / "lvs-oracle")


class Broken(Exception):
    """A world did not play."""


def missing():
    """Why nothing can be compared here; None when it can."""
    for program, package in (("linux.uml", "user-mode-linux"), ("ipvsadm", "ipvsadm")):
        if not shutil.which(program):
            return f"{program} is missing (package {package})"
    return None if os.access(DIFFER, os.X_OK) else f"{DIFFER} is not built"


class Directory(tempfile.TemporaryDirectory):
    """Where plans and transcripts are; the guest sees it, too."""

    def __init__(self, here=False):
        """here: this kernel has IPVS, no guest is needed."""
        super().__init__()
        self.guests, self.here = [], here
        self.core = "native"  # or "faulty"

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for guest in self.guests:
            if guest.poll() is None:
                guest.terminate()
                guest.wait()
        super().__exit__(*error)

    def path(self, name):
        return str(pathlib.Path(self.name, name))

    def generate(self, kind, seed, count, name):
        with open(self.path(name), "w", encoding="ascii") as file:
            subprocess.run([DIFFER, "generate", kind, str(seed), str(count)], stdout=file, check=True)
        return self.path(name)

    def start_guest(self, *command):
        start = [] if self.here else [ORACLE, "-t", "1200", "-m", "1G", "-o", self.name]
        # pylint: disable-next=consider-using-with
        guest = subprocess.Popen([*start, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.guests.append(guest)
        return guest

    def start_ipvs(self, path, module=None):
        """The transcript will be beside the plan, .ipvs after its name. module: the guest's kernel gets it before."""
        command = [DIFFER, "play", "ipvs", path, path + ".ipvs"]
        if module:
            command = ["sh", "-c", 'ipvsadm -Ln >/dev/null && insmod "$0" && exec "$@"', module, *command]
        return self.start_guest(*command)

    def finish(self, guest):
        _, complaint = guest.communicate()
        self.guests.remove(guest)
        if guest.returncode:
            raise Broken(f"the real IPVS ended with status {guest.returncode}: {complaint}")

    def play_together(self, paths):
        """On the real IPVS and, after its clock, on the core: what the core refuses has no transcript of it."""
        self.finish(self.start_guest(DIFFER, "together", self.core, *paths))

    @staticmethod
    def forget(path):
        for file in pathlib.Path(path).parent.glob(pathlib.Path(path).name + "*"):
            file.unlink()

    def play_native(self, path):
        done = subprocess.run([DIFFER, "play", self.core, path, path + ".native", path + ".ipvs"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Broken(f"the native core ended with status {done.returncode}: {done.stderr}")

    @staticmethod
    def play_bpf(path):
        """None, or why BPF cannot be played here. Time passes by itself there: the native core is played after its clock."""
        done = subprocess.run([DIFFER, "play", "bpf", path, path + ".bpf"], capture_output=True, text=True, check=False)
        if done.returncode == 77:
            return done.stderr.strip()
        if done.returncode:
            raise Broken(f"the BPF programs ended with status {done.returncode}: {done.stderr}")
        done = subprocess.run([DIFFER, "play", "native", path, path + ".native-after-bpf", path + ".bpf"], check=False)
        if done.returncode:
            raise Broken("the native core did not play after the clock of the BPF programs")
        return None


def compare(path, theirs=".ipvs", ours=".native"):
    """({plot: Verdict}, sequences)"""
    _, sequences = plans.read(path)
    (a, refused_a), (b, refused_b) = transcript.read(path + theirs), transcript.read(path + ours)
    if refused_a or refused_b:
        raise Broken(f"a generated command was refused: {(refused_a + refused_b)[0]}")
    return {plot: transcript.compare(a[plot], b[plot], sequence) for plot, sequence in sequences.items()}, sequences
