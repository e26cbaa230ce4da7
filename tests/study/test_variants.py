"""Robustness tables: every variant is the column one would write out."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import econloom as el
from econloom.core.errors import StudyFileError
from tests.study import small

BASE = small.TEXT[: small.TEXT.index("tables:\n")] + (
    "tables:\n"
    "  robust:\n"
    "    title: {zh: 稳健性, en: Robustness}\n"
    '    columns: ["growth ~ tbi + $controls | code + year"]\n'
    "    variants:\n"
    "      - {zh: 替换被解释变量, en: Level, outcome: gdp}\n"
    "      - {zh: 滞后, en: Lagged, lag: {tbi: 1}}\n"
    "      - {zh: 早期, en: Early, period: [2001, 2005]}\n"
    "      - {zh: 沿海, en: Shore, sample: shore}\n"
    "      - {zh: 缩尾, en: Winsorised, prepare: {winsorise: [0.05, 0.95]}}\n"
    "      - {zh: 稳健标准误, en: HC1, vcov: hc1, ssc: fixest, where: tbi > -10}\n"
    "    show: {funnel: true}\n"
    "  spelt:\n"
    "    title: {zh: 写出, en: Spelt out}\n"
    "    columns:\n"
    "      - growth ~ tbi + $controls | code + year\n"
    "      - gdp ~ tbi + $controls | code + year\n"
    "      - growth ~ l(tbi, 1) + $controls | code + year\n"
    "      - {formula: growth ~ tbi + $controls | code + year, sample: early}\n"
    "      - {formula: growth ~ tbi + $controls | code + year, sample: shore}\n"
    "      - {formula: growth ~ tbi + $controls | code + year, prepare: {winsorise: [0.05, 0.95]}}\n"
    "      - {formula: growth ~ tbi + $controls | code + year, vcov: hc1, ssc: fixest}\n"
)


def test_variants_are_what_one_would_write(tmp_path: Path) -> None:
    folder = small.write(tmp_path, BASE)
    run = el.study(folder).run(out=tmp_path / "out", lang="en")
    results = pl.read_csv(tmp_path / "out" / "results.csv")
    columns = ["column", "term", "estimate", "std_error", "n"]
    made, spelt = (
        results.filter(pl.col("table") == t).select(columns).sort("column", "term") for t in ("robust", "spelt")
    )
    assert made.height == spelt.height > 7
    assert made.drop("estimate", "std_error").equals(spelt.drop("estimate", "std_error"))
    for name in ("estimate", "std_error"):
        assert (made[name] - spelt[name]).abs().max() < 1e-12
    table = run.tables["robust"]
    heads = [c.label.text("en") for row in table.header for c in row if c.label is not None]
    assert {"Level", "Lagged", "Early", "Shore", "Winsorised", "HC1"} <= set(heads)
    rows = {row.label.text("en"): [c.value for c in row.cells] for row in table.rows}
    for place, n in enumerate(rows["N"]):
        parts = [rows[k][place] or 0 for k in rows if k in ("Rows offered", "Outside the sample", "Missing values")]
        other = [rows[k][place] or 0 for k in rows if k.startswith(("Alone", "Dropped"))]
        assert sum(parts) + sum(other) == n


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("lag: {tbi: 1}", "lag: {tbl: 1}", "did you mean 'tbi'?"),
        ("outcome: gdp", "outcome: gpd", "did you mean 'gdp'?"),
        ("period: [2001, 2005]", "period: [2005, 2001]", "after the last"),
        ("sample: shore", "sample: shor", "did you mean 'shore'?"),
        (", outcome: gdp", "", "changes something"),
        ("zh: 滞后, en: Lagged, ", "", "needs 'zh' or 'en'"),
        ("where: tbi > -10", "where: tbl > -10", "did you mean 'tbi'?"),
        ('    columns: ["growth', '    columns: [tbi ~ RQ, "growth', "'variants' are of one column"),
    ],
)
def test_faults(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in BASE
    folder = small.write(tmp_path, BASE.replace(old, new, 1))
    with pytest.raises(StudyFileError) as caught:
        el.study(folder).plan()
    assert says in str(caught.value)
