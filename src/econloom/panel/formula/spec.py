"""What a formula says, as frozen values: factors, terms, effects and the model they make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from econloom.core.expressions import Binary, Call, Items, Name, Node, Number, Text, Truth, Unary, children

LevelValue = str | float | bool


@dataclass(frozen=True, slots=True)
class Factor:
    """One expression inside a term.

    Attributes
    ----------
    name : str
        As typed, without backticks.
    text : str
        What :func:`econloom.data.expressions.evaluate` reads; ``I(...)`` is unwrapped.
    node : Node
        Its syntax tree.
    position : int
        Offset of ``text`` in the formula, for the caret of an error.
    """

    name: str
    text: str
    node: Node
    position: int = field(compare=False)

    @property
    def column(self) -> str | None:
        """The column's name where the factor is a bare word."""
        return self.node.name if isinstance(self.node, Name) else None

    @property
    def key(self) -> str:
        """The same for two spellings."""
        return canonical(self.node)


@dataclass(frozen=True, slots=True)
class Levels:
    """A column whose values are categories, ``i(year)``; which ones there are is known on the sample only.

    Attributes
    ----------
    column : str
    position : int
        Of the column in the formula.
    function : {"i", "factor", "text"}
        ``i`` names a dummy ``year::2001``, ``factor`` as R does, ``factor(year)2001``; so does a bare text column,
        ``regionnorth``.
    reference : tuple
        Values without a dummy.
    keep : tuple
        The only values with one; all when empty.
    """

    column: str
    position: int = field(compare=False)
    function: str = "i"
    reference: tuple[LevelValue, ...] = ()
    keep: tuple[LevelValue, ...] = ()

    @property
    def text(self) -> str:
        """The column as an expression."""
        return quoted(self.column)

    @property
    def name(self) -> str:
        """Before the levels are known."""
        column = quoted(self.column)
        options = {"ref": self.reference, "keep": self.keep}
        typed = [f"{key}=[{', '.join(map(_typed, values))}]" for key, values in options.items() if values]
        return f"{self.function}({', '.join([column, *typed])})"

    @property
    def prefix(self) -> str:
        """What stands before a value in the name of its dummy."""
        return {"i": f"{self.column}::", "text": self.column}.get(self.function, f"{self.function}({self.column})")

    @property
    def key(self) -> str:
        """Two with different references differ."""
        return self.name


@dataclass(frozen=True, slots=True)
class Level:
    """A dummy: 1 where ``column`` is ``value``, else 0."""

    name: str
    column: str
    value: LevelValue
    position: int = field(compare=False)

    @property
    def text(self) -> str:
        """The column as an expression."""
        return quoted(self.column)

    @property
    def key(self) -> str:
        """The same for every dummy of one value."""
        return f"({self.column!r} is {self.value!r})"


Piece = Factor | Levels | Level


@dataclass(frozen=True, slots=True)
class Term:
    """A regressor or an outcome: the product of its factors.

    Attributes
    ----------
    name : str
        As typed, without backticks; factors of an interaction joined by ``:``.
    key : str
        The same for two spellings of one term.
    factors : tuple of Factor, Levels or Level
    """

    name: str
    key: str
    factors: tuple[Piece, ...]

    @classmethod
    def of(cls, *factors: Piece) -> Term:
        """The product of factors; one that comes twice counts once, as in R."""
        unique = {f.key: f for f in reversed(factors)}
        kept = tuple(reversed(unique.values()))
        return cls(":".join(f.name for f in kept), ":".join(sorted(unique)), kept)


