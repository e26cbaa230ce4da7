"""Steps of matched samples: matching, its columns, the balance table and the love plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from econloom.core.frame import Panel
from econloom.core.labels import Label
from econloom.core.table import Table
from econloom.report import balance, figures
from econloom.study import matched
from econloom.study.steps.context import Context, Work, scope_of, table_spec


def _match(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> matched.DrawnSample:
    return matched.draw(inputs[0], params, scope_of(params))


def _matched(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    return matched.attach(inputs[0], inputs[1], params["columns"])


def _balance(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Table:
    sample: matched.DrawnSample = inputs[0]
    return balance.table(sample.balance.to_dicts(), table_spec(params), params["stats"], [sample.said])


def _love(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> figures.Love:
    sample: matched.DrawnSample = inputs[0]
    labels = {name: Label(**label) for name, label in params["labels"].items()}
    notes = (sample.said, *(Label(**n) for n in params["notes"]))
    title = Label(**params["title"])
    return balance.love(params["figure"], title, sample.balance.to_dicts(), labels, params["threshold"], notes)


WIRING: Mapping[str, Work] = {"match": _match, "matched": _matched, "balance_table": _balance, "love": _love}
