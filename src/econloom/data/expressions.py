"""Formulas and conditions evaluated on a panel, compiled to polars; never ``eval``.

Missing stays missing. What has no value (the logarithm of zero, a division by zero, an overflow) is refused with the
keys of the rows, never turned into a number or silently into a missing one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from econloom.core.errors import DataError, ExpressionError, UsageError, did_you_mean, listed
from econloom.core.expressions import Binary, Call, Items, Name, Node, Number, Text, Truth, Unary, parse
from econloom.core.frame import Panel
from econloom.core.lineage import Event
from econloom.data.checking import Scope, bound, check, shipped_members, unknown_list, unknown_name
from econloom.data.columns.worked import Filled, Worked, rows_of
from econloom.data.functions import FUNCTIONS, Parameter
from econloom.data.regions import columns as regions

__all__ = ["Computed", "Scope", "check", "compute", "compute_condition", "condition", "evaluate"]
Value = pl.Series | float | str | bool
_MOST_LEVELS = 200
_CONSTANTS: Mapping[str, tuple[Any, str]] = {
    "whole": (int, "a whole number"),
    "number": (int | float, "a number"),
    "word": (str, "a quoted text"),
}


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
    series = evaluation.as_series(evaluation.value(node))
    if truth != (series.dtype == pl.Boolean):
        wanted, hint = ("a condition", "compare: x > 0") if truth else ("numbers", None)
        raise evaluation.fail(f"{wanted} expected, this gives {_kind(series)}", node, hint)
    return Computed(series, evaluation.flags, tuple(evaluation.events))


_NAMES = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_COMPARE: dict[str, Callable[..., Any]] = {op: getattr(operator, name) for op, name in _NAMES.items()}
_NAMES = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "^": "pow"}
_ARITHMETIC: dict[str, Callable[..., Any]] = {op: getattr(operator, name) for op, name in _NAMES.items()}


class _Evaluation:
    """One walk over one tree; collects flags and events on the way."""

    def __init__(self, panel: Panel, scope: Scope, text: str, depth: int = 0) -> None:
        self.panel = panel
        self.scope = scope
        self.text = text
        self.depth = depth
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
        if isinstance(node, Items):
            raise self.fail("a list stands only behind 'in' or 'by='", node)
        self.depth += 1
        if self.depth > _MOST_LEVELS:
            raise self.fail(f"more than {_MOST_LEVELS} operations inside one another", node)
        if isinstance(node, Unary):
            result: Value = self.unary(node)
        else:
            result = self.binary(node) if isinstance(node, Binary) else self.call(node)
        self.depth -= 1
        return result

    def name(self, node: Name) -> Value:
        if node.name in self.panel.columns:
            return self.finite(self.panel.column(node.name), node.name)
        if node.name in self.scope.samples:
            if self.depth > _MOST_LEVELS:
                raise self.fail(f"samples inside one another without end, {node.name!r} among them", node)
            text = self.scope.samples[node.name]
            inner = _Evaluation(self.panel, self.scope, text, self.depth + 10)
            found = inner.value(parse(text))
            self.events += inner.events
            return found
        raise unknown_name(node, self.text, self.panel.columns, self.scope)

    def unary(self, node: Unary) -> Value:
        inner = self.value(node.operand)
        if node.op == "not":
            self.need("true or false", inner, node.operand)
            return ~self.as_series(inner)
        self.need("numbers", inner, node.operand)
        if node.op == "+" or isinstance(inner, str | bool):
            return inner
        return -inner.cast(pl.Float64) if isinstance(inner, pl.Series) else -inner

    def binary(self, node: Binary) -> Value:
        if node.op in {"in", "not in"}:
            return self.membership(node)
        left, right = self.value(node.left), self.value(node.right)
        if node.op in {"and", "or"}:
            a, b = self.as_series(left), self.as_series(right)
            self.need("true or false", a, node.left)
            self.need("true or false", b, node.right)
            return a & b if node.op == "and" else a | b
        if node.op in _COMPARE:
            self.comparable(node, left, right)
            compared: pl.Series = _COMPARE[node.op](self.as_series(left), self.as_series(right))
            return compared
        if node.op in _ARITHMETIC:
            return self.arithmetic(node, self.as_series(left), self.as_series(right))
        raise self.fail(f"the operator {node.op!r} belongs to model formulas, not to this place", node)

    def arithmetic(self, node: Binary, left: pl.Series, right: pl.Series) -> pl.Series:
        self.need("numbers", left, node.left)
        self.need("numbers", right, node.right)
        a, b = left.cast(pl.Float64), right.cast(pl.Float64)
        what = {"/": "division by zero", "^": "a power without a finite real value"}.get(node.op, "overflow")
        return self.defined(_ARITHMETIC[node.op](a, b), [a, b], what)

    def comparable(self, node: Binary, left: Value, right: Value) -> None:
        if _kind(left) != _kind(right):
            hint = "quote a text: code == 'CHN'; do not quote a number"
            raise self.fail(f"compares {_kind(left)} with {_kind(right)}", node, hint)
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
        if (shipped := self.shipped(node.right)) is not None:
            inside = self.placed(left, node.right, *shipped)
            return ~inside if node.op == "not in" else inside
        wanted = self.members(node.right)
        kinds = {_kind(v) for v in wanted}
        if kinds != {_kind(left)}:
            found = listed(sorted(kinds)) or "nothing"
            raise self.fail(f"the column holds {_kind(left)}, the list {found}", node.right)
        self.report_strangers(node, left, wanted)
        kind = pl.String if kinds == {"text"} else pl.Float64
        inside = left.cast(kind).is_in(pl.Series(wanted, dtype=kind).implode())
        return ~inside if node.op == "not in" else inside

    def shipped(self, node: Node) -> tuple[str, int | None] | None:
        """A list of regions or countries that comes with econloom, and its year; a study's own list goes first."""
        named, year = (node.left, node.right) if isinstance(node, Binary) and node.op == "@" else (node, None)
        if not isinstance(named, Name) or named.name in self.scope.lists or named.name not in regions.names():
            return None
        return named.name, shipped_members(named, year, self.text)

    def placed(self, left: pl.Series, node: Node, name: str, year: int | None) -> pl.Series:
        """Whether each row's place is in a shipped list; null where the place is unknown, which is said."""
        inside, events = regions.membership(left, name, year)
        if inside.null_count() == inside.len():
            values = listed(left.unique().drop_nulls().head(5).to_list())
            raise self.fail(f"no value of the column is a place that econloom knows: {values}", node)
        self.events += events
        return inside

    def members(self, node: Node) -> list[Any]:
        if isinstance(node, Name):
            if node.name not in self.scope.lists:
                raise unknown_list(node, self.text, self.scope)
            return list(self.scope.lists[node.name])
        if isinstance(node, Binary) and node.op == "@":
            return self.dated(node)
        if isinstance(node, Items):
            return [self.literal(item) for item in node.items]
        raise self.fail("a list stands behind 'in': a name under 'lists:' or [ … ]", node)

    def dated(self, node: Binary) -> list[Any]:
        """``oecd@2013``: the members of a dated list in that year."""
        name, year = node.left, node.right
        if isinstance(name, Name) and isinstance(year, Number):
            found = self.scope.lists.get(f"{name.name}@{int(year.value)}")
            if found is not None:
                return list(found)
        raise self.fail("a dated list is written name@year", node)

    def literal(self, node: Node) -> Value:
        if isinstance(node, Name):
            raise self.fail(f"{node.name!r} in a list is not quoted", node, f"write '{node.name}'")
        if isinstance(node, Unary) and isinstance(node.operand, Number) and node.op == "-":
            return -node.operand.value
        if not isinstance(node, Number | Text):
            raise self.fail("a list holds numbers and quoted texts", node)
        return self.value(node)

    def report_strangers(self, node: Binary, left: pl.Series, wanted: list[Any]) -> None:
        """Members that occur nowhere: some are a warning, all are an error."""
        present = set(left.unique().to_list())
        strangers = [w for w in wanted if w not in present]
        if len(strangers) == len(wanted):
            raise self.fail("no row has any member of the list", node.right, f"the list: {listed(wanted)}")
        if strangers:
            guesses = [did_you_mean(str(s), [str(p) for p in present]) for s in strangers[:8]]
            names = listed(f"{s!r}{g}" for s, g in zip(strangers[:8], guesses, strict=True))
            self.events.append(Event("warning", f"list members that occur in no row: {names}"))

    def need(self, kind: str, value: Value, node: Node) -> None:
        if _kind(value) != kind:
            raise self.fail(f"needs {kind} here, this is {_kind(value)}", node)

    def finite(self, values: pl.Series, name: str) -> pl.Series:
        if values.dtype.is_float() and (odd := values.is_infinite().fill_null(False)).any():
            raise DataError(f"column {name!r} holds {odd.sum()} infinite values: {rows_of(self.panel, odd)}")
        return values

    def defined(self, result: pl.Series, inputs: list[pl.Series], what: str) -> pl.Series:
        """Refuse a value that arithmetic could not give."""
        bad = ~result.is_finite().fill_null(True)
        if bad.any():
            shown = ", ".join(str(s.filter(bad)[0]) for s in inputs)
            where = f"{self.text}: " if self.text else ""
            raise DataError(
                f"{where}{what} in {bad.sum()} rows: {rows_of(self.panel, bad)} (first: {shown})",
                hint="leave these rows out with a named drop, or choose another transformation",
            )
        return result

    def call(self, node: Call) -> pl.Series:
        arguments = {p.name: self.argument(p, value) for p, value in bound(node, self.text)}
        function = FUNCTIONS[node.function]
        if self.scope.by and function.summary:
            arguments.setdefault("by", list(self.scope.by))
        try:
            result = function.apply(self.panel, **arguments)
        except ExpressionError:
            raise
        except UsageError as error:
            raise self.fail(error.message, node, error.hint) from None
        if isinstance(result, Filled):
            return self.filled(result)
        if isinstance(result, Worked):
            self.events += result.events
            result = result.values
        if result.dtype.is_float():
            inputs = [a for a in arguments.values() if isinstance(a, pl.Series)]
            return self.defined(result, inputs, f"{node.function}() has no value")
        return result

    def argument(self, parameter: Parameter, node: Node) -> Any:
        if parameter.kind == "columns":
            return self.grouping(node)
        if parameter.kind == "several":
            return self.several(node)
        value = self.value(node)
        if parameter.kind in _CONSTANTS:
            kinds, words = _CONSTANTS[parameter.kind]
            if not isinstance(value, kinds) or isinstance(value, bool):
                raise self.fail(f"{parameter.name!r} must be {words}", node)
            return value
        series = self.as_series(value)
        if parameter.kind != "any":
            self.need("numbers" if parameter.kind == "numbers" else "true or false", series, node)
        return series

    def several(self, node: Node) -> list[pl.Series]:
        """A list of columns of numbers."""
        columns = []
        for item in node.items if isinstance(node, Items) else (node,):
            series = self.as_series(self.value(item))
            self.need("numbers", series, item)
            columns.append(series)
        return columns

    def filled(self, done: Filled) -> pl.Series:
        self.flags[f"{done.values.name or 'values'}_filled"] = done.filled
        self.events.append(done.event)
        return done.values

    def grouping(self, node: Node) -> list[str]:
        names = []
        for item in node.items if isinstance(node, Items) else (node,):
            if not isinstance(item, Name) or item.name not in self.panel.columns:
                word = item.name if isinstance(item, Name) else "this"
                raise self.fail(f"by= takes columns; {word!r} is none{did_you_mean(word, self.panel.columns)}", item)
            names.append(item.name)
        return names


def _kind(value: Value) -> str:
    if isinstance(value, pl.Series):
        if value.dtype == pl.Boolean:
            return "true or false"
        return "numbers" if value.dtype.is_numeric() or value.dtype == pl.Null else "text"
    if isinstance(value, bool):
        return "true or false"
    return "text" if isinstance(value, str) else "numbers"
