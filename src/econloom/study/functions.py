"""Functions of formulas that :mod:`econloom.measures` computes; entered where the study layer is loaded.

The formula language stands below the measures and knows none of them: each is wrapped here and entered by
``data.functions.register``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
import polars as pl

from econloom.core.errors import DataError, UsageError
from econloom.core.frame import Panel
from econloom.core.lineage import Event
from econloom.data.columns.worked import Worked, rows_of
from econloom.data.functions import Function, Parameter, register
from econloom.measures import human_capital, inequality, innovation, migration, productivity, structure
from econloom.measures.groups import Groups
from econloom.measures.values import ImpossibleValueError

_BY = Parameter("by", "columns", optional=True, named=True)
_WEIGHTS = Parameter("weights", optional=True, named=True)


def _number(name: str, optional: bool = True) -> Parameter:
    return Parameter(name, "number", optional=optional, named=True)


def _word(name: str, *choices: str) -> Parameter:
    return Parameter(name, "word", optional=True, named=True, choices=choices)


def _columns(*names: str) -> tuple[Parameter, ...]:
    return tuple(Parameter(n) for n in names)


def _named_rows(work: Callable[..., Any]) -> Callable[..., Any]:
    """Impossible values said with the keys of their rows in the panel."""

    @wraps(work)
    def apply(panel: Panel, **arguments: Any) -> Any:
        try:
            return work(panel, **arguments)
        except ImpossibleValueError as error:
            mask = pl.Series(np.isin(np.arange(panel.height), error.rows))
            names = rows_of(panel, mask)
            raise DataError(f"{error.what} in {len(error.rows)} rows: {names}", hint=error.hint) from None

    return apply


def _groups(panel: Panel, by: list[str] | None) -> Groups:
    return Groups.of(panel.frame.select(by), panel.height) if by else Groups.single(panel.height)


def _spread(values: Any, groups: Groups, name: str) -> pl.Series:
    """The value of each group, in every row of it."""
    here = np.append(np.asarray(values, np.float64), np.nan)[groups.codes]  # -1 takes the last
    return pl.Series(name, here).fill_nan(None)


def _of_groups(measure: Callable[..., pl.DataFrame], name: str, *parameters: Parameter) -> Function:
    """A statistic: one value a group (or of all rows), repeated in every row."""

    def apply(panel: Panel, x: pl.Series, by: list[str] | None = None, **options: Any) -> pl.Series:
        groups = _groups(panel, by)
        keyed = Groups(groups.codes, groups.keys.rename({k: f"key {k}" for k in groups.keys.columns}))
        found = measure(x, by=keyed, **options)
        return _spread(found[name].to_numpy(), groups, x.name)

    return Function(_named_rows(apply), (Parameter("x"), *parameters, _BY), summary=True)


def _of_rows(measure: Callable[..., Any], *parameters: Parameter) -> Function:
    """A measure of each row's own values."""

    def apply(panel: Panel, **columns: Any) -> pl.Series:
        return _series(measure(**columns))

    return Function(_named_rows(apply), parameters)


def _series(values: Any) -> pl.Series:
    return pl.Series("values", np.asarray(values, np.float64)).fill_nan(None)


def _solow(part: Callable[[productivity.SolowResidual, Groups], pl.Series]) -> Function:
    def apply(
        panel: Panel,
        output: pl.Series,
        capital: pl.Series,
        labour: pl.Series,
        returns: Any = "constant",
        by: list[str] | None = None,
        where: pl.Series | None = None,
    ) -> Worked:
        groups = _groups(panel, by)
        chosen = None if where is None else where.fill_null(False).to_numpy()
        done = productivity.solow_residual(
            output, capital, labour, returns=returns, by=groups if by else None, where=chosen
        )
        return Worked(part(done, groups), tuple(Event("warning", w) for w in done.warnings))

    where = Parameter("where", "condition", optional=True, named=True)
    inputs = _columns("output", "capital", "labour")
    return Function(_named_rows(apply), (*inputs, _word("returns", "constant", "free"), where, _BY))


