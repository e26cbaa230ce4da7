"""A formula's text to models: parts between bars, outcomes, stepwise alternatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from econloom.core.errors import ExpressionError, UsageError, listed, plural
from econloom.core.expressions import Node, Token, parse_tokens, tokenize
from econloom.panel.formula.slopes import cut_slopes, effect_terms
from econloom.panel.formula.spec import EffectTerm, ModelSpec, Piece, Term, quoted
from econloom.panel.formula.terms import TermReader, Terms, alternatives

MOST_MODELS = 1_000
"""Models that one formula may stand for."""


def parse_formula(text: str) -> ModelSpec:
    """Read a formula of one model.

    Parameters
    ----------
    text : str
        ``"y ~ x + c | fe1 + fe2^fe3 | endo ~ z1 + z2"``. Terms are expressions (``log(x)``, ``l(x, 1)``,
        ``I(x^2)``), ``a:b`` is a product, ``a*b`` is ``a + b + a:b``, ``l(x, 1:2)`` is two terms, ``i(a, ref=)`` and
        ``i(a, b)`` are dummies of a factor; ``0`` or ``-1`` leaves the intercept out. Among the effects ``fe[x]`` has
        slopes of x in each group beside its effect, ``fe[[x]]`` slopes only.

    Returns
    -------
    ModelSpec

    Raises
    ------
    ExpressionError
        The formula cannot be read; a caret stands under the place.
    UsageError
        The formula has several models, fewer instruments than endogenous variables, or a construct that is not
        built (``poly()``), by name.

    Examples
    --------
    >>> spec = parse_formula("y ~ log(x) + a:b | code + year")
    >>> [t.name for t in spec.terms], [e.name for e in spec.effects]
    (['log(x)', 'a:b'], ['code', 'year'])
    >>> spec = parse_formula("y ~ x | code | price ~ rain + cost")
    >>> [t.name for t in spec.endogenous], [t.name for t in spec.instruments]
    (['price'], ['rain', 'cost'])
    """
    found = parse_formulas(text)
    if len(found) > 1:
        raise UsageError(f"one model is needed; this formula has {len(found)}: {text}", hint="el.ols, el.iv take all")
    return found[0]


def parse_formulas(text: str) -> tuple[ModelSpec, ...]:
    """Read a formula of one or several models.

    ``sw(a, b)`` takes one at a time, ``csw(a, b)`` cumulates, ``sw0`` and ``csw0`` begin with none, ``mvsw(a, b)``
    takes every subset; ``c(y1, y2)`` before ``~`` names several outcomes. Effects vary slowest, then outcomes, then
    regressors.

    Raises
    ------
    ExpressionError, UsageError
        As :func:`parse_formula`.

    Examples
    --------
    >>> [m.text for m in parse_formulas("y ~ x + csw0(a, b) | code")]
    ['y ~ x | code', 'y ~ x + a | code', 'y ~ x + a + b | code']
    """
    if not isinstance(text, str):
        raise UsageError(f"a formula is text, not {text!r:.60}", hint="'y ~ x | unit + year'")
    tokens = tokenize(text)
    left, right = _sides(text, tokens)
    parts = _split(right, "|")
    reader = TermReader(text, tokens)
    outcomes = _outcomes(reader, left)
    endogenous, instruments = _instrumented(reader, parts)
    sums = alternatives(text, _tree(text, parts[0], "the regressors"))
    effects = _effect_sets(reader, parts[1]) if len(parts) > 1 else [()]
    count = len(effects) * len(outcomes) * len(sums)
    if count > MOST_MODELS:
        raise UsageError(f"the formula stands for {count:,} models; at most {MOST_MODELS:,} are fitted at once")
    models = [
        _without_outcome(ModelSpec(text, y, *_exogenous(reader, pieces, endogenous), e, endogenous, instruments))
        for e in effects
        for y in outcomes
        for pieces in sums
    ]
    return tuple(models) if count == 1 else tuple(retyped(m) for m in models)


def _exogenous(reader: TermReader, pieces: Sequence[tuple[int, Node]], endogenous: Terms) -> tuple[Terms, bool]:
    intercept, terms = reader.right_side(pieces)
    for term in terms:
        if term.key in {t.key for t in endogenous}:
            place = term.factors[0].position
            raise ExpressionError(f"{term.name} is exogenous here and endogenous after the bar", reader.text, place)
    return terms, intercept


def _without_outcome(model: ModelSpec) -> ModelSpec:
    """Refuse a model that explains its outcome by itself."""
    for term in model.columns[1:]:
        if term.key == model.outcome.key:
            problem = f"the outcome {term.name} is on both sides"
            raise ExpressionError(problem, model.text, term.factors[0].position, "lags are written l(y, 1)")
    return model


def retyped(model: ModelSpec) -> ModelSpec:
    """The model with a text of its own, made from its parts, in which they have their places."""
    names = [_typed(t) for t in model.terms] or ["1"]
    if not model.intercept:
        names = ["0", *(n for n in names if n != "1")]
    parts = [f"{_typed(model.outcome)} ~ {' + '.join(names)}"]
    if model.effects:
        parts.append(" + ".join(e.text for e in model.effects))
    if model.endogenous:
        sides = (" + ".join(map(_typed, side)) for side in (model.endogenous, model.instruments))
        parts.append(" ~ ".join(sides))
    text = " | ".join(parts)
    terms = _placed(model.terms, text, len(parts[0]) - len(" + ".join(names)))
    endogenous = _placed(model.endogenous, text, len(text) - len(parts[-1]))
    tilde = text.rfind(" ~ ")
    return replace(
        model, text=text, outcome=_placed([model.outcome], text, 0)[0], terms=terms, endogenous=endogenous,
        instruments=_placed(model.instruments, text, tilde),
        effects=_placed_effects(model.effects, text, len(parts[0])),
    )  # fmt: skip


def _typed(term: Term) -> str:
    return ":".join(map(_typed_piece, term.factors))


def _typed_piece(factor: Piece) -> str:
    return quoted(factor.name) if getattr(factor, "column", None) == factor.name else factor.name


def _placed(terms: Sequence[Term], text: str, at: int) -> Terms:
    """Terms with the places at which a text has them, one after the other from ``at`` on."""
    found = []
    for term in terms:
        factors = []
        for factor in term.factors:
            typed = _typed_piece(factor)
            at = max(text.find(typed, at), 0)
            inside = 0 if typed == factor.text else max(typed.find(factor.text, typed.find("(") + 1), 0)
            factors.append(replace(factor, position=at + inside))
            at += len(typed)
        found.append(replace(term, factors=tuple(factors)))
    return tuple(found)


def _placed_effects(effects: Sequence[EffectTerm], text: str, at: int) -> tuple[EffectTerm, ...]:
    """Effects whose slope variables have the places at which a text has them."""
    found = []
    for effect in effects:
        at = text.find(effect.text, at)
        found.append(replace(effect, slopes=_placed(effect.slopes, text, at + effect.text.find("["))))
    return tuple(found)


def _outcomes(reader: TermReader, tokens: Sequence[Token]) -> list[Term]:
    """One outcome, or those of ``c(y1, y2)``."""
    if [t.text for t in tokens[:2]] == ["c", "("] and tokens[0].kind == "name":
        inner = [*tokens[2:-2], _end(tokens[-2])]
        if not _is(tokens[-2], ")") or any(d < 0 for d in _depths(inner)):
            raise ExpressionError("c( ) of several outcomes stands alone before '~'", reader.text, tokens[0].position)
        runs = _split(inner, ",", top=True)
    else:
        runs = [list(tokens)]
    return [reader.outcome(run, _tree(reader.text, run, "the outcome")) for run in runs]


def _instrumented(reader: TermReader, parts: list[list[Token]]) -> tuple[Terms, Terms]:
    """Take the part ``endogenous ~ instruments`` off the end, if there is one."""
    text = reader.text
    with_tilde = [n for n, part in enumerate(parts) if n and any(_is(t, "~") for t in part)]
    if len(parts) > 3 or (len(parts) == 3 and with_tilde != [2]):
        problem = "a third part must be instruments" if len(parts) == 3 else "a formula has at most two '|'"
        place = parts[2 if len(parts) == 3 else 3][0].position
        raise ExpressionError(problem, text, place, "outcome ~ regressors | effects | endogenous ~ instruments")
    if not with_tilde:
        return (), ()
    part = parts.pop()
    sides = _split(part, "~")
    if len(sides) > 2:
        raise ExpressionError("a second '~' in one part", text, sides[2][0].position)
    endogenous = reader.listed(_tree(text, sides[0], "the endogenous variables"), "endogenous variables")
    instruments = reader.listed(_tree(text, sides[1], "the instruments"), "instruments")
    for term in instruments:
        if term.key in {t.key for t in endogenous}:
            raise ExpressionError(f"{term.name} is its own instrument", text, term.factors[0].position)
    if len(instruments) < len(endogenous):
        raise ExpressionError(
            f"{plural(len(endogenous), 'endogenous variable')} ({listed(t.name for t in endogenous)}) but only "
            f"{plural(len(instruments), 'instrument')} ({listed(t.name for t in instruments)})",
            text, sides[1][0].position, "each endogenous variable needs an instrument of its own",
        )  # fmt: skip
    return endogenous, instruments


def _effect_sets(reader: TermReader, tokens: Sequence[Token]) -> list[tuple[EffectTerm, ...]]:
    rest, slopes = cut_slopes(reader, tokens)
    node = _tree(reader.text, rest, "the list of effects")
    return [effect_terms(reader.text, pieces, slopes) for pieces in alternatives(reader.text, node)]


def _sides(text: str, tokens: Sequence[Token]) -> tuple[list[Token], list[Token]]:
    bar = next((n for n, t in enumerate(tokens) if _is(t, "|")), len(tokens))
    tildes = [n for n, t in enumerate(tokens[:bar]) if _is(t, "~")]
    if not tildes:
        raise ExpressionError("a model formula needs '~'", text, tokens[-1].position, "outcome ~ regressors | effects")
    if len(tildes) > 1:
        raise ExpressionError("a second '~' before the first '|'", text, tokens[tildes[1]].position)
    at = tildes[0]
    return [*tokens[:at], _end(tokens[at])], list(tokens[at + 1 :])


def _split(tokens: Sequence[Token], op: str, top: bool = False) -> list[list[Token]]:
    """Runs of tokens between ``op`` (outside brackets, if ``top``), each closed by an end token at its place."""
    runs: list[list[Token]] = [[]]
    for token, depth in zip(tokens, _depths(tokens), strict=True):
        if _is(token, op) and not (top and depth):
            runs[-1].append(_end(token))
            runs.append([])
        else:
            runs[-1].append(token)
    return runs


def _depths(tokens: Sequence[Token]) -> list[int]:
    depths, depth = [], 0
    for token in tokens:
        depth += token.kind == "op" and token.text == "("
        depth -= token.kind == "op" and token.text == ")"
        depths.append(depth)
    return depths


def _is(token: Token, op: str) -> bool:
    return token.kind == "op" and token.text == op


def _end(token: Token) -> Token:
    return Token("end", "", token.position)


def _tree(text: str, tokens: Sequence[Token], what: str) -> Node:
    if tokens[0].kind == "end":
        raise ExpressionError(f"{what}: nothing is there", text, tokens[0].position)
    return parse_tokens(text, tokens)
