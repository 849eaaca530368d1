"""The two sides of a comparison: the real ipvsadm on IPVS in user-mode Linux, and bpvsadm-table here."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BIN = (pathlib.Path(os.environ.get("BPVS_BUILD", ROOT / "build/release")) / "bin").resolve()
ENTER = HERE / "world/enter"
ORACLE = ROOT / "tests/oracle/lvs-oracle"
# In the guest: all that IPVS has, then the same interfaces and names as here.
GUEST = """
modules=$(printf '%s\\n' /usr/lib/uml/modules/*/modules.dep | tail -n 1)
cd "${modules%/*}" && names=$(find . -name 'ip_vs*.ko' | sed 's|.*/||; s|[.]ko$||')
"$1" "$PWD" $names veth && shift && cd / && exec "$@"
"""


class Unavailable(Exception):
    """This side cannot be had on this machine; str() says why."""


class Side:
    """play(job) -> results, as player.py; run(script) -> a finished process."""

    def __init__(self, limit=600):
        self.limit = limit
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="bpvs-beside-"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir, ignore_errors=True)

    def start(self, job):
        (self.dir / "job.json").write_text(json.dumps(job), encoding="utf-8")
        (self.dir / "table").unlink(missing_ok=True)
        return self.launch("/usr/bin/python3", str(HERE / "player.py"), str(self.dir / "job.json"),
                           str(self.dir / "result.json"))

    def launch(self, *words):
        """Starts a program that writes result.json of this side's directory."""
        (self.dir / "result.json").unlink(missing_ok=True)
        command, env = self.command(*words)
        return subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, errors="replace")

    def finish(self, process):
        output, _ = process.communicate()
        if process.returncode != 0 or not (self.dir / "result.json").exists():
            raise RuntimeError(f"{type(self).__name__} ended with {process.returncode}: {output.strip()}")
        return json.loads((self.dir / "result.json").read_text(encoding="utf-8"))

    def play(self, job):
        return self.finish(self.start(job))


class Oracle(Side):
    """The real ipvsadm."""

    @staticmethod
    def missing():
        for program, package in (("linux.uml", "user-mode-linux"), ("ipvsadm", "ipvsadm")):
            if shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
                return f"{program} is missing; install it with: apt-get install {package}"
        return None

    def command(self, *words):
        prefix = [str(ORACLE), "-t", str(self.limit), "-o", str(self.dir), "sh", "-c", GUEST, "sh",
                  str(ROOT / "tests/oracle/guest-modprobe"), str(ENTER)]
        return prefix + list(words), None


class Table(Side):
    """bpvsadm-table under the name of ipvsadm."""

    program = "bpvsadm-table"

    def __init__(self, limit=600):
        super().__init__(limit)
        (self.dir / "bin").mkdir()
        (self.dir / "bin/ipvsadm").symlink_to(BIN / self.program)
        (self.dir / "bin/bpvsadm").symlink_to(BIN / self.program)
        for tool in ("save", "restore"):  # they look for bpvsadm beside themselves
            shutil.copy(BIN / f"bpvsadm-{tool}", self.dir / f"bin/ipvsadm-{tool}")

    @staticmethod
    def missing():
        if not (BIN / "bpvsadm-table").exists():
            return f"{BIN}/bpvsadm-table is not there; build it first, or name the build directory in BPVS_BUILD"
        if subprocess.run(unshare() + ["true"], capture_output=True, check=False).returncode != 0:
            return "network namespaces cannot be made here"
        return None

    def command(self, *words):
        env = {**os.environ, "PATH": f"{self.dir}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "BPVSADM_TABLE": str(self.dir / "table")}
        return unshare() + [str(ENTER)] + list(words), env


def unshare():
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare"] + user + ["--net", "--mount"]
