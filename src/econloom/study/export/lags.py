"""Lags and leads of formulas as programs have them: by time, missing where the unit has no row of that period."""

from __future__ import annotations

from typing import Literal

import polars as pl

from econloom.core.expressions import Call, Name, Node, Number, Unary

LAGS: Literal["lag"] = "lag"
_FUNCTIONS = {"l": 1, "lag": 1, "f": -1, "lead": -1}


def lagged(node: Node) -> tuple[str, int] | None:
    """Column and periods of ``l(x, 1)`` and its like; negative for leads; None of anything else.

    Examples
    --------
    >>> from econloom.core.expressions import parse
    >>> lagged(parse("l(tbi, 2)")), lagged(parse("f(tbi)")), lagged(parse("log(tbi)"))
    (('tbi', 2), ('tbi', -1), None)
    """
    if not isinstance(node, Call) or node.function not in _FUNCTIONS or node.kwargs or not node.args:
        return None
    first, *rest = node.args
    if not isinstance(first, Name) or len(rest) > 1:
        return None
    periods = 1 if not rest else _whole(rest[0])
    return None if periods is None or periods == 0 else (first.name, _FUNCTIONS[node.function] * periods)


def _whole(node: Node) -> int | None:
    sign = 1
    if isinstance(node, Unary) and node.op == "-":
        sign, node = -1, node.operand
    return sign * int(node.value) if isinstance(node, Number) and float(node.value).is_integer() else None


def lagged_column(keys: pl.DataFrame, unit: str, time: str, values: pl.Series, periods: int) -> pl.Series:
    """What ``L.x`` of Stata gives after ``xtset``: the value of the unit's row ``periods`` before.

    Parameters
    ----------
    keys : polars.DataFrame
    unit, time : str
    values : polars.Series
    periods : int
    """
    here = keys.with_columns(values.alias("value"))
    then = here.select(pl.col(unit), pl.col(time) + periods, pl.col("value").alias("then"))
    return here.join(then, on=[unit, time], how="left", maintain_order="left")["then"]
