"""From syntax trees to terms: one part of a formula as a list of regressors, or of several such lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from econloom.core.errors import ExpressionError, UsageError
from econloom.core.expressions import Binary, Call, Items, Name, Node, Number, Token, Unary
from econloom.panel.formula.spec import Factor, Levels, LevelValue, Term, functions_in, literal, quoted

LAGS = ("l", "f", "d", "lag", "lead", "diff")
STEPWISE = ("sw", "sw0", "csw", "csw0", "mvsw")
FACTORS = ("i", "factor")
_RESERVED = {
    **{name: f"{name}( ) stands by itself between '+'" for name in STEPWISE},
    **{name: f"{name}( ) is a term of its own or a factor of ':' and '*'" for name in FACTORS},
    "c": "c( ) lists several outcomes, before '~'",
    "I": "I( ) is a term of its own or a factor of ':' and '*'",
}

Terms = tuple[Term, ...]


class TermReader:
    """Turns trees into terms; holds the text and tokens that names are cut from."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text = text
        self.tokens = tokens

    def outcome(self, tokens: Sequence[Token], node: Node) -> Term:
        """The term of an outcome or a slope variable from its tree; ``tokens`` ends with an end token after it."""
        self._refuse_reserved(node)
        start = tokens[0].position
        typed = self.text[start : tokens[-1].position].strip()
        name = node.name if isinstance(node, Name) else typed
        return Term.of(Factor(name, typed, node, start))

    def right_side(self, pieces: Sequence[tuple[int, Node]]) -> tuple[bool, Terms]:
        """Whether there is an intercept, and the regressors."""
        intercept = True
        terms: dict[str, Term] = {}
        for sign, piece in pieces:
            if isinstance(piece, Number):
                intercept = self._intercept(sign, piece)
            elif sign < 0:
                raise self._fail("a term is taken away with '-'", piece, "leave it out of the formula")
            else:
                terms.update((t.key, t) for t in self._terms(piece) if t.key not in terms)
        return intercept, tuple(terms.values())

    def listed(self, node: Node, what: str) -> Terms:
        """Terms of a part that has no intercept: endogenous variables or instruments."""
        for _, piece in summands(node):
            if isinstance(piece, Number):
                raise self._fail(f"the number {piece.value:g} among the {what}", piece, "name columns")
            if isinstance(piece, Call) and piece.function in STEPWISE:
                raise self._fail(f"{piece.function}( ) among the {what}", piece, "write one formula for each")
        return self.right_side(list(summands(node)))[1]

    def _intercept(self, sign: int, number: Number) -> bool:
        if number.value not in (0.0, 1.0):
            raise self._fail(f"the number {number.value:g} is no term", number, "1 keeps the intercept, 0 drops it")
        return (number.value == 1.0) == (sign > 0)

    def _terms(self, node: Node) -> list[Term]:
        if isinstance(node, Binary):
            return self._combination(node)
        if isinstance(node, Name):
            return [Term.of(_column(node))]
        if isinstance(node, Call):
            return self._call(node)
        raise self._fail("a term is a column or a function of columns", node)

    def _combination(self, node: Binary) -> list[Term]:
        if node.op == "+":
            return [*self._terms(node.left), *self._terms(node.right)]
        if node.op not in {":", "*"}:
            raise self._fail(f"{node.op!r} between terms has no meaning here", node, "wrap arithmetic in I( )")
        left, right = self._terms(node.left), self._terms(node.right)
        products = [Term.of(*a.factors, *b.factors) for a in left for b in right]
        return products if node.op == ":" else [*left, *right, *products]

    def _call(self, node: Call) -> list[Term]:
        if node.function in FACTORS:
            return [self._categories(node)]
        for part in node.args if node.function == "I" else (node,):
            self._refuse_reserved(part)
        if node.function in LAGS and len(node.args) == 2 and isinstance(node.args[1], Binary):
            return [self._lagged(node, k) for k in self._range(node.args[1])]
        end = self._closing(node)
        typed = self.text[node.position : end + 1]
        if node.function != "I":
            return [Term.of(Factor(typed, typed, node, node.position))]
        if len(node.args) != 1 or node.kwargs:
            raise self._fail("I( ) takes one expression", node)
        start = self.text.index("(", node.position) + 1
        return [Term.of(Factor(typed, self.text[start:end], node.args[0], start))]

    def _categories(self, node: Call) -> Term:
        """``i(a)``, ``i(a, ref=)``, ``i(a, b, ref=, ref2=)``, ``factor(a)``."""
        most = 1 if node.function == "factor" else 3
        options = () if node.function == "factor" else ("ref", "ref2", "keep")
        if not 1 <= len(node.args) <= most or not isinstance(node.args[0], Name):
            raise self._fail(f"{node.function}( ) takes a column first", node, "i(year, ref=2000), i(group, x, ref=1)")
        for key, value in node.kwargs:
            if key not in options:
                raise self._fail(f"{node.function}( ) has no argument {key!r}", value, ", ".join(options) or None)
        named = {key: self._values(value) for key, value in node.kwargs}
        third = self._values(node.args[2]) if len(node.args) == 3 else ()
        first = node.args[0]
        reference = named.get("ref", ()) or third
        left = Levels(first.name, first.position, node.function, reference, named.get("keep", ()))
        if len(node.args) == 1:
            return Term.of(left)
        return Term.of(left, self._partner(node.args[1], named.get("ref2", ())))

    def _partner(self, node: Node, reference: tuple[LevelValue, ...]) -> Factor | Levels:
        """What ``i( )`` interacts with: a number column, or ``i.b`` (or a text column) for a second factor."""
        if not isinstance(node, Name):
            raise self._fail("the second argument of i( ) is a column", node, "a reference level is written ref=")
        if node.name.startswith("i.") or reference:
            return Levels(node.name.removeprefix("i."), node.position, "i", reference)
        return _column(node)

    def _values(self, node: Node) -> tuple[LevelValue, ...]:
        """One literal, or several as ``[1, 2]`` or ``c(1, 2)``."""
        listed = node.items if isinstance(node, Items) else None
        if isinstance(node, Call) and node.function == "c" and not node.kwargs:
            listed = node.args
        found = []
        for part in listed if listed is not None else (node,):
            value = literal(part)
            if value is None:
                raise self._fail("a level is a number or a quoted text", part, "such as ref=2000 or ref='north'")
            found.append(value)
        return tuple(found)

    def _lagged(self, node: Call, k: int) -> Term:
        inner = Call(node.function, (node.args[0], Number(float(k), node.position, True)), (), node.position)
        factor = Factor("", "", inner, node.position)
        return Term.of(Factor(factor.key, factor.key, inner, node.position))

    def _range(self, node: Binary) -> range:
        bounds = [n.value for n in (node.left, node.right) if isinstance(n, Number) and n.is_integer]
        if node.op != ":" or len(bounds) != 2 or bounds[0] > bounds[1]:
            raise self._fail("a range of lags is first:last in whole numbers", node, "such as l(x, 1:2)")
        return range(int(bounds[0]), int(bounds[1]) + 1)

    def _closing(self, node: Call) -> int:
        """Offset of the bracket that closes a call."""
        depth = 0
        for token in self.tokens:
            if token.position <= node.position or token.kind != "op":
                continue
            depth += (token.text == "(") - (token.text == ")")
            if depth == 0 and token.text == ")":
                return token.position
        raise AssertionError("the parser has already matched the brackets")

    def _refuse_reserved(self, node: Node) -> None:
        """Refuse a function of the formula language inside an expression."""
        for function in functions_in(node):
            if function in _RESERVED:
                raise self._fail(f"{function}( ) cannot stand here", node, _RESERVED[function])
            if function == "poly":
                raise UsageError("polynomials poly() are not built yet", hint="x + I(x^2)")

    def _fail(self, message: str, node: Node, hint: str | None = None) -> ExpressionError:
        return ExpressionError(message, self.text, node.position, hint)


