"""Audit of 300 tables, and the simulation of docs/audit.md: correct tables, planted errors, detection by decimals.

    python benchmarks/audit.py [tables]

Tables are drawn by tests/audit/correct_tables.py with seed 20261125, fixed before the first run. First the time of 300
csv files from disk to findings; then findings on correct tables (10,000 by default); then one star more or less in one
cell of each table, and whether it is found, by the decimals of the print.
"""

from __future__ import annotations

import csv
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.audit.correct_tables import draw

from econloom.audit import audit
from econloom.audit.read.interpret import interpret

SEED, FILES = 20261125, 300


def files(folder: Path) -> list[Path]:
    rng = np.random.default_rng(SEED)
    paths = []
    for n in range(FILES):
        grid = draw(rng).grid()
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
    print(f"{FILES} tables, {done.numbers} numbers: {seconds:.2f} s, {cpu:.2f} s of one processor")


def simulated(tables: int) -> None:
    rng = np.random.default_rng(SEED)
    levels: Counter[tuple[str, str]] = Counter()
    planted: Counter[int] = Counter()
    caught: Counter[tuple[int, str]] = Counter()
    for _ in range(tables):
        case = draw(rng)
        levels.update({(f.level, f.check) for f in audit([interpret(case.grid(), "t")]).findings})
        column = int(rng.integers(len(case.fits)))
        fit = case.fits[column]
        place = int(rng.integers(len(fit.terms)))
        right = fit.stars[place]
        wrong = int(np.clip(right + rng.choice([-1, 1]), 0, 3))
        if wrong == right:
            continue
        term = fit.terms[place]
        found = audit([interpret(case.grid({(term, column): wrong}), "t")]).findings
        planted[case.digits] += 1
        about = [f.level for f in found if f.check == "stars" and f"column {column + 1}" in f.where]
        for level in ("certain", "conditional", "suspicious"):
            if level in about:
                caught[case.digits, level] += 1
                break
    print(f"{tables} correct tables with a finding: {dict(levels) or 'none'}")
    for digits in sorted(planted):
        rates = ", ".join(
            f"{k} {caught[digits, k] / planted[digits]:.3f}" for k in ("certain", "conditional", "suspicious")
        )
        print(f"{digits} decimals: {planted[digits]} stars off by one: {rates}")


if __name__ == "__main__":
    timed()
    simulated(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
