"""Model formulas in fixest's notation: text to a frozen :class:`ModelSpec`.

``log(y) ~ x + c:d + l(x, 1) | unit + province^year``: the outcome, the regressors and the effects to absorb.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from econloom.core.errors import ExpressionError, UsageError
from econloom.core.expressions import (
    Binary,
    Call,
    Items,
    Name,
    Node,
    Number,
    Text,
    Token,
    Unary,
    children,
    parse_tokens,
    tokenize,
)

LAGS = ("l", "f", "d", "lag", "lead", "diff")
_LATER = {
    "i": "factor terms i()",
    "factor": "factor terms",
    "csw": "stepwise formulas csw()",
    "csw0": "stepwise formulas csw0()",
    "sw": "stepwise formulas sw()",
    "sw0": "stepwise formulas sw0()",
    "mvsw": "stepwise formulas mvsw()",
    "c": "several outcomes c()",
    "poly": "polynomials poly()",
}


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
    position: int

    @property
    def column(self) -> str | None:
        """The column's name where the factor is a bare word."""
        return self.node.name if isinstance(self.node, Name) else None


@dataclass(frozen=True, slots=True)
class Term:
    """A regressor or an outcome: the product of its factors.

    Attributes
    ----------
    name : str
        As typed, without backticks; factors of an interaction joined by ``:``.
    key : str
        The same for two spellings of one term.
    factors : tuple of Factor
    """

    name: str
    key: str
    factors: tuple[Factor, ...]

    @classmethod
    def of(cls, *factors: Factor) -> Term:
        """The product of factors; one that comes twice counts once, as in R."""
        unique = {canonical(f.node): f for f in reversed(factors)}
        kept = tuple(reversed(unique.values()))
        return cls(":".join(f.name for f in kept), ":".join(sorted(unique)), kept)


@dataclass(frozen=True, slots=True)
class EffectTerm:
    """A set of fixed effects: the groups of one column, or of several joined by ``^``."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What one regression is asked for.

    Attributes
    ----------
    text : str
        The formula as typed.
    outcome : Term
    terms : tuple of Term
        Regressors in the order of the formula, without the intercept.
    intercept : bool
        False after ``0 +`` or ``- 1``; without meaning where there are effects.
    effects : tuple of EffectTerm
    """

    text: str
    outcome: Term
    terms: tuple[Term, ...]
    intercept: bool
    effects: tuple[EffectTerm, ...]


def parse_formula(text: str) -> ModelSpec:
    """Read a model formula.

    Parameters
    ----------
    text : str
        ``"y ~ x + c | fe1 + fe2^fe3"``. Terms are expressions (``log(x)``, ``l(x, 1)``, ``I(x^2)``), ``a:b`` is a
        product, ``a*b`` is ``a + b + a:b``, ``l(x, 1:2)`` is two terms; ``0`` or ``-1`` leaves the intercept out.

    Returns
    -------
    ModelSpec

    Raises
    ------
    ExpressionError
        The formula cannot be read; a caret stands under the place.
    UsageError
        A construct that is not built yet (``i()``, ``csw()``, instruments, ``fe[x]``), by name.

    Examples
    --------
    >>> spec = parse_formula("y ~ log(x) + a:b | code + year")
    >>> [t.name for t in spec.terms], [e.name for e in spec.effects]
    (['log(x)', 'a:b'], ['code', 'year'])
    """
    tokens = tokenize(text)
    left, right = _sides(text, tokens)
    parts = _split(right, "|")
    _refuse_later_parts(text, parts)
    reader = _TermReader(text, tokens)
    intercept, terms = reader.right_side(_tree(text, parts[0], "the regressors"))
    effects = _effects(text, parts[1]) if len(parts) > 1 else ()
    return ModelSpec(text, reader.outcome(left), terms, intercept, effects)


