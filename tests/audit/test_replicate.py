from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from econloom.audit import differences
from econloom.audit.replicate import (
    Coverage,
    Expectation,
    Incomparable,
    Ours,
    Replication,
    TableMap,
    compare,
    read_printed,
)
from econloom.core.errors import DataError, UsageError
from tests.audit.small import cell, column, estimate, grid, ours, printed, regression, value

PUBLISHED = Path(__file__).parents[2] / "studies" / "globalisation" / "published"
PAPER = regression(
    {
        "TBI": {"1": cell("11.5545", 3, "3.5239"), "2": cell("17.9309", 2, "8.1036")},
        "RQ": {"2": cell("6.2047", 3, "2.2698")},
        "常数项": {"1": cell("78.8511", 3, "0.6673"), "2": cell("-83.0214", 2, "39.7204")},
    },
    [column("1"), column("2", r2="0.1286")],
)
ESTIMATES = [
    estimate("t3", "c1", "tbi", 11.55449, 3.52391, 3),
    estimate("t3", "c1", "(Intercept)", 78.8864, 0.6660, 3),
    estimate("t3", "c2", "tbi", 18.0534, 7.9591, 2, r2_within=0.131),
    estimate("t3", "c2", "RQ", 6.5, 2.5719, 2),
    estimate("t3", "c2", "(Intercept)", -84.0, 40.0, 2),
]
MAP = TableMap(terms={"TBI": "tbi"}, r2="r2_within")
ALL = [
    Expectation(kinds=["coefficient"], verdict="within_se", at_least=4),
    Expectation(kinds=["n"], verdict="exact"),
    Expectation(kinds=["se"], verdict="within_tolerance", at_least=4),
    Expectation(kinds=["r2"], within=0.01),
]


def small(tmp_path: Path, expect: list[Expectation] = ALL, rows: Any = ESTIMATES, entry: TableMap = MAP) -> Replication:
    return compare({"t3": printed(PAPER, tmp_path)}, ours(rows), {"t3": entry}, expect)


def test_every_cell_has_a_verdict(tmp_path: Path) -> None:
    done = small(tmp_path)
    found = {(r["our_column"], r["our_term"], r["kind"]): r["verdict"] for r in done.cells.to_dicts()}
    assert found == {
        ("c1", "tbi", "coefficient"): "exact",
        ("c1", "tbi", "se"): "exact",
        ("c2", "tbi", "coefficient"): "within_se",
        ("c2", "tbi", "se"): "within_tolerance",
        ("c2", "RQ", "coefficient"): "sign_only",
        ("c2", "RQ", "se"): "fail",
        ("c1", "(Intercept)", "coefficient"): "within_se",
        ("c1", "(Intercept)", "se"): "within_tolerance",
        ("c2", "(Intercept)", "coefficient"): "within_se",
        ("c2", "(Intercept)", "se"): "within_tolerance",
        ("c1", "n", "n"): "exact",
        ("c2", "n", "n"): "exact",
        ("c1", "r2_within", "r2"): "exact",
        ("c2", "r2_within", "r2"): "within_tolerance",
    }
    assert done.ok and not done.problems() and done.not_compared.is_empty()
    row = done.cells.filter(pl.col("our_term") == "RQ", pl.col("kind") == "coefficient").to_dicts()[0]
    assert row["same_sign"] and not row["same_stars"] and row["ok"] is False
    assert row["difference_se"] == pytest.approx((6.5 - 6.2047) / 2.2698)


def test_summary_counts(tmp_path: Path) -> None:
    done = small(tmp_path)
    first = done.summary().filter(pl.col("kind") == "coefficient").to_dicts()[0]
    assert first == {
        "table": "t3", "kind": "coefficient", "printed": 5, "exact": 1, "within_rounding": 0, "within_se": 3,
        "within_tolerance": 0, "sign_only": 1, "fail": 0, "not_compared": 0, "sign_and_stars": 4,
    }  # fmt: skip
    assert done.summary()["printed"].sum() == len(done.comparisons) == 14


