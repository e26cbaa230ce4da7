"""Panels, sample logs, tables, labels and specifications: what they refuse."""

import polars as pl
import pytest

import econloom as el
from econloom.core.errors import DataError, UsageError
from econloom.core.frame import Panel, Variable
from econloom.core.labels import Label
from econloom.core.lineage import Drop, Event, SampleLog
from econloom.core.spec import TableSpec
from econloom.core.table import Cell, Row, Table


def frame(**columns):
    return pl.DataFrame({"c": ["A", "A", "B"], "t": [1, 2, 1], "x": [1.0, float("nan"), 3.0]} | columns)


def test_nan_becomes_null_and_whole_years_become_integers():
    panel = Panel.build(frame(t=[1.0, 2.0, 1.0]), "c", "t")
    assert panel.frame["x"].to_list() == [1.0, None, 3.0]
    assert panel.frame["t"].dtype == pl.Int64
    assert panel.with_column("y", pl.Series([float("nan")] * 3)).frame["y"].null_count() == 3
    assert panel.keys == ["c", "t"] and panel.height == 3


def test_duplicate_keys_are_listed():
    many = pl.DataFrame({"c": [f"u{k:02}" for k in range(12)] * 2, "t": [1] * 24})
    with pytest.raises(DataError, match=r"12 duplicate keys \(c x t\): u00 1 \(2 rows\).* and 4 more"):
        Panel.build(many, "c", "t", "kof")
    with pytest.raises(DataError, match=r"1 duplicate keys \(c\): A \(2 rows\)"):
        Panel.build(frame(), "c")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"c": ["A", None, "B"]}, r"key 'c' is missing in 1 rows \(first: 1\)"),
        ({"t": [1.0, 2.0, float("nan")]}, "key 't' is missing in 1 rows"),
        ({"t": [1.0, 2.5, 1.0]}, "not whole numbers: 2.5"),
        ({"t": ["1", "2", "1"]}, "holds String, not whole numbers"),
        ({"c": [["A"], ["A"], ["B"]]}, r"key 'c' holds List"),
        ({"c": [b"A", b"A", b"B"]}, "key 'c' holds Binary"),
    ],
)
def test_keys_that_are_none(columns, words):
    with pytest.raises(DataError, match=words):
        Panel.build(frame(**columns, _row=[1, 2, 3]), "c", "t")


def test_an_absent_key_or_column_gets_a_suggestion():
    with pytest.raises(DataError, match="no key column 'cc', did you mean 'c'"):
        Panel.build(frame(), "cc", "t")
    with pytest.raises(DataError, match="no column 'gpd', did you mean 'gdp'"):
        Panel.build(frame(gdp=[1, 2, 3])).column("gpd")


def test_labels_fall_back():
    panel = Panel.build(frame(), "c", "t")
    assert panel.label("x").text("zh") == "x"
    known = panel.with_column("y", panel.frame["x"], Variable(Label(zh="产出")))
    assert known.label("y").text("en") == "产出"
    assert not Label() and Label().text("zh") == ""


def test_a_sample_log_adds_up():
    log = SampleLog(10, (Drop("missing x", 3), Drop("singletons", 1)), 6)
    assert "6  rows used" in str(log) and "-3  missing x" in str(log)
    assert log.to_dict()["drops"][1] == {"reason": "singletons", "rows": 1}
    with pytest.raises(AssertionError, match="does not add up"):
        SampleLog(10, (Drop("missing x", 3),), 6)


def test_events_are_plain():
    assert Event("fill", "x", cells=2).to_dict()["cells"] == 2


def test_tables_refuse_rows_of_another_width():
    head = (Cell.text(Label.same("1")), Cell.text(Label.same("2")))
    row = Row(Label.same("x"), (Cell("number", 1.0), Cell("number", 2.0)))
    assert Table("t", Label.same("T"), (head,), (row,)).n_columns == 2
    with pytest.raises(UsageError, match="row 'x' has 1 cells, the table 2 columns"):
        Table("t", Label.same("T"), (head,), (Row(Label.same("x"), row.cells[:1]),))
    with pytest.raises(UsageError, match="header row 1 has 3 cells"):
        Table("t", Label.same("T"), ((Cell.text(Label.same("w"), 3),), head), (row,))
    for header, rows in (((), (row,)), (((),), (row,)), ((head,), ())):
        with pytest.raises(UsageError, match="empty"):
            Table("t", Label.same("T"), header, rows)


def test_specifications():
    assert str(el.cluster("code")) == "cluster(code)" and str(el.hc1()) == "hc1" and str(el.iid()) == "iid"
    with pytest.raises(UsageError, match="needs a column"):
        el.cluster()
    spec = TableSpec("t", Label.same("T"), labels=(("x", Label()), ("x", Label(en="X"))))
    assert spec.label("x").en == "X" and spec.label("z").en == "z"
