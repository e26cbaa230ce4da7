"""How well the terms of every decomposition add up to gross exports, on all years that the studies ship.

    python benchmarks/wiod_terms.py

For each release and year, the largest gap over exporters between exports and the sum of the terms, relative to the
exporter's gross exports; and the largest gap of a row (exporter, sector, importer) relative to world exports.
"""

from __future__ import annotations

import time
from pathlib import Path

import polars as pl

STUDIES = Path(__file__).resolve().parents[1] / "studies"
FOLDERS = (STUDIES / "globalisation_1995_2011/data/wiod2013", STUDIES / "globalisation/data/wiod2016")
BOUND = 1e-9


def gaps(a: object) -> dict[str, tuple[float, float]]:
    """Of one table, by decomposition: largest gap of an exporter and of a row."""
    from econloom.iot import decompose

    frames = {
        "kww": ("kww", decompose.kww(a)),
        "wwz": ("wwz", decompose.wwz(a)),
        "source": ("borin_mancini", decompose.borin_mancini(a)),
        "sink": ("borin_mancini", decompose.borin_mancini(a, "sink")),
    }
    found = {}
    for name, (method, frame) in frames.items():
        rows = decompose.gaps(frame, method, frame.height)
        total = rows.group_by("exporter").agg(pl.col("exports", "gap").sum())
        by_exporter = total.select((pl.col("gap") / pl.col("exports")).abs().max()).item()
        found[name] = (by_exporter, rows["gap"].abs().max() / rows["exports"].sum())
    return found


def main() -> None:
    from econloom import iot

    worst = 0.0
    for folder in FOLDERS:
        tables = iot.read(folder)
        for year in tables.years:
            start = time.process_time()
            found = gaps(iot.Accounts(tables.table(year)))
            worst = max(worst, *(e for e, _ in found.values()))
            texts = "   ".join(f"{name} {e:.1e} (row {r:.1e})" for name, (e, r) in found.items())
            print(f"{tables.layout} {year}: {texts}   {time.process_time() - start:.1f} s CPU")
    print(f"worst {worst:.1e} of an exporter's gross exports (bound {BOUND:.0e})")
    if worst > BOUND:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