def test_unmet_says_what_was_found(tmp_path: Path) -> None:
    done = small(tmp_path, [*ALL[1:], Expectation(kinds=["coefficient"], verdict="within_se")])
    assert not done.ok and len(done.unmet) == 1
    assert (done.unmet[0].selected, done.unmet[0].reached, done.unmet[0].required) == (5, 4, 5)
    assert "4 of 5 cells, 5 required; short: t3.c2.RQ" in done.problems()[0]


def test_missing_cells_are_listed_and_reach_nothing(tmp_path: Path) -> None:
    without = [e for e in ESTIMATES if e["term"] != "RQ"]
    done = small(tmp_path, [Expectation(terms=["RQ"], kinds=["coefficient"], verdict="within_se"), *ALL], without)
    assert not done.ok and (done.unmet[0].selected, done.unmet[0].compared, done.unmet[0].reached) == (1, 0, 0)
    assert done.not_compared["reason"].to_list() == ["no counterpart in ours: t3.c2 has no term 'RQ'"] * 2
    assert (done.coverage.covered, done.coverage.printed) == (12, 14)


def test_unreadable_and_null_are_listed(tmp_path: Path) -> None:
    document = json.loads(json.dumps(PAPER))
    document["rows"][1]["cells"]["2"] |= {"se": None, "se_s": "2.2?98"}
    rows = [e | {"estimate": float("nan")} if e["term"] == "RQ" else e for e in ESTIMATES]
    done = compare({"t3": printed(document, tmp_path)}, ours(rows), {"t3": MAP}, ALL)
    reasons = done.not_compared["reason"].to_list()
    assert "has no number there" in reasons[0] and reasons[1].startswith("unreadable: '2.2?98'")
    assert done.cells.filter(pl.col("kind") == "se", pl.col("term") == "RQ")["printed_value"].to_list() == [None]


def test_t_values_give_the_standard_error(tmp_path: Path) -> None:
    paper = regression({"x": {"1": cell("2.00", 2, t="2.00")}}, [column("1")])
    rows = [estimate("t", "c1", "x", 2.9, 1.4, 2, r2=0.442)]
    done = compare({"t": printed(paper, tmp_path)}, ours(rows), {"t": TableMap()}, [])
    assert done.cells["verdict"].to_list() == ["within_se", "within_tolerance", "exact", "exact"]


def test_values_and_partial_columns(tmp_path: Path) -> None:
    paper = printed(
        grid({"2000": {"中国": "0.1061", "美国": "-0.1965"}, "2001": {"中国": "-0.0000"}}, ["中国", "美国"]), tmp_path
    )
    mine = ours([], [value("t1", "2000", "CHN", 0.105963), value("t1", "2001", "CHN", 0.00001)])
    entry = TableMap(printed="one", columns={"中国": "CHN"})
    done = compare({"one": paper}, mine, {"t1": entry}, [Expectation(tables=["t1"], within=0.002, at_least=2)])
    assert done.cells["verdict"].to_list() == ["within_tolerance", None, "within_rounding"]
    assert done.not_compared["reason"].to_list() == ["not mapped: printed column '美国'"]
    assert done.unmet == () and not done.ok
    assert "cover 2 of 3 printed numbers (66.7 per cent), 3 required; not covered: t1.美国.2000" in done.problems()[0]


def test_statistics_from_results_or_values(tmp_path: Path) -> None:
    paper = printed(regression({"x": {"1": cell("2.0")}}, [column("1", F="12.5**", LR="46.01", AR="0.1")]), tmp_path)
    mine = ours([estimate("t", "c1", "x", 2.0, n_clusters=1)], [value("t", "lr", "c1", 46.012)])
    done = compare({"t": paper}, mine, {"t": TableMap(statistics={"LR": "lr", "F": "vcov"})}, [])
    chosen = done.cells.filter(pl.col("kind") == "statistic")
    assert dict(zip(chosen["term"], chosen["verdict"], strict=True)) == {"F": None, "LR": "exact", "AR": None}


