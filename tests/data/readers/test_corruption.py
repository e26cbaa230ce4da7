"""200 random corruptions of good files: an error in words, the same panel, or a change no wider than the damage."""

import random

import numpy as np
import openpyxl
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EconloomError

PROVINCES = ["北京", "天津", "河北", "山西", "内蒙古", "辽宁"]
YEARS = list(range(2005, 2012))
ODD = [
    "\t",
    "\x00",
    "\ufeff",
    '"',
    "'",
    ",",
    ";",
    "，",
    "—",
    "#DIV/0!",
    "１",
    " ",
    "\u3000",
    "\n",
    "北",
    "²",
    "e9",
    "%",
    "-",
]


def frame():
    rng = np.random.default_rng(3)
    keys = pl.DataFrame({"地区": PROVINCES}).join(pl.DataFrame({"年份": YEARS}), how="cross")
    gdp = pl.Series("GDP", np.exp(rng.normal(6, 1, keys.height)).round(2))
    return keys.with_columns(
        gdp, pl.Series("人口", rng.integers(100, 9000, keys.height)), pl.Series("率", rng.random(keys.height).round(4))
    )


def text(encoding):
    return lambda path: path.write_bytes(frame().write_csv().encode(encoding))


def workbook(path):
    book = openpyxl.Workbook()
    book.active.append(frame().columns)
    for row in frame().iter_rows():
        book.active.append(row)
    book.save(path)


def stata(path):
    made = frame().to_pandas().rename(columns={"地区": "region", "年份": "year", "人口": "pop", "率": "rate"})
    codes = {p: n for n, p in enumerate(PROVINCES, 1)}
    made["region"] = [codes[r] for r in made["region"]]
    made.to_stata(path, version=117, write_index=False, value_labels={"region": {n: f"P{n}" for n in codes.values()}})


KINDS = {
    "utf-8.csv": text("utf-8"),
    "gb18030.csv": text("gb18030"),
    "utf-16.csv": text("utf-16"),
    "a.xlsx": workbook,
    "a.dta": stata,
}


def damaged(content, rng, written):
    """One piece of damage, and how many rows it may change."""
    at = rng.randrange(len(content))
    kind = rng.randrange(6 if written else 4)
    if kind == 0:
        return content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :], 2
    if kind == 1:
        return content[:at] + content[at + rng.randint(1, 4) :], 3
    if kind == 2:
        return content[: max(20, at)], None
    if kind == 3:
        return content[:at] + bytes(rng.randrange(256) for _ in range(rng.randint(1, 3))) + content[at:], 2
    decoded = content.decode(written)
    where = rng.randrange(len(decoded))
    if kind == 4:
        return (decoded[:where] + rng.choice(ODD) + decoded[where:]).encode(written), 2
    first, *lines = decoded.split("\n")
    a = rng.randrange(len(lines) - 1)
    cells = lines[a].split(",")
    c, d = rng.sample(range(len(cells)), 2)
    cells[c], cells[d] = cells[d], cells[c]
    lines[a] = ",".join(cells)
    return "\n".join([first, *lines]).encode(written), 1


def changed_rows(good, bad):
    """Rows of either frame without an equal in the other."""
    if good.columns != bad.columns or good.schema != bad.schema:
        bad = bad.rename(dict(zip(bad.columns, good.columns, strict=False)))
    a, b = ([tuple(map(str, r)) for r in f.rows()] for f in (good, bad))
    return max(sum(r not in set(b) for r in a), sum(r not in set(a) for r in b))


@pytest.mark.parametrize("name", KINDS)
def test_no_traceback_and_no_panel_that_is_silently_wrong(name, tmp_path):
    path = tmp_path / name
    KINDS[name](path)
    content, good = path.read_bytes(), el.read(path)
    written = name.removesuffix(".csv") if name.endswith(".csv") else None
    rng = random.Random(name)
    told = 0
    for _ in range(40):
        damage, most = damaged(content, rng, written)
        path.write_bytes(damage)
        try:
            bad = el.read(path)
        except EconloomError as error:
            assert name in str(error)
            told += 1
            continue
        if most is None and bad.frame.height < good.frame.height:
            continue  # the end of a text is missing: that rows are missing is for the panel to say
        if bad.frame.schema != good.frame.schema or [str(r) for r in bad.remarks] != [str(r) for r in good.remarks]:
            continue  # told by a name, a type or a remark
        assert changed_rows(good.frame, bad.frame) <= (most or 2), damage
    assert told > 5