def summands(node: Node, sign: int = 1) -> Iterator[tuple[int, Node]]:
    """The parts of a sum with their signs; a bracketed sum is opened."""
    if isinstance(node, Binary) and node.op in {"+", "-"}:
        yield from summands(node.left, sign)
        yield from summands(node.right, sign if node.op == "+" else -sign)
    elif isinstance(node, Unary) and node.op in {"+", "-"}:
        yield from summands(node.operand, sign if node.op == "+" else -sign)
    else:
        yield sign, node


def alternatives(text: str, node: Node) -> list[list[tuple[int, Node]]]:
    """The sums that a part stands for: one, or several where it has ``sw()``, ``csw()`` or ``mvsw()``."""
    pieces = list(summands(node))
    steps = [n for n, (_, p) in enumerate(pieces) if isinstance(p, Call) and p.function in STEPWISE]
    if not steps:
        return [pieces]
    if len(steps) > 1:
        raise ExpressionError("a second stepwise function in one part", text, pieces[steps[1]][1].position)
    at = steps[0]
    sign, call = pieces[at]
    assert isinstance(call, Call)
    if sign < 0 or call.kwargs or not call.args:
        raise ExpressionError(f"{call.function}( ) takes terms", text, call.position, "such as csw(x1, x2)")
    return [[*pieces[:at], *chosen, *pieces[at + 1 :]] for chosen in _choices(call)]


def _choices(call: Call) -> list[list[tuple[int, Node]]]:
    """What each model takes of a stepwise function's arguments; ``0`` and ``1`` stand for nothing."""
    parts = [[] if isinstance(a, Number) and a.value in (0.0, 1.0) else list(summands(a)) for a in call.args]
    if call.function == "mvsw":
        subsets = [c for size in range(len(parts) + 1) for c in combinations(parts, size)]
        return [[piece for part in subset for piece in part] for subset in subsets]
    if call.function in {"csw", "csw0"}:
        parts = [[piece for part in parts[: n + 1] for piece in part] for n in range(len(parts))]
    return [[], *parts] if call.function.endswith("0") else parts


def _column(node: Name) -> Factor:
    return Factor(node.name, quoted(node.name), node, node.position)
