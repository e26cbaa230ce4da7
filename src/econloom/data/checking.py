"""What can be wrong with a formula or condition before any data are read: names, functions and their arguments."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from econloom.core.errors import ExpressionError, UsageError, did_you_mean, listed
from econloom.core.expressions import Binary, Call, Items, Name, Node, Number, Text, Unary, children, parse
from econloom.data.functions import FUNCTIONS, Parameter, bind
from econloom.data.regions import named as regions


@dataclass(frozen=True)
class Scope:
    """Names beside the panel's columns.

    Attributes
    ----------
    lists : mapping of str to tuple
        For ``code in developed``.
        A dated list is entered for each year in use, as ``oecd@2013``.
    samples : mapping of str to str
        Named conditions, usable as bare words.
    by : tuple of str
        Groups within which statistics such as ``mean`` are taken when they do not say ``by=``.
    """

    lists: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    samples: Mapping[str, str] = field(default_factory=dict)
    by: tuple[str, ...] = ()


def check(expression: str, columns: Collection[str], scope: Scope | None = None) -> None:
    """Refuse an expression that no data could satisfy: unknown names and functions, wrong arguments.

    Parameters
    ----------
    columns : collection of str
        The columns that will be there.
    """
    scope = scope or Scope()
    try:
        _check(parse(expression), expression, columns, scope)
    except RecursionError:
        raise UsageError(f"the expression is nested too deeply: {expression[:60]}…") from None


def _check(node: Node, text: str, columns: Collection[str], scope: Scope) -> None:
    if isinstance(node, Name) and node.name not in columns and node.name not in scope.samples:
        raise unknown_name(node, text, columns, scope)
    if isinstance(node, Binary) and node.op in {"in", "not in"}:
        _check_list(node.right, text, scope)
        _check(node.left, text, columns, scope)
        return
    if isinstance(node, Call):
        bound(node, text)
    for child in children(node):
        inside = child.items if isinstance(child, Items) else (child,)
        for part in inside:
            _check(part, text, columns, scope)


def _check_list(node: Node, text: str, scope: Scope) -> None:
    named = node.left if isinstance(node, Binary) and node.op == "@" else node
    if not isinstance(named, Name) or named.name in scope.lists:
        return
    if named.name not in regions.names():
        raise unknown_list(named, text, scope)
    year = node.right if isinstance(node, Binary) else None
    shipped_members(named, year, text)


def shipped_members(name: Name, year: Node | None, text: str) -> int | None:
    """Refuse a shipped list without the year that it needs, or in a year without members; returns the year."""
    when = int(year.value) if isinstance(year, Number) else None
    try:
        regions.members(name.name, when)
    except UsageError as error:
        raise ExpressionError(error.message, text, name.position, error.hint) from None
    return when


def bound(node: Call, text: str) -> list[tuple[Parameter, Node]]:
    """The arguments of a call, each with its parameter.

    Raises
    ------
    ExpressionError
        An unknown function, or arguments that do not fit it.
    """
    if node.function not in FUNCTIONS:
        message = f"no function {node.function!r}{did_you_mean(node.function, FUNCTIONS)}"
        raise ExpressionError(message, text, node.position, f"known: {', '.join(FUNCTIONS)}")
    try:
        found = bind(node.function, list(node.args), dict(node.kwargs))
    except UsageError as error:
        raise ExpressionError(error.message, text, node.position, error.hint) from None
    for parameter, value in found:
        _check_word(node.function, parameter, value, text)
        _check_number(node.function, parameter, value, text)
    return found


def _check_word(function: str, parameter: Parameter, value: Node, text: str) -> None:
    """A quoted text where one is needed, and one of its choices where it has them."""
    if parameter.kind != "word":
        return
    choices = " or ".join(repr(c) for c in parameter.choices)
    if not isinstance(value, Text):
        hint = f"write {choices}" if choices else f"such as {parameter.name}='…'"
        raise ExpressionError(f"{function}(): {parameter.name!r} is a quoted text", text, value.position, hint)
    if parameter.choices and value.value not in parameter.choices:
        near = did_you_mean(value.value, parameter.choices)
        raise ExpressionError(f"{function}(): {parameter.name} is {choices}{near}", text, value.position)


def _check_number(function: str, parameter: Parameter, value: Node, text: str) -> None:
    """A number that stands in the formula where one is needed."""
    inner = value.operand if isinstance(value, Unary) and value.op in {"+", "-"} else value
    if parameter.kind == "number" and not isinstance(inner, Number):
        raise ExpressionError(f"{function}(): {parameter.name} is a number, written out", text, value.position)


def unknown_name(node: Name, text: str, columns: Collection[str], scope: Scope) -> ExpressionError:
    """The error of a word that is no column and no sample."""
    if node.name in scope.lists:
        return ExpressionError(f"{node.name!r} is a list: it stands behind 'in'", text, node.position)
    known = [*columns, *scope.samples]
    guess = did_you_mean(node.name, known)
    hint = "a text stands in quotes" if not guess and node.name.isupper() else f"known: {listed(known, 12)}"
    return ExpressionError(f"no column or sample {node.name!r}{guess}", text, node.position, hint)


def unknown_list(node: Name, text: str, scope: Scope) -> ExpressionError:
    """The error of a word behind ``in`` that is no list."""
    known = (*scope.lists, *regions.names())
    return ExpressionError(f"no list {node.name!r}{did_you_mean(node.name, known)}", text, node.position)