def test_stages_in_one_column_use_the_second(tmp_path: Path) -> None:
    paper = printed(regression({"x": {"1": cell("2.0")}}, [column("1")]), tmp_path)
    rows = [estimate("t", "c1", "x", 9.0, stage="first"), estimate("t", "c1", "x", 2.0, stage="second")]
    assert compare({"t": paper}, ours(rows), {"t": TableMap()}, []).cells["verdict"][0] == "exact"


@pytest.mark.parametrize(
    ("covered", "numbers", "ok"),
    [
        (19, 20, True), (18, 20, False), (95, 100, True), (94, 100, False), (114, 120, True), (113, 120, False),
        (1, 1, True), (0, 1, False), (950_000, 10**6, True), (949_999, 10**6, False),
    ],
)  # fmt: skip
def test_coverage_arithmetic(covered: int, numbers: int, ok: bool) -> None:
    assert Coverage(numbers, covered, ()).ok is ok


@pytest.mark.parametrize("left", [0, 1, 2])
def test_the_95_per_cent_rule_counts_cells(left: int, tmp_path: Path) -> None:
    """20 printed values, of which the expectation leaves out some."""
    names = [str(n) for n in range(20)]
    paper = printed(grid({n: {"v": "1.0"} for n in names}, ["v"]), tmp_path)
    mine = ours([], [value("t", n, "v", 1.0) for n in names])
    done = compare({"t": paper}, mine, {"t": TableMap()}, [Expectation(terms=names[left:], verdict="exact")])
    assert done.ok is (left < 2) and len(done.coverage.uncovered) == left


def test_unmapped_printed_tables_count_against_the_coverage(tmp_path: Path) -> None:
    one = printed(PAPER, tmp_path)
    done = compare({"t3": one, "t4": one}, ours(ESTIMATES), {"t3": MAP}, ALL)
    assert (done.coverage.covered, done.coverage.printed) == (14, 28) and not done.ok
    assert set(done.not_compared["reason"]) == {"not mapped: printed table 't4'"}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"verdict": "sign_only"}, "sign_only is not a success"),
    ({"verdict": "fail"}, "unknown verdict 'fail'"),
    ({"verdict": "within_sd"}, "did you mean 'within_se'"),
    ({}, "either a verdict or within"),
    ({"verdict": "exact", "within": 0.1}, "either a verdict or within"),
    ({"within": -1.0}, "not a tolerance"),
    ({"within": float("inf")}, "not a tolerance"),
    ({"within": 0.1, "kinds": ["n"]}, "within is not for n"),
    ({"verdict": "exact", "kinds": ["coeficient"]}, "did you mean 'coefficient'"),
    ({"verdict": "exact", "tables": "t3"}, "give a list: [t3]"),
    ({"verdict": "exact", "at_least": 0}, "at least one cell"),
    ({"verdict": "exact", "share": 0}, "share is 0"),
    ({"verdict": "exact", "share": 1.01}, "share is 1.01"),
    ({"verdict": "exact", "share": 0.5, "at_least": 2}, "not both"),
]


