"""Steps that give a panel a column: formulas and measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from econloom.core.errors import DataError
from econloom.core.frame import Panel, Variable
from econloom.core.lineage import Event
from econloom.data import expressions, joins
from econloom.data.columns import checks
from econloom.panel.did import staggered
from econloom.panel.did.rules import Rules
from econloom.study.measures import MEASURES
from econloom.study.steps.context import Context, Work, scope_of


def _variable(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    panel: Panel = inputs[0]
    made = expressions.compute(panel, params["formula"], scope_of(params))
    for flag, values in made.flags.items():
        panel = panel.with_column(_free(panel, flag, params["name"]), values)
    event = Event("variable", f"{params['name']} = {params['formula']}")
    variable = Variable(formula=params["formula"])
    return panel.with_column(params["name"], made.values, variable, *made.events, event)


def _free(panel: Panel, flag: str, variable: str) -> str:
    """The flag's name, after the variable where a column of that name is there already."""
    for name in (flag, f"{variable}_{flag}"):
        if name not in panel.columns:
            return name
    raise DataError(f"the panel already has columns {flag!r} and {variable}_{flag}", hint="rename one on the way")


def _shared(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Any:
    return MEASURES[params["measure"]].shared(inputs[0], context.progress, **params["options"])


def _measure(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> pl.DataFrame:
    further = dict(zip(params.get("sources", ()), inputs[2:], strict=True))
    keys = {"keys": tuple(params["keys"])} if "keys" in params else {}
    return MEASURES[params["measure"]].apply(*inputs[:2], **params["options"], **further, **keys)


def _attach(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    """Bring a measure's values to the panel by its keys."""
    panel, made = inputs
    unit, time, name = params["unit"], params["time"], params["name"]
    right = made.rename(dict(zip(made.columns, (unit, time, name), strict=True)))
    keyed = Panel.build(right, unit, time, name)
    joined = joins.left_join(panel, keyed, name, {name: name})
    known = {**panel.variables, name: Variable(formula=params["measure"])}
    return Panel(joined.frame, unit, time, known, joined.events)


def _range(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    """The panel, when a column holds nothing impossible."""
    panel: Panel = inputs[0]
    checks.require_range(panel, panel.column(params["name"]), params["low"], params["high"])
    return panel


def _policy(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    """The panel with the columns of a policy."""
    panel, decisions = inputs
    unit, date, batch = params["columns"]
    named = staggered.Columns(unit, date, batch if batch in decisions.columns else None)
    keys, rules, span = staggered.Keys(*params["keys"]), Rules(**params["rules"]), params["span"]
    what = f"policy {params['policy']}"
    window = None if span is None else (span[0], span[1])
    return staggered.adopted(panel, decisions.frame, keys, named, rules, params["makes"], window, what).panel


WIRING: Mapping[str, Work] = {
    "shared": _shared,
    "measure": _measure,
    "attach": _attach,
    "variable": _variable,
    "range": _range,
    "policy": _policy,
}
