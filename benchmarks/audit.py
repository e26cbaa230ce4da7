"""Audit of 300 tables, and the simulation of docs/audit.md: correct tables, planted errors, what brute force proves.

    python benchmarks/audit.py [tables]
    python benchmarks/audit.py --part 1/10 --save part1   (then --join part1 ... part10)

Tables are estimated on drawn data by tests/audit/drawn, the table of number k with the seed (20261125, k), fixed
before the first run; every fiftieth by statsmodels and linearmodels. First the time of 300 csv files from disk to
findings. Then findings on correct tables (10,000 by default), and two errors, one after the other, planted in each:
whether brute force over the rounding intervals rules the table out, and whether the audit finds it.
"""

from __future__ import annotations

import argparse
import csv
import math
import pickle
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.audit.drawn import fast, peers
from tests.audit.drawn.judging import audited, drawn, planted

from econloom.audit import Finding, audit
from econloom.audit.checks.registry import LABELS

SEED, FILES, ERRORS, PEERS = 20261125, 300, 2, 50
DECIMALS = (3, 4, 5)


def files(folder: Path) -> list[Path]:
    paths = []
    for n in range(FILES):
        grid = drawn(SEED, n)[1].grid()
        path = folder / f"t{n}.csv"
        with path.open("w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows([*grid.rows, (grid.notes[0],)])
        paths.append(path)
    return paths


def timed() -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = files(Path(folder))
        audit(paths[:1])
        begin, used = time.perf_counter(), time.process_time()
        done = audit(paths)
        seconds, cpu = time.perf_counter() - begin, time.process_time() - used
    print(f"{FILES} tables, {done.numbers} numbers: {seconds:.2f} s, {cpu:.2f} s of one processor", flush=True)


def known(findings: tuple[Finding, ...]) -> set[tuple[str, str, str]]:
    return {(f.level, f.check, f.where) for f in findings}


class Tally:
    """Counts of a simulation."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.alarms: Counter[tuple[str, str]] = Counter()
        self.planted: Counter[tuple[str, int]] = Counter()
        self.proven: Counter[tuple[str, int]] = Counter()
        self.found: Counter[tuple[str, int]] = Counter()
        self.pointed: Counter[tuple[str, int]] = Counter()
        self.missed: list[tuple[int, str, set[str]]] = []
        self.unproven: list[tuple[int, str, set[str]]] = []

    def __add__(self, other: Tally) -> Tally:
        made = Tally()
        for name, held in vars(self).items():
            setattr(made, name, held + getattr(other, name))
        return made

    def table(self, number: int) -> None:
        rng, table = drawn(SEED, number, peers if number % PEERS == 0 else fast)
        findings = audited(table)
        self.kinds[table.kind] += 1
        self.alarms.update({(f.level, f.check) for f in findings})
        self.alarms.update({(f.level, "any") for f in findings})
        for _ in range(ERRORS):
            error = planted(rng, table)
            if error is None:
                continue
            key = (error.kind, error.digits)
            new = known(error.findings) - known(findings)
            self.planted[key] += 1
            self.proven[key] += bool(error.proven)
            self.found[key] += bool(error.proven) and not error.missed
            self.pointed[key] += bool(new)
            if error.missed:
                self.missed.append((number, error.kind, error.missed))
            if error.unproven:
                self.unproven.append((number, error.kind, error.unproven))


def share(part: int, whole: int) -> str:
    """With its Monte Carlo error."""
    if not whole:
        return "-"
    p = part / whole
    return f"{p:.3f} ({math.sqrt(p * (1 - p) / whole):.3f})"


def show(tally: Tally, tables: int) -> None:
    print(f"\n{tables} correct tables: {dict(tally.kinds)}")
    print("| check | certain | conditional | suspicious |\n|---|---|---|---|")
    for check in ["any", *(k for k in LABELS if any(c == k for _, c in tally.alarms))]:
        counts = [tally.alarms[level, check] for level in ("certain", "conditional", "suspicious")]
        print(f"| `{check}` | {counts[0]} | {counts[1]} | {share(counts[2], tables)} |")
    print(
        "\n| error | planted | proven impossible | of these found | "
        + " | ".join(f"{d} decimals" for d in DECIMALS)
        + " |"
    )
    print("|---|---|---|---|" + "---|" * len(DECIMALS))
    for kind in sorted({k for k, _ in tally.planted}):
        counts = [sum(c[kind, d] for d in DECIMALS) for c in (tally.planted, tally.proven, tally.found)]
        rates = [share(tally.pointed[kind, d], tally.planted[kind, d]) for d in DECIMALS]
        print(f"| {kind} | {counts[0]} | {counts[1]} | {counts[2]} | {' | '.join(rates)} |")
    totals = [sum(c.values()) for c in (tally.planted, tally.proven, tally.found)]
    rates = [
        share(*(sum(v for (_, e), v in c.items() if e == d) for c in (tally.pointed, tally.planted))) for d in DECIMALS
    ]
    print(f"| all | {totals[0]} | {totals[1]} | {totals[2]} | {' | '.join(rates)} |")
    print(f"proven and not found: {tally.missed or 'none'}; called certain and not proven: {tally.unproven or 'none'}")


def run(numbers: range) -> Tally:
    tally, begin = Tally(), time.process_time()
    for number in numbers:
        tally.table(number)
    print(f"tables {numbers}: {time.process_time() - begin:.0f} s of one processor", flush=True)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", type=int, nargs="?", default=10_000)
    parser.add_argument("--part", default="1/1", help="such as 3/10, to be saved and joined later")
    parser.add_argument("--save", type=Path, help="file for the counts of this part")
    parser.add_argument("--join", type=Path, nargs="+", help="files of all parts")
    given = parser.parse_args()
    if given.join:
        show(sum((pickle.loads(p.read_bytes()) for p in given.join), Tally()), given.tables)
        return
    part, parts = (int(x) for x in given.part.split("/"))
    timed()
    tally = run(range(given.tables * (part - 1) // parts, given.tables * part // parts))
    if given.save:
        given.save.write_bytes(pickle.dumps(tally))
    else:
        show(tally, given.tables)


if __name__ == "__main__":
    main()
