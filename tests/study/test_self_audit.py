"""A run that fails its own audit fails; what its print cannot show, the run knows."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import econloom as el
from econloom.audit.levels import p_value
from econloom.cli import run_command
from econloom.core.errors import EstimationError
from econloom.core.estimate import Coefficient, Tidy
from econloom.core.labels import Label
from econloom.core.lineage import Drop, SampleLog
from econloom.core.table import Cell, Row, Table
from econloom.study import run as running
from econloom.study.self_audit import audited

NOTE = Label.same("Standard errors in parentheses. * p<0.10, ** p<0.05, *** p<0.01")


def model(df: float = 40, n: int = 100, offered: int = 100, **more: Any) -> Tidy:
    """Least squares of y on one regressor."""
    row = Coefficient("x", 0.10, 0.05, 2.0, p_value(2.0, df), 0.0, 0.20)
    drops = (Drop("x missing", offered - n),) if offered > n else ()
    held = {"n": n, "r2_adjusted": 0.1, "mean_outcome": 1.5} | more.pop("glance", {})
    made = Tidy(
        "y", (row,), held, (), "iid", "fixest", "normal" if math.isinf(df) else "t", df, SampleLog(offered, drops, n)
    )
    return replace(made, **more)


def table(stars: Sequence[int] = (0, 0), se: float = 0.09, n: Sequence[int] = (100, 100), **more: Any) -> Table:
    """Two columns of one regressor, the second with another one."""

    def cells(kind: str, values: Sequence[float | None], **held: Any) -> tuple[Cell, ...]:
        return tuple(
            Cell() if v is None else Cell(kind, v, 2, source=f"t1.c{k}.x", **held)  # type: ignore[arg-type]
            for k, v in enumerate(values, 1)
        )

    first = tuple(replace(c, stars=s) for c, s in zip(cells("estimate", (0.10, 0.10)), stars, strict=True))
    rows = [
        Row(Label.same("x"), first, "estimate"),
        Row(Label(), cells("paren", (se, se)), "paren"),
        Row(Label.same("z"), cells("estimate", (None, 0.30)), "estimate"),
        Row(Label(), cells("paren", (None, 0.30)), "paren"),
        Row(Label.same("N"), cells("count", n), "statistic"),
    ]
    if "r2" in more:
        rows.append(Row(Label.same("R2"), cells("number", more.pop("r2"), notation="fixed"), "statistic"))
    heads = more.pop("heads", ("(1)", "(2)"))
    return Table("t1", Label(), (tuple(Cell.text(Label.same(h)) for h in heads),), tuple(rows), (NOTE,), **more)


def both(*models: Tidy) -> dict[tuple[str, str], tuple[Tidy, ...]]:
    return {("default", "t1"): models}


def test_a_right_table_passes() -> None:
    found = audited([table()], both(model(), model()))
    assert found.warnings == () and found.done.numbers == 8
    held = found.to_dict()
    assert held["checked"]["tables"] == 1 and held["findings"] == {"certain": 0, "conditional": 0, "suspicious": 0}
    assert held["tables"]["t1"]["findings"] == held["tables"]["t1"]["unread"] == []


def test_an_impossible_table_stops_the_run_with_its_place_and_reason() -> None:
    with pytest.raises(EstimationError) as error:
        audited([table((3, 0))], both(model(), model()), "en")
    assert error.value.exit_code == 4
    for words in ("fails its own audit: 1 printed number", "t1: row 'x', column 1", "0.10*** (0.09)", "no star"):
        assert words in str(error.value)
    assert "nothing was written" in str(error.value)


def test_stars_rest_on_the_degrees_of_freedom_of_each_column() -> None:
    """t is 2.35 to 2.88: ** by 40 degrees of freedom, * by 3, *** by neither; the print alone allows all of them."""
    printed = table((2, 1), se=0.04)
    assert audited([printed], both(model(40), model(3))).done.findings == ()
    with pytest.raises(EstimationError, match="column 2"):
        audited([printed], both(model(40), model(40)))
    with pytest.raises(EstimationError, match="column 1"):
        audited([printed], both(model(3), model(3)))
    with pytest.raises(EstimationError, match="column 2"):
        audited([printed], both(model(math.inf), model(math.inf)))


def test_a_condition_that_holds_stops_the_run_and_one_that_does_not_is_set_aside() -> None:
    falling = table(r2=(0.50, 0.40))
    with pytest.raises(EstimationError, match=r"\[nested\]"):
        audited([falling], both(model(), model()))
    for other in (
        model(n=90, offered=100),
        model(glance={"kappa": 1.0}),
        model(extra={"estimator": "stacked"}),
        model(effects=("year",)),
        model(outcome="w"),
    ):
        found = audited([falling], both(model(), other))
        assert [f.check for f in found.aside] == ["nested"] and not found.warnings
        assert found.to_dict()["tables"]["t1"]["set_aside"][0]["check"] == "nested"


def test_a_condition_that_nobody_can_judge_is_a_warning() -> None:
    """Weights change R2 and the mean of the outcome."""
    falling = table(r2=(0.50, 0.40))
    for models in (both(model(), model(glance={"mean_outcome": 1.4})), {}):
        found = audited([falling], models)
        assert len(found.warnings) == 1 and "nested columns: 1 conditional" in found.warnings[0]


def test_other_samples_are_no_parts_of_a_whole() -> None:
    printed = table(n=(100, 120), heads=("Full sample", "In 2014"))
    aside = audited([printed], both(model(), model(n=120, offered=130))).aside
    assert [f.check for f in aside] == ["n"]


def test_stacked_rows_may_be_more_than_those_of_the_panel() -> None:
    moments = ("N", "Mean", "SD", "Min", "Max")
    heads = (tuple(Cell.text(Label.same(h)) for h in moments),)
    cells = (Cell("count", 100.0), *(Cell("number", x, 3) for x in (0.512, 0.211, 0.101, 0.912)))
    described = Table("t0", Label(), heads, (Row(Label.same("x"), cells),))
    printed = table(n=(100, 250))
    stacked = model(n=250, offered=250, extra={"estimator": "stacked"})
    found = audited([described, printed], both(model(), stacked))
    assert [f for f in found.done.findings if f.check == "repeated"] == []


def test_words_of_a_table_are_not_unread() -> None:
    said = Row(Label.same("Best year"), tuple(Cell.text(Label.same(w)) for w in ("C33 2000", "C26 2007")))
    printed = table()
    found = audited([replace(printed, rows=(*printed.rows, said))], both(model(), model()))
    assert not found.done.unread


def test_a_column_is_copied_only_if_its_numbers_are_before_rounding() -> None:
    def line(label: str, kind: str, value: float) -> Row:
        cells = (Cell(kind, value, 6, source=f"t1.c{k}.{label or 'x'}") for k in (1, 2))  # type: ignore[arg-type]
        return Row(Label.same(label), tuple(cells), kind)  # type: ignore[arg-type]

    rows = (line("x", "estimate", 0.123456), line("", "paren", 0.234567), line("z", "estimate", 0.345678))
    printed = replace(table(), rows=rows)
    other = replace(model(), coefficients=(replace(model().coefficients[0], estimate=0.1001),))
    assert [f.check for f in audited([printed], both(model(), other)).aside] == ["copy"]
    assert "copied" in audited([printed], both(model(), model())).warnings[0]


def test_rows_that_are_not_marked_by_design_stop_nothing() -> None:
    """A row without stars that holds no coefficient of a model."""
    row = Row(Label.same("Gap"), tuple(Cell("estimate", 0.30, 2, source=f"t1.c{k}.gap") for k in (1, 2)), "estimate")
    below = Row(Label(), tuple(Cell("paren", 0.05, 2, source=f"t1.c{k}.gap.se") for k in (1, 2)), "paren")
    printed = table((1, 1), se=0.05)
    printed = replace(printed, rows=(*printed.rows[:4], row, below, printed.rows[4]))
    found = audited([printed], both(model(), model()))
    assert {f.check for f in found.aside} == {"stars"} and not found.warnings
    named = replace(row, label=Label.same("z"))
    again = replace(printed, rows=(*printed.rows[:2], named, below, printed.rows[6]))
    assert audited([again], both(model(), model())).aside


def test_a_run_writes_what_its_audit_found(folder: Path) -> None:
    done = el.study(folder).run()
    held = json.loads((folder / "out/audit.json").read_text(encoding="utf-8"))
    assert set(held["tables"]) == {"t1", "t3", "t4", "t3_versions", "codebook"} and "audit.json" in done.files
    assert held["checked"]["numbers"] == sum(t["numbers"] for t in held["tables"].values()) > 100
    assert held["findings"]["certain"] == 0 and done.audit is not None and done.audit.done.ok
    el.study(folder).run(["t1"])
    again = json.loads((folder / "out/audit.json").read_text(encoding="utf-8"))
    assert again["tables"] == held["tables"]


def test_a_run_that_fails_leaves_the_last_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    el.study(folder).run()
    before = {p: p.read_bytes() for p in (folder / "out").rglob("*") if p.is_file()}
    collected = running._collected

    def spoilt(*given: Any) -> Any:
        made = collected(*given)
        rows = tuple(
            replace(r, cells=tuple(replace(c, stars=(c.stars + 2) % 4) for c in r.cells)) if r.role == "estimate" else r
            for r in made.tables["t3"].rows
        )
        return replace(made, tables={**made.tables, "t3": replace(made.tables["t3"], rows=rows)})

    monkeypatch.setattr(running, "_collected", spoilt)
    assert run_command(["run", str(folder), "--lang", "en"]) == 4
    said = capsys.readouterr().err
    assert "fails its own audit" in said and "t3: row 'TBI', column 1" in said and "Traceback" not in said
    assert {p: p.read_bytes() for p in (folder / "out").rglob("*") if p.is_file()} == before
    with pytest.raises(EstimationError, match="fails its own audit"):
        el.study(folder).run(out=folder / "other")
    assert not (folder / "other").exists()