@pytest.mark.parametrize(("given", "says"), REFUSED, ids=[s for _, s in REFUSED])
def test_refused_expectations(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as error:
        Expectation(**given)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        (Expectation(tables=["t4"], verdict="exact"), "tables has 't4', which no printed cell has"),
        (Expectation(terms=["RQQ"], verdict="exact"), "did you mean 'RQ'"),
        (Expectation(columns=["c9"], verdict="exact"), "columns has 'c9'"),
        (Expectation(terms=["RQ"], columns=["c1"], verdict="exact"), "speaks of no printed cell"),
        (Expectation(kinds=["n"], verdict="exact", at_least=3), "asks for 3 cells but speaks of 2"),
        (Expectation(tables=["t3"], within=0.1), "cells, which within is not for"),
    ],
)
def test_expectations_that_speak_of_nothing(claim: Expectation, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        small(tmp_path, [claim])
    assert says in str(error.value)


MISMATCH: list[tuple[Any, type[Exception], tuple[str, ...]]] = [
    (TableMap(printed="t33"), UsageError, ("no printed table 't33', did you mean 't3'",)),
    (TableMap(columns={"3": "c1"}), UsageError, ("printed.json has no column '3'", "it has 1, 2")),
    (TableMap(columns={"1": "c3"}), UsageError, ("the run has no column 'c3'", "it has c1, c2")),
    (TableMap(columns={"1": "c1", "2": "c1"}), UsageError, ("stands for more than one printed column",)),
    (TableMap(terms={"TBX": "tbi"}), UsageError, ("no printed table has 'TBX', did you mean 'TBI'",)),
    (TableMap(terms={"TBI": "tbj"}), UsageError, ("which no table of the run has, did you mean 'tbi'",)),
    (TableMap(stars=False), UsageError, ("stars cannot be left out",)),
]


@pytest.mark.parametrize(("entry", "kind", "says"), MISMATCH)
def test_maps_that_name_nothing(entry: TableMap, kind: type[Exception], says: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(kind) as error:
        small(tmp_path, entry=entry)
    assert all(s in str(error.value) for s in says)


def test_a_printed_file_that_does_not_match_names_both_sides(tmp_path: Path) -> None:
    third = [*ESTIMATES, estimate("t3", "c3", "tbi", 1.0)]
    with pytest.raises(DataError, match=r"printed\.json does not match table t3.*2 columns \(1, 2\).*has 3 \(c1"):
        small(tmp_path, rows=third)
    with pytest.raises(DataError, match=r"prints 3 terms \(TBI, RQ, 常数项\), the run has 1 \(z\)"):
        small(tmp_path, rows=[estimate("t3", c, "z", 1.0) for c in ("c1", "c2")], entry=TableMap())
    with pytest.raises(UsageError, match=r"the run has no table 't3', did you mean 't03'\?\n  hint: the run has t03"):
        small(tmp_path, rows=[e | {"table": "t03"} for e in ESTIMATES])
    with pytest.raises(DataError, match=r"the run has no version 'default'; it has kof2020"):
        small(tmp_path, rows=[e | {"version": "kof2020"} for e in ESTIMATES])
    paper = printed(grid({"2000": {"CHN": "0.1"}, "2015": {"CHN": "0.1"}}, ["CHN"]), tmp_path)
    with pytest.raises(DataError, match=r"prints 2 rows \(2000, 2015\), the run has 1 \(2000\)"):
        compare({"t1": paper}, ours([], [value("t1", "2000", "CHN", 0.1)]), {"t1": TableMap()}, [])
    with pytest.raises(DataError, match="is of kind data, but table t3 of the run has no values"):
        compare({"t3": paper}, ours(ESTIMATES), {"t3": TableMap()}, [])


def test_one_printed_table_for_two_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="stands for both 't3' and 't4'"):
        compare({"p": printed(PAPER, tmp_path)}, ours(ESTIMATES), {t: TableMap(printed="p") for t in ("t3", "t4")}, [])


def test_ours_from_files_and_without_columns(tmp_path: Path) -> None:
    mine = ours(ESTIMATES, [value("t1", "2000", "CHN", 0.1)])
    mine.results.write_csv(tmp_path / "results.csv")
    mine.values.write_csv(tmp_path / "values.csv")
    again = compare({"t3": printed(PAPER, tmp_path)}, Ours.read(tmp_path), {"t3": MAP}, ALL)
    assert again.cells.equals(small(tmp_path).cells)
    with pytest.raises(DataError, match="no column stars"):
        Ours(mine.results.drop("stars"), mine.values)
    with pytest.raises(DataError, match="run the study first"):
        Ours.read(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["t3", "t4", "t5", "t6"])
def test_a_published_table_replicates_itself(name: str) -> None:
    paper = read_printed(PUBLISHED / f"002_{name}.json")
    columns = {c: f"c{n}" for n, c in enumerate(paper.columns, 1)}
    rows = []
    for term in paper.rows:
        for c, mine in columns.items():
            if (coef := paper.cell(c, term, "coefficient")) and coef.number:
                se, r2, n = (paper.cell(c, *a) for a in ((term, "se"), ("R2", "r2"), ("N", "n")))
                more = {"r2": float(r2.number.value), "n": int(n.number.value)}
                rows.append(
                    estimate(name, mine, term, float(coef.number.value), float(se.number.value), coef.stars, **more)
                )
    done = compare({name: paper}, ours(rows), {name: TableMap()}, [Expectation(verdict="exact")])
    assert done.ok and done.coverage.covered == done.coverage.printed == len(paper.cells)


def test_tables_of_differences(tmp_path: Path) -> None:
    done = small(tmp_path)
    table = differences.counts(done)
    total = dict(
        zip((c.label.text("en") for c in table.header[0]), (c.value for c in table.rows[-1].cells), strict=True)
    )
    assert total["Printed"] == 14 and total["Exact"] == 5 and sum(total.values()) == 28
    apart = differences.apart(done)
    assert apart is not None and [r.label.text("en") for r in apart.rows] == ["t3.c2.RQ", "t3.c2.RQ.se"]
    assert differences.apart(done, ["within_rounding"]) is None
    assert differences.points(done)["label"].to_list()[0] == "t3.c1.tbi" and differences.points(done).height == 5
    with pytest.raises(UsageError, match="did you mean 'fail'"):
        differences.apart(done, ["fial"])


def test_empty_and_null_keys_mean_all(tmp_path: Path) -> None:
    claim = Expectation(tables=None, terms=None, columns=None, kinds=["n"], verdict="exact", why="as printed")
    assert claim.terms == () and "why" not in str(claim)
    done = small(tmp_path, [claim], entry=TableMap(columns={}, rows={}, terms={"TBI": "tbi"}, r2="r2_within"))
    assert done.outcomes[0].met and done.outcomes[0].selected == 2


APART = Incomparable("made up", kinds=["coefficient", "se", "r2"])


def test_cells_that_are_declared_not_comparable(tmp_path: Path) -> None:
    """They have no verdict and count neither way; the reason stands in the cells and under the table."""
    paper, exact = {"t3": printed(PAPER, tmp_path)}, [Expectation(kinds=["n"], verdict="exact")]
    done = compare(paper, ours(ESTIMATES), {"t3": MAP}, exact, [APART])
    assert done.ok and (done.coverage.covered, done.coverage.printed) == (2, 2)
    assert done.declared == {APART: 12} and done.not_compared.is_empty()
    assert set(done.cells.filter(pl.col("kind") == "se")["reason"]) == {"declared not comparable: made up"}
    assert "12 numbers declared not comparable" in differences.counts(done).notes[-1].text("en")
    everything = compare(paper, ours(ESTIMATES), {"t3": MAP}, [], [Incomparable("made up")])
    assert everything.ok and everything.coverage.printed == 0


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ({"kinds": ["n"]}, "which {kinds: .n.} declares not comparable"),
        ({"terms": ["TBY"]}, "not_comparable: terms has 'TBY', which no printed cell has, did you mean 'tbi'"),
        ({"kinds": ["se"], "terms": ["n"]}, "speaks of no printed cell"),
        ({"kinds": ["valeu"]}, "unknown kind 'valeu', did you mean 'value'"),
    ],
)
def test_a_wrong_declaration(tmp_path: Path, claim: dict[str, Any], message: str) -> None:
    paper, exact = {"t3": printed(PAPER, tmp_path)}, [Expectation(kinds=["n"], verdict="exact")]
    with pytest.raises(UsageError, match=message):
        compare(paper, ours(ESTIMATES), {"t3": MAP}, exact, [Incomparable("made up", **claim)])
    with pytest.raises(UsageError, match="say why"):
        Incomparable(" ")
