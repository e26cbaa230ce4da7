"""A run that fails its own audit fails."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from econloom.core.errors import EconloomError
from econloom.core.labels import Label
from econloom.core.table import Cell, Row, Table
from econloom.study import self_audit
from econloom.study.run import Run

NOTE = Label.same("Standard errors in parentheses. * p<0.10, ** p<0.05, *** p<0.01")


def run(stars: int) -> Run:
    rows = (
        Row(Label.same("x"), (Cell("estimate", 0.10, 2, stars=stars),), "estimate"),
        Row(Label(), (Cell("paren", 0.09, 2),), "paren"),
    )
    table = Table("t1", Label(), ((Cell.text(Label.same("(1)")),),), rows, (NOTE,))
    made = Run(SimpleNamespace(), {"t1": table}, {}, {}, None, None, None, {})  # type: ignore[arg-type]
    return replace(made, warnings=("earlier",))


def test_a_right_table_passes() -> None:
    assert self_audit.audited(run(0)).warnings == ("earlier",)


def test_an_impossible_table_fails_the_run() -> None:
    with pytest.raises(EconloomError, match=r"fails its own audit: 1 number cannot be(?s:.)*row 'x'") as error:
        self_audit.audited(run(3))
    assert error.value.exit_code == 1