def canonical(node: Node) -> str:
    """One spelling of a tree: two texts that mean the same give the same string."""
    if isinstance(node, Number):
        return f"{node.value:g}" if node.value == float(f"{node.value:g}") else repr(node.value)
    if isinstance(node, Name):
        return node.name if node.name.isidentifier() else f"`{node.name}`"
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


class _TermReader:
    """Turns trees into terms; holds the text and tokens that names are cut from."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text = text
        self.tokens = tokens

    def outcome(self, tokens: Sequence[Token]) -> Term:
        node = _tree(self.text, tokens, "the outcome")
        for function in functions_in(node):
            _refuse_later(function)
        start = tokens[0].position
        typed = self.text[start : tokens[-1].position].strip()
        name = node.name if isinstance(node, Name) else typed
        return Term.of(Factor(name, typed, node, start))

    def right_side(self, node: Node) -> tuple[bool, tuple[Term, ...]]:
        intercept = True
        terms: dict[str, Term] = {}
        for sign, piece in _summands(node):
            if isinstance(piece, Number):
                intercept = self.intercept(sign, piece)
            elif sign < 0:
                raise self.fail("a term is taken away with '-'", piece, "leave it out of the formula")
            else:
                terms.update((t.key, t) for t in self.terms(piece) if t.key not in terms)
        return intercept, tuple(terms.values())

    def intercept(self, sign: int, number: Number) -> bool:
        if number.value not in (0.0, 1.0):
            raise self.fail(f"the number {number.value:g} is no term", number, "1 keeps the intercept, 0 drops it")
        return (number.value == 1.0) == (sign > 0)

    def terms(self, node: Node) -> list[Term]:
        if isinstance(node, Binary):
            return self.combination(node)
        if isinstance(node, Name):
            return [Term.of(Factor(node.name, canonical(node), node, node.position))]
        if isinstance(node, Call):
            return self.call(node)
        raise self.fail("a term is a column or a function of columns", node)

    def combination(self, node: Binary) -> list[Term]:
        if node.op == "+":
            return [*self.terms(node.left), *self.terms(node.right)]
        if node.op not in {":", "*"}:
            raise self.fail(f"{node.op!r} between terms has no meaning here", node, "wrap arithmetic in I( )")
        left, right = self.terms(node.left), self.terms(node.right)
        products = [Term.of(*a.factors, *b.factors) for a in left for b in right]
        return products if node.op == ":" else [*left, *right, *products]

    def call(self, node: Call) -> list[Term]:
        for function in functions_in(node):
            _refuse_later(function)
        if node.function in LAGS and len(node.args) == 2 and isinstance(node.args[1], Binary):
            return [self.lagged(node, k) for k in self.range(node.args[1])]
        end = self.closing(node)
        typed = self.text[node.position : end + 1]
        if node.function != "I":
            return [Term.of(Factor(typed, typed, node, node.position))]
        if len(node.args) != 1 or node.kwargs:
            raise self.fail("I( ) takes one expression", node)
        start = self.text.index("(", node.position) + 1
        return [Term.of(Factor(typed, self.text[start:end], node.args[0], start))]

    def lagged(self, node: Call, k: int) -> Term:
        inner = Call(node.function, (node.args[0], Number(float(k), node.position, True)), (), node.position)
        name = canonical(inner)
        return Term.of(Factor(name, name, inner, node.position))

    def range(self, node: Binary) -> range:
        bounds = [n.value for n in (node.left, node.right) if isinstance(n, Number) and n.is_integer]
        if node.op != ":" or len(bounds) != 2 or bounds[0] > bounds[1]:
            raise self.fail("a range of lags is first:last in whole numbers", node, "such as l(x, 1:2)")
        return range(int(bounds[0]), int(bounds[1]) + 1)

    def closing(self, node: Call) -> int:
        """Offset of the bracket that closes a call."""
        depth = 0
        for token in self.tokens:
            if token.position <= node.position or token.kind != "op":
                continue
            depth += (token.text == "(") - (token.text == ")")
            if depth == 0 and token.text == ")":
                return token.position
        raise AssertionError("the parser has already matched the brackets")

    def fail(self, message: str, node: Node, hint: str | None = None) -> ExpressionError:
        return ExpressionError(message, self.text, node.position, hint)


def _summands(node: Node, sign: int = 1) -> Iterator[tuple[int, Node]]:
    """The parts of a sum with their signs; a bracketed sum is opened."""
    if isinstance(node, Binary) and node.op in {"+", "-"}:
        yield from _summands(node.left, sign)
        yield from _summands(node.right, sign if node.op == "+" else -sign)
    elif isinstance(node, Unary) and node.op in {"+", "-"}:
        yield from _summands(node.operand, sign if node.op == "+" else -sign)
    else:
        yield sign, node


def _sides(text: str, tokens: Sequence[Token]) -> tuple[list[Token], list[Token]]:
    bar = next((n for n, t in enumerate(tokens) if _is(t, "|")), len(tokens))
    tildes = [n for n, t in enumerate(tokens[:bar]) if _is(t, "~")]
    if not tildes:
        raise ExpressionError("a model formula needs '~'", text, tokens[-1].position, "outcome ~ regressors | effects")
    if len(tildes) > 1:
        raise ExpressionError("a second '~' before the first '|'", text, tokens[tildes[1]].position)
    at = tildes[0]
    return [*tokens[:at], _end(tokens[at])], list(tokens[at + 1 :])


def _split(tokens: Sequence[Token], op: str) -> list[list[Token]]:
    """Runs of tokens between ``op``, each closed by an end token at its place."""
    runs: list[list[Token]] = [[]]
    for token in tokens:
        if _is(token, op):
            runs[-1].append(_end(token))
            runs.append([])
        else:
            runs[-1].append(token)
    return runs


def _is(token: Token, op: str) -> bool:
    return token.kind == "op" and token.text == op


def _end(token: Token) -> Token:
    return Token("end", "", token.position)


def _tree(text: str, tokens: Sequence[Token], what: str) -> Node:
    if tokens[0].kind == "end":
        raise ExpressionError(f"{what}: nothing is there", text, tokens[0].position)
    return parse_tokens(text, tokens)


def _effects(text: str, tokens: Sequence[Token]) -> tuple[EffectTerm, ...]:
    if [t.text for t in tokens[:-1]] in (["0"], ["1"]):
        return ()
    slope = next((t for t in tokens if _is(t, "[")), None)
    if slope is not None:
        raise UsageError("varying slopes, effect[x], are not built yet")
    found: dict[tuple[str, ...], EffectTerm] = {}
    for sign, piece in _summands(_tree(text, tokens, "the list of effects")):
        columns = tuple(n.name for n in _joined(text, piece))
        if sign < 0:
            raise ExpressionError("an effect is taken away with '-'", text, piece.position, "leave it out")
        found.setdefault(tuple(sorted(columns)), EffectTerm("^".join(columns), columns))
    return tuple(found.values())


def _joined(text: str, node: Node) -> list[Name]:
    if isinstance(node, Name):
        return [node]
    if isinstance(node, Binary) and node.op == "^":
        return [*_joined(text, node.left), *_joined(text, node.right)]
    if isinstance(node, Call):
        _refuse_later(node.function)
    raise ExpressionError("an effect is a column, or columns joined by '^'", text, node.position)


def _refuse_later_parts(text: str, parts: Sequence[Sequence[Token]]) -> None:
    for part in parts[1:]:
        if any(_is(t, "~") for t in part):
            raise UsageError(f"instrumental variables, '| endogenous ~ instruments', are not built yet: {text}")
    if len(parts) > 2:
        raise ExpressionError("a formula has at most two '|'", text, parts[2][0].position)


def _refuse_later(function: str) -> None:
    if function in _LATER:
        raise UsageError(f"{_LATER[function]} are not built yet")