def _gap(panel: Panel, x: pl.Series, by: list[str] | None = None) -> Worked:
    gap = inequality.leave_one_out_gap(x, by=_groups(panel, by) if by else None)
    text = f"leave_one_out_gap({x.name}, by={panel.time}): {inequality.REDUNDANT_WITH_TIME}"
    return Worked(_series(gap), (Event("warning", text),) if by == [panel.time] else ())


def _count_if(panel: Panel, where: pl.Series, by: list[str] | None = None) -> pl.Series:
    """Rows where a condition holds; a condition that is missing does not hold."""
    groups = _groups(panel, by)
    holds = where.fill_null(False).to_numpy() & (groups.codes >= 0)
    return _spread(np.bincount(groups.codes[holds], minlength=groups.count), groups, "count")


def _breadth(panel: Panel, ipc: pl.Series, by: list[str] | None = None, **options: Any) -> pl.Series:
    groups = _groups(panel, by)
    return _spread(innovation.knowledge_breadth(ipc, by=groups, **options)["breadth"].to_numpy(), groups, "breadth")


def _stock(
    panel: Panel, investment: pl.Series, depreciation: float, growth: float | None = None, timing: Any = "current"
) -> pl.Series:
    if panel.unit is None or panel.time is None:
        raise UsageError("perpetual_inventory() needs the unit and the time of the panel", hint="give unit= and time=")
    unit, time = panel.frame[panel.unit], panel.frame[panel.time]
    stock = productivity.perpetual_inventory(
        investment, unit, time, depreciation=depreciation, growth=growth, timing=timing
    )
    return _series(stock)


FUNCTIONS: dict[str, Function] = {
    "gini": _of_groups(inequality.gini, "gini", _WEIGHTS, _word("negative", "refuse", "allow")),
    "theil": _of_groups(inequality.theil, "theil", _WEIGHTS, _word("index", "T", "L")),
    "atkinson": _of_groups(inequality.atkinson, "atkinson", _number("epsilon", optional=False), _WEIGHTS),
    "leave_one_out_gap": Function(_named_rows(_gap), (Parameter("x"), _BY)),
    "count_if": Function(_count_if, (Parameter("where", "condition"), _BY), summary=True),
    "distinct_groups": Function(
        _named_rows(_breadth),
        (
            Parameter("ipc", "any"),
            _word("form", "distinct", "sum", "diversity"),
            _word("level", "main_group", "subclass", "class"),
            _BY,
        ),
        summary=True,
    ),
    "solow_tfp": _solow(lambda done, groups: _series(done.tfp)),
    "solow_alpha": _solow(lambda done, groups: _spread(done.elasticities["capital"].to_numpy(), groups, "alpha")),
    "solow_beta": _solow(lambda done, groups: _spread(done.elasticities["labour"].to_numpy(), groups, "beta")),
    "perpetual_inventory": Function(
        _named_rows(_stock),
        (
            Parameter("investment"),
            _number("depreciation", optional=False),
            _number("growth"),
            _word("timing", "current", "lagged"),
        ),
    ),
    "theil_structure": _of_rows(
        structure.theil_structure,
        Parameter("value_added", "several"),
        Parameter("employment", "several", optional=True, named=True),
    ),
    "upgrading": _of_rows(
        structure.upgrading,
        *_columns("primary", "secondary", "tertiary"),
        _word("form", "ratio", "level", "angle"),
    ),
    "employment_share": _of_rows(structure.employment_share, Parameter("industries", "several"), Parameter("total")),
    "migration_rate": _of_rows(migration.migration_rate, *_columns("resident", "registered")),
    "hukou_index": _of_rows(migration.hukou_index, *_columns("resident", "registered")),
    "schooling_years": _of_rows(
        human_capital.schooling_years,
        *_columns("primary", "junior", "senior", "college"),
        Parameter("population", optional=True),
    ),
}

register(FUNCTIONS)
