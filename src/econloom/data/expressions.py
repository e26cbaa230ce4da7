"""Formulas and conditions evaluated on a panel, compiled to polars; never ``eval``.

Missing stays missing. What has no value (the logarithm of zero, a division by zero, an overflow) is refused with the
keys of the rows, never turned into a number or silently into a missing one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from econloom.core.errors import DataError, ExpressionError, did_you_mean, listed
from econloom.core.expressions import Binary, Call, Items, Name, Node, Number, Text, Truth, Unary, parse
from econloom.core.frame import Panel
from econloom.core.lineage import Event
from econloom.data import clean

Value = pl.Series | float | str | bool


@dataclass(frozen=True)
class Scope:
    """Names beside the panel's columns.

    Attributes
    ----------
    lists : mapping of str to tuple
        For ``code in developed``.
    samples : mapping of str to Node
        Named conditions, usable as bare words.
    """

    lists: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    samples: Mapping[str, Node] = field(default_factory=dict)


@dataclass(frozen=True)
class Computed:
    """The value of an expression on a panel.

    Attributes
    ----------
    values : polars.Series
        One entry a row, in the panel's order.
    flags : mapping of str to polars.Series
        Boolean columns that mark filled cells, such as ``rq_est_filled``.
    events : tuple of Event
        Cells filled, and warnings.
    """

    values: pl.Series
    flags: Mapping[str, pl.Series]
    events: tuple[Event, ...]


def evaluate(panel: Panel, expression: str | Node, scope: Scope | None = None) -> pl.Series:
    """The numeric column that a formula gives.

    Parameters
    ----------
    panel : Panel
    expression : str or Node
        Such as ``"log(gdp / pop)"``.
    scope : Scope, optional

    Returns
    -------
    polars.Series
        Numbers (or the untouched column for a bare name), null where missing.

    Raises
    ------
    ExpressionError
        An unknown name or function, a wrong argument, or a mix of text and numbers.
    DataError
        A value that does not exist, with the keys of its rows.

    Examples
    --------
    >>> import polars as pl
    >>> from econloom.core.frame import Panel
    >>> evaluate(Panel.build(pl.DataFrame({"x": [1.0, None]})), "2 * x + 1").to_list()
    [3.0, None]
    """
    return compute(panel, expression, scope).values


def condition(panel: Panel, expression: str | Node, scope: Scope | None = None) -> pl.Series:
    """The truth of a condition for each row: boolean, null where a missing value leaves it unknown."""
    return compute_condition(panel, expression, scope).values


def compute(panel: Panel, expression: str | Node, scope: Scope | None = None) -> Computed:
    """As :func:`evaluate`, with the flags of filled cells and the events."""
    return _run(panel, expression, scope, truth=False)


def compute_condition(panel: Panel, expression: str | Node, scope: Scope | None = None) -> Computed:
    """As :func:`condition`, with the events, warnings about list members that occur nowhere among them."""
    return _run(panel, expression, scope, truth=True)


def _run(panel: Panel, expression: str | Node, scope: Scope | None, truth: bool) -> Computed:
    text = expression if isinstance(expression, str) else ""
    node = parse(expression) if isinstance(expression, str) else expression
    evaluation = _Evaluation(panel, scope or Scope(), text)
    value = evaluation.value(node)
    series = evaluation.as_series(value)
    if truth != (series.dtype == pl.Boolean):
        wanted, hint = ("a condition", "compare: x > 0") if truth else ("numbers", None)
        raise evaluation.fail(f"expected {wanted}, this gives {series.dtype}", node, hint)
    return Computed(series, evaluation.flags, tuple(evaluation.events))


_COMPARE: dict[str, Callable[..., Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
}
_ELEMENTWISE = ("log", "log1p", "exp", "sqrt", "abs")
_TIMED = {"lag": 1, "l": 1, "lead": -1, "f": -1, "diff": 0, "d": 0}
_FILLS = ("carry_forward", "interpolate")
_SUMMARIES = ("mean", "sum", "min", "max", "sd", "median", "count")
FUNCTIONS = (*_ELEMENTWISE, *_TIMED, *_FILLS, *_SUMMARIES, "at", "missing")


class _Evaluation:
    """One walk over one tree; collects flags and events on the way."""

    def __init__(self, panel: Panel, scope: Scope, text: str) -> None:
        self.panel = panel
        self.scope = scope
        self.text = text
        self.flags: dict[str, pl.Series] = {}
        self.events: list[Event] = []

    def fail(self, message: str, node: Node, hint: str | None = None) -> ExpressionError:
        return ExpressionError(message, self.text, node.position if self.text else 0, hint)

    def as_series(self, value: Value) -> pl.Series:
        if isinstance(value, pl.Series):
            return value
        return pl.Series("constant", [value] * self.panel.height)

    def value(self, node: Node) -> Value:
        if isinstance(node, Number):
            return int(node.value) if node.is_integer and node.value < 2**53 else node.value
        if isinstance(node, Text | Truth):
            return node.value
        if isinstance(node, Name):
            return self.name(node)
        if isinstance(node, Unary):
            return self.unary(node)
        if isinstance(node, Binary):
            return self.binary(node)
        if isinstance(node, Call):
            return self.call(node)
        raise self.fail("a list stands only behind 'in' or 'by='", node)

    def name(self, node: Name) -> Value:
        if node.name in self.panel.columns:
            return self.finite(self.panel.column(node.name), node.name)
        if node.name in self.scope.samples:
            inner = _Evaluation(self.panel, self.scope, "")
            found = inner.value(self.scope.samples[node.name])
            self.events += inner.events
            return found
        known = [*self.panel.columns, *self.scope.samples]
        if node.name in self.scope.lists:
            raise self.fail(f"{node.name!r} is a list: it stands behind 'in'", node)
        guess = did_you_mean(node.name, known)
        hint = "a text stands in quotes" if not guess and node.name.isupper() else f"known: {listed(known, 12)}"
        raise self.fail(f"no column or sample {node.name!r}{guess}", node, hint)

    def unary(self, node: Unary) -> Value:
        inner = self.value(node.operand)
        if node.op == "not":
            self.need_truth(inner, node.operand)
            return ~inner if isinstance(inner, pl.Series) else not inner
        self.need_number(inner, node.operand)
        return -inner if node.op == "-" else inner

    def binary(self, node: Binary) -> Value:
        if node.op in {"in", "not in"}:
            return self.membership(node)
        left, right = self.value(node.left), self.value(node.right)
        if node.op in {"and", "or"}:
            self.need_truth(left, node.left)
            self.need_truth(right, node.right)
            a, b = self.as_series(left), self.as_series(right)
            return a & b if node.op == "and" else a | b
        if node.op in _COMPARE:
            self.comparable(node, left, right)
            return _COMPARE[node.op](left, right)
        if node.op in _ARITHMETIC:
            return self.arithmetic(node, left, right)
        raise self.fail(f"the operator {node.op!r} belongs to model formulas, not to this place", node)

    def arithmetic(self, node: Binary, left: Value, right: Value) -> Value:
        self.need_number(left, node.left)
        self.need_number(right, node.right)
        if not isinstance(left, pl.Series) and not isinstance(right, pl.Series):
            return float(self.arithmetic_on(node, self.as_series(left), self.as_series(right))[0])
        return self.arithmetic_on(node, self.as_series(left), self.as_series(right))

    def arithmetic_on(self, node: Binary, left: pl.Series, right: pl.Series) -> pl.Series:
        a, b = left.cast(pl.Float64), right.cast(pl.Float64)
        result = _ARITHMETIC[node.op](a, b)
        assert isinstance(result, pl.Series)
        what = {"/": "division by zero", "^": "a power without a finite real value"}.get(node.op, "overflow")
        return self.defined(result, [a, b], what)

    def comparable(self, node: Binary, left: Value, right: Value) -> None:
        if _kind(left) != _kind(right):
            raise self.fail(
                f"compares {_kind(left)} with {_kind(right)}",
                node,
                "quote a text: code == 'CHN'; do not quote a number",
            )
        if node.op not in {"==", "!="}:
            return
        for series, literal in ((left, right), (right, left)):
            if isinstance(series, pl.Series) and isinstance(literal, str) and not (series == literal).any():
                known = [str(v) for v in series.unique().drop_nulls().to_list()]
                raise self.fail(f"no row has {literal!r} here{did_you_mean(literal, known)}", node)

    def membership(self, node: Binary) -> pl.Series:
        left = self.value(node.left)
        if not isinstance(left, pl.Series):
            raise self.fail("a column stands before 'in'", node.left)
        wanted = self.members(node.right)
        kinds = {_kind(v) for v in wanted if isinstance(v, str | float | int | bool)}
        if kinds != {_kind(left)}:
            raise self.fail(
                f"the column holds {_kind(left)}, the list {listed(sorted(kinds)) or 'nothing'}", node.right
            )
        self.report_strangers(node, left, wanted)
        inside = left.is_in(pl.Series(wanted).cast(left.dtype) if _kind(left) == "text" else wanted)
        return ~inside if node.op == "not in" else inside

    def members(self, node: Node) -> list[object]:
        if isinstance(node, Name):
            if node.name not in self.scope.lists:
                raise self.fail(f"no list {node.name!r}{did_you_mean(node.name, self.scope.lists)}", node)
            return list(self.scope.lists[node.name])
        if isinstance(node, Items):
            return [self.literal(item) for item in node.items]
        raise self.fail("a list stands behind 'in': a name under 'lists:' or [ … ]", node)

    def literal(self, node: Node) -> object:
        if isinstance(node, Name):
            raise self.fail(f"{node.name!r} in a list is not quoted", node, f"write '{node.name}'")
        value = self.value(node)
        if isinstance(value, pl.Series):
            raise self.fail("a list holds numbers and quoted texts", node)
        return value

    def report_strangers(self, node: Binary, left: pl.Series, wanted: list[object]) -> None:
        """Members that occur nowhere: some are a warning, all are an error."""
        present = set(left.unique().to_list())
        strangers = [w for w in wanted if w not in present]
        if len(strangers) == len(wanted):
            raise self.fail("no row has any member of the list", node.right, f"the list: {listed(wanted)}")
        if strangers:
            guesses = [did_you_mean(str(s), [str(p) for p in present]) for s in strangers[:8]]
            names = listed(f"{s!r}{g}" for s, g in zip(strangers[:8], guesses, strict=True))
            self.events.append(Event("warning", f"list members that occur in no row: {names}"))

    def need_number(self, value: Value, node: Node) -> None:
        if _kind(value) != "numbers":
            raise self.fail(f"numbers are needed here, this is {_kind(value)}", node)

    def need_truth(self, value: Value, node: Node) -> None:
        if _kind(value) != "true or false":
            raise self.fail(f"a condition is needed here, this is {_kind(value)}", node)

    def finite(self, values: pl.Series, name: str) -> pl.Series:
        if values.dtype.is_float() and (odd := values.is_infinite().fill_null(False)).any():
            raise DataError(f"column {name!r} holds {odd.sum()} infinite values: {self.rows(odd)}")
        return values

    def defined(self, result: pl.Series, inputs: list[pl.Series], what: str) -> pl.Series:
        """Refuse a value that arithmetic could not give."""
        bad = ~result.is_finite().fill_null(True)
        if bad.any():
            shown = ", ".join(str(s.filter(bad)[0]) for s in inputs)
            where = f"{self.text}: " if self.text else ""
            raise DataError(
                f"{where}{what} in {bad.sum()} rows: {self.rows(bad)} (first: {shown})",
                hint="leave these rows out with a named drop, or choose another transformation",
            )
        return result

    def rows(self, mask: pl.Series) -> str:
        """Keys of the rows of a mask, or row numbers where there are no keys."""
        keys = self.panel.keys
        frame = self.panel.frame.with_row_index("__row").filter(mask)
        names = [" ".join(str(v) for v in row) for row in frame.select(keys or ["__row"]).head(8).iter_rows()]
        return ", ".join(names) + (f" and {frame.height - 8} more" if frame.height > 8 else "")

    # functions -------------------------------------------------------------------------------------------------

    def call(self, node: Call) -> Value:
        kwargs = dict(node.kwargs)
        if node.function == "missing":
            return self.as_series(self.value(self.arguments(node, 1, 1, ())[0])).is_null()
        if node.function in _ELEMENTWISE:
            return self.elementwise(node, *self.arguments(node, 1, 1, ()))
        if node.function in _TIMED:
            return self.timed(node, *self.arguments(node, 1, 2, ()))
        if node.function in _FILLS:
            allowed = ("limit",) if node.function == "carry_forward" else ()
            return self.fill(node, self.arguments(node, 1, 1, allowed)[0], kwargs)
        if node.function in _SUMMARIES:
            least = 0 if node.function == "count" else 1
            return self.summary(node, self.arguments(node, least, 1, ("by",)), kwargs.get("by"))
        if node.function == "at":
            return self.base_value(node, *self.arguments(node, 2, 2, ()))
        raise self.fail(
            f"no function {node.function!r}{did_you_mean(node.function, FUNCTIONS)}",
            node,
            f"known: {', '.join(FUNCTIONS)}",
        )

    def arguments(self, node: Call, least: int, most: int, allowed: tuple[str, ...]) -> tuple[Node, ...]:
        if not least <= len(node.args) <= most:
            number = str(least) if least == most else f"{least} to {most}"
            raise self.fail(f"{node.function}() takes {number} argument(s), not {len(node.args)}", node)
        for key, value in node.kwargs:
            if key not in allowed:
                raise self.fail(f"{node.function}() has no argument {key!r}{did_you_mean(key, allowed)}", value)
        return node.args

    def number_column(self, node: Node) -> pl.Series:
        value = self.value(node)
        self.need_number(value, node)
        return self.as_series(value)

    def whole(self, node: Node, what: str) -> int:
        value = self.value(node)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.fail(f"{what} must be a whole number", node)
        return value

    def elementwise(self, node: Call, argument: Node) -> pl.Series:
        x = self.number_column(argument).cast(pl.Float64)
        if node.function == "abs":
            return x.abs()
        with np.errstate(all="ignore"):
            result = pl.Series(x.name, getattr(np, node.function)(x.to_numpy().astype(float)))
        result = pl.select(pl.when(x.is_not_null()).then(result)).to_series().alias(x.name)
        return self.defined(result, [x], f"{node.function}() has no value")

    def timed(self, node: Call, argument: Node, periods: Node | None = None) -> pl.Series:
        x = self.number_column(argument)
        k = 1 if periods is None else self.whole(periods, "the number of periods")
        if k < 0 and node.function not in {"l", "f"}:
            raise self.fail("the number of periods is negative", node, "use lag() for earlier, lead() for later values")
        if _TIMED[node.function] == 0:
            if k < 1:
                raise self.fail("diff() needs at least 1 period", node)
            return x.cast(pl.Float64) - clean.lag(self.panel, x, k).cast(pl.Float64)
        return clean.lag(self.panel, x, k * _TIMED[node.function])

    def fill(self, node: Call, argument: Node, kwargs: dict[str, Node]) -> pl.Series:
        x = self.number_column(argument)
        if node.function == "carry_forward":
            limit = self.whole(kwargs["limit"], "limit") if "limit" in kwargs else None
            done = clean.carry_forward(self.panel, x, limit)
        else:
            done = clean.interpolate(self.panel, x)
        cells = int(done.filled.sum() or 0)
        name = x.name or "values"
        self.flags[f"{name}_filled"] = done.filled
        what = {"carry_forward": "carried forward", "interpolate": "interpolated linearly"}[node.function]
        self.events.append(Event("fill", f"{name}: {cells} missing cells {what}", cells=cells))
        return done.values

    def summary(self, node: Call, args: tuple[Node, ...], by: Node | None) -> pl.Series:
        x = self.number_column(args[0]) if args else pl.Series("count", [1] * self.panel.height)
        groups = self.groups(by) if by is not None else []
        value = pl.col("__x")
        rule = {
            "mean": value.mean(),
            "sum": pl.when(value.count() > 0).then(value.sum()),
            "min": value.min(),
            "max": value.max(),
            "sd": value.std(),
            "median": value.median(),
            "count": value.count(),
        }[node.function]
        frame = self.panel.frame.select(groups).with_columns(x.alias("__x"))
        spread = rule.over(groups) if groups else rule
        return frame.with_columns(spread.alias("__y"))["__y"].cast(pl.Float64).alias(x.name)

    def groups(self, node: Node) -> list[str]:
        items = node.items if isinstance(node, Items) else (node,)
        names = []
        for item in items:
            if not isinstance(item, Name) or item.name not in self.panel.columns:
                word = item.name if isinstance(item, Name) else "this"
                raise self.fail(f"by= takes columns; {word!r} is none{did_you_mean(word, self.panel.columns)}", item)
            names.append(item.name)
        return names

    def base_value(self, node: Call, argument: Node, where: Node) -> pl.Series:
        """``at(x, year == 2004)``: the unit's value in its one row where the condition holds."""
        x, mask = self.number_column(argument), self.value(where)
        self.need_truth(mask, where)
        unit = self.panel.unit
        if unit is None:
            raise self.fail("at() needs the unit of the panel", node)
        picked = self.panel.frame.select(unit).with_columns(x.alias("__x")).filter(self.as_series(mask))
        if picked[unit].is_duplicated().any():
            raise self.fail("at(): the condition holds in several rows of a unit", where)
        if picked.height == 0:
            raise self.fail("at(): the condition holds in no row", where)
        return self.panel.frame.select(unit).join(picked, on=unit, how="left", maintain_order="left")["__x"]


def _kind(value: Value) -> str:
    if isinstance(value, pl.Series):
        if value.dtype == pl.Boolean:
            return "true or false"
        return "numbers" if value.dtype.is_numeric() or value.dtype == pl.Null else "text"
    if isinstance(value, bool):
        return "true or false"
    return "text" if isinstance(value, str) else "numbers"
