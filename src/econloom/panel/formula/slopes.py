"""Effects and their varying slopes: ``firm``, ``firm^year``, ``firm[t, log(z)]``, ``firm[[t]]``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from econloom.core.errors import ExpressionError
from econloom.core.expressions import Binary, Name, Node, Number, Token, names_in, parse_tokens
from econloom.panel.formula.spec import EffectTerm, Term
from econloom.panel.formula.terms import TermReader, Terms

SPELLING = "such as firm[t], firm[t, z] or, slopes only, firm[[t]]"


@dataclass(frozen=True)
class Bracket:
    """What stands in brackets after an effect."""

    slopes: Terms
    levels: bool


def cut_slopes(reader: TermReader, tokens: Sequence[Token]) -> tuple[list[Token], dict[int, Bracket]]:
    """The tokens without brackets, and the slopes by the offset of the name that they follow.

    Raises
    ------
    ExpressionError
        Brackets that follow no effect, are empty or are not closed.
    """
    rest: list[Token] = []
    found: dict[int, Bracket] = {}
    at = 0
    while at < len(tokens):
        if not _is(tokens[at], "["):
            rest.append(tokens[at])
            at += 1
            continue
        if not rest or rest[-1].kind != "name" or rest[-1].position in found:
            raise ExpressionError("slopes follow an effect", reader.text, tokens[at].position, SPELLING)
        double = _is(tokens[at + 1], "[")
        end = _closing(reader.text, tokens, at + double)
        if double and not _is(tokens[end + 1], "]"):
            raise ExpressionError("'[[' is closed by ']]'", reader.text, tokens[end + 1].position, SPELLING)
        found[rest[-1].position] = Bracket(_slopes(reader, tokens[at + 1 + double : end + 1]), not double)
        at = end + 1 + double
    return rest, found


def _closing(text: str, tokens: Sequence[Token], at: int) -> int:
    """Which token closes the bracket that one opens."""
    depth = 0
    for place in range(at, len(tokens)):
        depth += _is(tokens[place], "[") - _is(tokens[place], "]")
        if depth == 0:
            return place
    raise ExpressionError("'[' is not closed", text, tokens[at].position, SPELLING)


def _slopes(reader: TermReader, tokens: Sequence[Token]) -> Terms:
    """The variables between brackets; the last token is the closing one."""
    terms: dict[str, Term] = {}
    run: list[Token] = []
    depth = 0
    for place, token in enumerate(tokens):
        if place == len(tokens) - 1 or (depth == 0 and _is(token, ",")):
            term = _slope(reader, [*run, Token("end", "", token.position)])
            terms.setdefault(term.key, term)
            run = []
        else:
            depth += (token.kind == "op") * ((token.text in "([") - (token.text in ")]"))
            run.append(token)
    return tuple(terms.values())


def _slope(reader: TermReader, run: Sequence[Token]) -> Term:
    if len(run) == 1:
        raise ExpressionError("a slope variable is missing", reader.text, run[0].position, SPELLING)
    node = parse_tokens(reader.text, run)
    if not names_in(node):
        raise ExpressionError("a slope variable is a column or a function of columns", reader.text, run[0].position)
    return reader.outcome(run, node)


def effect_terms(
    text: str, pieces: Sequence[tuple[int, Node]], slopes: Mapping[int, Bracket]
) -> tuple[EffectTerm, ...]:
    """The effects of a sum, those of the same columns as one; ``0`` stands for none."""
    found: dict[tuple[str, ...], EffectTerm] = {}
    for sign, piece in pieces:
        if isinstance(piece, Number) and piece.value in (0.0, 1.0):
            continue
        names = _joined(text, piece)
        columns = tuple(n.name for n in names)
        if sign < 0:
            raise ExpressionError("an effect is taken away with '-'", text, piece.position, "leave it out")
        inner = next((n for n in names[:-1] if n.position in slopes), None)
        if inner is not None:
            raise ExpressionError("slopes stand after the last column of an effect", text, inner.position, SPELLING)
        own = slopes.get(names[-1].position, Bracket((), True))
        key = tuple(sorted(columns))
        found[key] = _merged(found.get(key), EffectTerm.of(columns, own.slopes, own.levels))
    return tuple(found.values())


def _merged(before: EffectTerm | None, effect: EffectTerm) -> EffectTerm:
    """``firm + firm[[t]]`` is ``firm[t]``."""
    if before is None:
        return effect
    slopes = {t.key: t for t in (*before.slopes, *effect.slopes)}
    return EffectTerm.of(before.columns, tuple(slopes.values()), before.levels or effect.levels)


def _joined(text: str, node: Node) -> list[Name]:
    if isinstance(node, Name):
        return [node]
    if isinstance(node, Binary) and node.op == "^":
        return [*_joined(text, node.left), *_joined(text, node.right)]
    raise ExpressionError("an effect is a column, or columns joined by '^'", text, node.position)


def _is(token: Token, op: str) -> bool:
    return token.kind == "op" and token.text == op
