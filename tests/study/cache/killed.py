"""Runs that are killed: a process that opens econloom once and forks a child for every run. Prints JSON.

Each child is killed by the system: at the n-th of its own calls that change files (seen by an audit hook), or after
some milliseconds, whatever it does then. The folder is looked at after each.
"""

import hashlib
import json
import os
import random
import shutil
import signal
import sys
import time
from functools import partial
from importlib import import_module
from pathlib import Path

from tests.study import small

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir"}
TIMED = {"run.json", "plan.json", "ledger.csv"}
TEXTS = (
    small.TEXT[: small.TEXT.index("  t3:")] + small.TEXT[small.TEXT.index("  t4:") : small.TEXT.index("\nversions:")],
    small.TEXT[: small.TEXT.index("  t1:")]
    + small.TEXT[small.TEXT.index("  t4:") : small.TEXT.index("\nversions:")].replace("[y ~ tbi", "[y ~ tbi + lnGDP"),
)


def whole(out):
    """Files of a run but those of times, by digest; the record is looked at apart."""
    return {
        p.relative_to(out).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(out.rglob("*"))
        if p.is_file() and p.name not in TIMED and not any(q.startswith(".econloom-") for q in p.relative_to(out).parts)
    }


def forked(work, kill=None):
    """Do something in a child; how it ended."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    if kill is not None:
        time.sleep(kill)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run(folder, at=None):
    """Run the study; killed before the ``at``-th call that changes files."""
    import econloom as el

    left = [at]

    def watch(event, arguments):
        written = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if left[0] is not None and (event in CHANGES or written):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    el.study(folder).run(jobs=1)


def calls(folder):
    """How many calls of a run change files."""
    read, write = os.pipe()

    def counted():
        number = [0]

        def watch(event, arguments):
            written = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            number[0] += event in CHANGES or bool(written)

        sys.addaudithook(watch)
        import econloom as el

        el.study(folder).run(jobs=1)
        os.write(write, str(number[0]).encode())

    assert forked(counted) == 0
    return int(os.read(read, 20))


def looked_at(out, wanted):
    """What is wrong with a folder after a kill."""
    faults = []
    for name, digest in whole(out).items() if out.exists() else ():
        if digest not in {w.get(name) for w in wanted}:
            faults.append(f"{name} is half written")
    record = out / "run.json"
    if record.is_file():
        said = json.loads(record.read_text(encoding="utf-8"))
        journal = (out / ".econloom-commit.json").exists()
        bad = [f for f, d in said["digests"].items()
               if not (out / f).is_file() or hashlib.sha256((out / f).read_bytes()).hexdigest() != d]  # fmt: skip
        if bad and not journal:
            faults.append(f"not the files of the record: {bad[:3]}")
    return faults


def main(folder, kills, seed):
    for name in ("econloom.study", *(f"econloom.report.render.{f}" for f in ("docx", "latex", "xlsx", "csv", "html"))):
        import_module(name)  # once, for all children

    folder, rng = Path(folder), random.Random(seed)
    out, kept = folder / "out", Path(os.environ["ECONLOOM_CACHE"])
    wanted, most, seconds = [], [], []
    for text in TEXTS:
        small.rewrite(folder, text)
        shutil.rmtree(out, ignore_errors=True)
        shutil.rmtree(kept, ignore_errors=True)
        most.append(calls(folder))
        wanted.append(whole(out))
        shutil.rmtree(out)
        shutil.rmtree(kept)
        begin = time.perf_counter()
        assert forked(lambda: run(folder)) == 0
        seconds.append(time.perf_counter() - begin)
        assert whole(out) == wanted[-1]
    told = {"kills": 0, "ended": 0, "resumed": 0, "faults": [], "calls": most}
    variant = 1
    while told["kills"] < kills:
        variant = 1 - variant
        small.rewrite(folder, TEXTS[variant])
        if rng.random() < 0.5:
            shutil.rmtree(kept, ignore_errors=True)
        if rng.random() < 0.3:
            shutil.rmtree(out, ignore_errors=True)
        for _ in range(rng.randint(1, 4)):
            if rng.random() < 0.6:
                code = forked(partial(run, folder, rng.randrange(most[variant])))
            else:
                code = forked(lambda: run(folder), rng.uniform(0, seconds[variant]))
            told["kills" if code == -signal.SIGKILL else "ended"] += 1
            if code not in (0, -signal.SIGKILL):
                told["faults"].append(f"a run failed with {code}")
            told["faults"] += looked_at(out, wanted)
        code = forked(lambda: run(folder))
        told["resumed"] += 1
        if code != 0 or whole(out) != wanted[variant]:
            told["faults"].append(f"not resumed to the same bytes (code {code})")
        if list(out.glob(".econloom-*")):
            told["faults"].append("something is left in the folder")
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
