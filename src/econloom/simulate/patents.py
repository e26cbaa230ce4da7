"""The register of patents, one row each: date, invention or not, codes of the International Patent Classification."""

from __future__ import annotations

import numpy as np
import polars as pl

from econloom.simulate import firms
from econloom.simulate.market import FIRMS, YEARS
from econloom.simulate.processes import Process

_GROUPS = """
A01B 1 3 5 33|A01G 7 9 25 31|A23L 2 3 7 19 33|A61B 1 5 8 17 18|A61K 8 9 31 36 38 39 45 47|A61M 1 5 16 25
A61P 1 9 25 31 35|B01D 3 11 21 29 46 53|B01J 2 8 19 21 23 31|B05B 1 7 12|B21D 5 22 28 43|B22D 11 17 18
B23K 9 11 20 26 37|B23Q 1 3 7 11|B25J 5 9 11 13 15 19|B29C 33 35 39 45 48 64|B32B 5 7 15 27|B60K 1 6 11 17
B60L 3 11 15 50 53|B62D 1 5 21 25|B65B 1 11 35 57|B65D 5 25 81 85|B65G 15 17 35 43 47|B66C 1 13 23
C01B 3 21 25 32 33|C02F 1 3 9 11|C04B 7 18 28 35|C07C 17 29 51 67|C07D 209 213 401 403 487|C08F 2 220 265
C08G 18 59 63 77|C08K 3 5 7 9 13|C08L 23 63 67 75 83|C09D 5 7 163 175|C10G 11 45 65 67|C12N 1 5 9 15|C21C 5 7
C21D 1 6 8 9|C22C 1 9 21 38|C23C 2 14 16 22|C25D 3 5 11|D01F 1 6 8|D06M 11 13 15|E02D 3 5 17 29|E04B 1 2 5
E04G 3 11 21|E21B 7 17 33 43 47|F01D 5 9 11 25|F02M 21 25 37|F03D 1 7 9 80|F04D 13 17 29|F16H 1 3 57 61
F16K 1 3 31 37|F16L 9 23 55 58|F21V 8 17 19 23 29|F24F 1 11 12 13|F25B 1 13 41 49|F25D 11 17 23 29|G01B 5 7 11 21
G01M 3 13 17|G01N 1 21 27 30 33|G01R 1 19 27 31 33|G02B 5 6 13 27|G02F 1|G05B 11 13 15 19 23
G06F 1 3 8 9 11 12 13 16 17 21 30|G06K 7 9 17|G06N 3 5 20|G06Q 10 20 30 40 50|G06T 3 5 7 11 15|G08B 13 17 21 25
G09G 3 5|G11B 5 7 20|G16H 10 40 50|H01B 1 3 5 7 13|H01F 1 27 38 41|H01H 1 9 33 71|H01L 21 23 25 27 29 31 33
H01M 2 4 8 10 50|H01Q 1 3 9 21|H01R 4 12 13 24 43|H02B 1 7 13|H02G 1 3 7 15|H02H 3 7 9|H02J 3 7 9 13
H02K 1 3 5 7 9 11 15|H02M 1 3 5 7|H03K 17 19|H04B 1 3 5 7 10 17|H04L 1 5 9 12 25 27 41 43 45 47 67|H04M 1 3 11
H04N 5 7 9 19 21|H04R 1 3 9|H04W 4 12 16 24 28 36 48 52 64 72 84 88|H05B 3 6 33 45 47|H05K 1 3 5 7
"""
_SUBGROUPS = (0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20)
_NO_CODE = 0.004  # share of patents whose codes are blank


def main_groups() -> list[str]:
    """Main groups that patents are drawn from.

    Examples
    --------
    >>> main_groups()[:2], len(main_groups()) > 300
    (['A01B1', 'A01B3'], True)
    """
    entries = [e.split() for e in _GROUPS.replace("\n", "|").split("|") if e]
    return [f"{e[0]}{number}" for e in entries for number in e[1:]]


def draw(seed: int, process: Process) -> dict[str, pl.Series]:
    """All patents of the firms of a draw, by year, then in the order of their application."""
    made = firms.draw(seed, process)
    rng = made.stream(21)
    firm, t = np.nonzero(made.count)
    many = made.count[firm, t]
    firm, year = np.repeat(firm, many), np.repeat(YEARS[t], many)
    place = np.arange(len(firm)) - np.repeat(np.cumsum(many) - many, many)
    invention = place < made.inventions[firm, year - YEARS[0]]
    day = rng.integers(0, 365, len(firm))
    ipc = _codes(rng, firm)
    order = np.lexsort((day, year))
    firm, year, invention, day = (x[order] for x in (firm, year, invention, day))
    start = pl.date(pl.col("year"), 1, 1) + pl.duration(days=pl.col("day"))
    dates = pl.DataFrame({"year": year, "day": day}).select(date=start)["date"]
    return {
        "patent": pl.Series(np.arange(1, len(firm) + 1)),
        "year": pl.Series(year),
        "date": dates,
        "firm": pl.Series(firm + 1),
        "is_invention": pl.Series(invention),
        "ipc": ipc.gather(pl.Series(order)),
    }


def _codes(rng: np.random.Generator, firm: np.ndarray) -> pl.Series:
    """One to three codes of each patent, mostly of the main groups that are its firm's own."""
    groups = main_groups()
    pool = pl.Series([f"{g}/{s:02d}" for g in groups for s in _SUBGROUPS])
    fields = rng.integers(0, len(groups), FIRMS)  # a firm works around one place of the classification
    breadth = rng.integers(2, 12, FIRMS)
    n = len(firm)
    own = np.floor(breadth[firm] * rng.random((3, n)) ** 2).astype(int)
    group = np.where(rng.random((3, n)) < 0.12, rng.integers(0, len(groups), (3, n)), fields[firm] + own) % len(groups)
    code = group * len(_SUBGROUPS) + rng.integers(0, len(_SUBGROUPS), (3, n))
    number = rng.choice(3, size=n, p=[0.55, 0.3, 0.15])
    first, second, third = (pool.gather(pl.Series(c)) for c in code)
    blank = rng.random(n) < _NO_CODE
    frame = pl.DataFrame({"a": first, "b": second, "c": third, "n": number, "blank": blank})
    two = pl.when(pl.col("n") >= 1).then(pl.lit("; ") + pl.col("b")).otherwise(pl.lit(""))
    three = pl.when(pl.col("n") == 2).then(pl.lit("; ") + pl.col("c")).otherwise(pl.lit(""))
    return frame.select(ipc=pl.when(~pl.col("blank")).then(pl.col("a") + two + three))["ipc"]