@dataclass(frozen=True, slots=True)
class EffectTerm:
    """A set of fixed effects: the groups of one column, or of several joined by ``^``, perhaps with slopes.

    Attributes
    ----------
    name : str
        ``firm``, ``firm^year``, ``firm[t, log(z)]``, ``firm[[t]]``.
    columns : tuple of str
    slopes : tuple of Term
        Variables whose coefficient each group has of its own.
    levels : bool
        Whether each group has an effect of its own; False of ``firm[[t]]``.
    """

    name: str
    columns: tuple[str, ...]
    slopes: tuple[Term, ...] = ()
    levels: bool = True

    @classmethod
    def of(cls, columns: tuple[str, ...], slopes: tuple[Term, ...] = (), levels: bool = True) -> EffectTerm:
        """With the name that fixest gives it."""
        return cls("^".join(columns) + _bracketed([t.name for t in slopes], levels), columns, slopes, levels)

    @property
    def text(self) -> str:
        """As a formula writes it."""
        groups = "^".join(map(quoted, self.columns))
        return groups + _bracketed([t.factors[0].text for t in self.slopes], self.levels)

    @property
    def key(self) -> tuple[object, ...]:
        """The same for two that absorb the same columns."""
        return self.columns, self.levels, tuple(t.key for t in self.slopes)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What one regression is asked for.

    Attributes
    ----------
    text : str
        The formula as typed; of one model where several were typed at once.
    outcome : Term
    terms : tuple of Term
        Exogenous regressors in the order of the formula, without the intercept.
    intercept : bool
        False after ``0 +`` or ``- 1``; without meaning where there are effects that are not slopes only.
    effects : tuple of EffectTerm
    endogenous, instruments : tuple of Term
        The two sides of the part ``| endogenous ~ instruments``; the instruments are those left out of the model.
    """

    text: str
    outcome: Term
    terms: tuple[Term, ...]
    intercept: bool
    effects: tuple[EffectTerm, ...]
    endogenous: tuple[Term, ...] = ()
    instruments: tuple[Term, ...] = ()

    @property
    def columns(self) -> tuple[Term, ...]:
        """Every term that the model needs a column of."""
        return (self.outcome, *self.terms, *self.endogenous, *self.instruments)

    @property
    def regressors(self) -> tuple[Term, ...]:
        """Endogenous variables, then exogenous regressors."""
        return (*self.endogenous, *self.terms)

    @property
    def slopes(self) -> tuple[Term, ...]:
        """Slope variables of all effects."""
        return tuple(t for e in self.effects for t in e.slopes)

    @property
    def spans_constant(self) -> bool:
        """Whether a constant is estimated or absorbed; effects that are slopes only absorb none."""
        return self.intercept or any(e.levels for e in self.effects)


def _bracketed(slopes: Sequence[str], levels: bool) -> str:
    listed = ", ".join(slopes)
    return f"[{listed}]" if slopes and levels else f"[[{listed}]]" if slopes else ""


def quoted(name: str) -> str:
    """A column's name as a formula writes it: bare, or in backticks."""
    return name if name.replace(".", "_").isidentifier() else f"`{name}`"


def canonical(node: Node) -> str:
    """One spelling of a tree: two texts that mean the same give the same string."""
    if isinstance(node, Number):
        return f"{node.value:g}" if node.value == float(f"{node.value:g}") else repr(node.value)
    if isinstance(node, Name):
        return quoted(node.name)
    if isinstance(node, Text):
        return repr(node.value)
    if isinstance(node, Unary):
        return f"{node.op}({canonical(node.operand)})"
    if isinstance(node, Binary):
        return f"({canonical(node.left)} {node.op} {canonical(node.right)})"
    if isinstance(node, Items):
        return f"[{', '.join(map(canonical, node.items))}]"
    if isinstance(node, Call):
        named = [f"{key}={canonical(value)}" for key, value in node.kwargs]
        return f"{node.function}({', '.join([*map(canonical, node.args), *named])})"
    return str(node.value).lower()


def functions_in(node: Node) -> Iterator[str]:
    """Names of the functions that a tree calls."""
    if isinstance(node, Call):
        yield node.function
    for child in children(node):
        yield from functions_in(child)


def _typed(value: LevelValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float | int) else repr(value)


def literal(node: Node) -> LevelValue | None:
    """The value of a literal, a sign before a number included; None for anything else."""
    if isinstance(node, Number | Text | Truth):
        return node.value
    if isinstance(node, Unary) and node.op in {"+", "-"} and isinstance(node.operand, Number):
        return node.operand.value if node.op == "+" else -node.operand.value
    return None
