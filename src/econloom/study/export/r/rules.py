"""How R estimates a statement: the natural package, and base R where that is not installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from econloom.study.export.r.blocks import Block, names, quoted
from econloom.study.export.r.dynamic import dynamic
from econloom.study.export.r.errors import variance_of
from econloom.study.export.statement import Statement
from econloom.study.export.tables import MANY

Name = str
_CONTROL = "list(epsilon = 1e-14, maxit = 100)"
_COX = "survival::coxph.control(eps = 1e-12, iter.max = 100)"
_SURVREG = "survival::survreg.control(maxiter = 200, rel.tolerance = 1e-13)"
MOST_DUMMIES = 400
"""Levels of effects that lm() can take where leverages are needed."""


def block_of(statement: Statement) -> Block:
    """How R estimates a statement."""
    made = METHODS[statement.method](statement)
    if made.compared == "none" or made.variance:
        return made
    expression, why = variance_of(statement)
    return replace(made, variance=expression, compared="estimate" if why else made.compared, why=why or made.why)


def right_side(statement: Statement, dummies: bool = False) -> str:
    """The regressors of a formula."""
    terms = [v.column for v in statement.regressors]
    if dummies:
        terms += [f"factor({e.group})" for e in statement.effects]
    if not terms:
        return "1" if statement.intercept or statement.effects else "0"
    return " + ".join(terms if statement.intercept or statement.effects else ["0", *terms])


def _absorbed(statement: Statement) -> str:
    parts = []
    for e in statement.effects:
        slopes = ", ".join(v.column for v in e.slopes)
        parts.append(e.group + (f"[{slopes}]" if slopes and e.own else f"[[{slopes}]]" if slopes else ""))
    return " + ".join(parts)


def _ols(s: Statement) -> Block:
    weights = f", weights = ~{s.weights}" if s.weights else ""
    if not s.effects:
        own = f", weights = {s.weights}" if s.weights else ""
        return Block(base=f"lm({s.outcome.column} ~ {right_side(s)}, d{own})")
    natural = f"fixest::feols({s.outcome.column} ~ {right_side(s)} | {_absorbed(s)}, d{weights}, notes = FALSE)"
    return Block(natural, "fixest", *_base_linear(s))


def _base_linear(s: Statement) -> tuple[str, tuple[str, ...]]:
    """Least squares or two-stage least squares with effects, in base R and AER."""
    needs = ("AER",) if s.endogenous else ()
    more = f", endogenous = {names(s.endogenous)}, instruments = {names(s.instruments)}" if s.endogenous else ""
    y, x = quoted(s.outcome.column), names(s.regressors)
    levels = sum(e.levels for e in s.effects)
    if s.sloped:
        return (_sloped(s), ()) if levels <= MANY and not s.endogenous and not s.weights else ("", ())
    others = [e for n, e in enumerate(s.effects) if n != s.unit_effect]
    if s.constant == "xtreg" and s.unit_effect is not None and not s.weights and sum(e.levels for e in others) <= MANY:
        dummies = f", dummies = c({', '.join(quoted(e.group) for e in others)})" if others else ""
        unit = quoted(s.effects[s.unit_effect].group)
        return f"xtreg_lm({y}, {x}, d, unit = {unit}{dummies}{more})", needs
    if not s.endogenous and levels <= (MOST_DUMMIES if s.errors.kind in {"hc2", "hc3", "cr2", "cr3"} else MANY):
        own = f", weights = {s.weights}" if s.weights else ""
        return f"lm({s.outcome.column} ~ {right_side(s, dummies=True)}, d{own})", ()
    absorb = f"c({', '.join(quoted(e.group) for e in s.effects)})"
    weights = f", weights = {quoted(s.weights)}" if s.weights else ""
    return f"within_lm({y}, {x}, d, absorb = {absorb}{weights}{more})", needs


def _sloped(s: Statement) -> str:
    parts = [f"factor({e.group})" for e in s.effects if e.own]
    parts += [f"factor({e.group}):{v.column}" for e in s.effects for v in e.slopes]
    return f"lm({s.outcome.column} ~ {' + '.join([v.column for v in s.regressors] + parts)}, d)"


def _iv(s: Statement) -> Block:
    ends = " + ".join(v.column for v in s.endogenous)
    tools = " + ".join(v.column for v in s.instruments)
    if s.effects:
        weights = f", weights = ~{s.weights}" if s.weights else ""
        natural = (
            f"fixest::feols({s.outcome.column} ~ {right_side(s)} | {_absorbed(s)} | {ends} ~ {tools}, d{weights}, "
            "notes = FALSE)"
        )
        return Block(natural, "fixest", *_base_linear(s))
    own = [v.column for v in s.regressors]
    left = "0 + " if not s.intercept else ""
    text = f"{left}{' + '.join([v.column for v in s.endogenous] + own)} | {left}{' + '.join([*own, tools])}"
    weights = f", weights = d[[{quoted(s.weights)}]]" if s.weights else ""
    return Block(base=f"AER::ivreg({s.outcome.column} ~ {text}, data = d{weights})", needs=("AER",))


def _no_package(why: str) -> Callable[[Statement], Block]:
    return lambda s: Block(compared="none", why=why)


def _random_effects(s: Statement) -> Block:
    harmonic = s.options.get("components", "harmonic") == "harmonic" and not s.balanced
    harmonic |= s.balanced and s.errors.clusters not in {(), (str(s.unit),)}
    x = [v.column for v in s.regressors]
    if harmonic:
        call = f"xtreg_re({quoted(s.outcome.column)}, {names(s.regressors)}, d, unit = {quoted(str(s.unit))})"
        return Block(base=call)
    index = f"c({quoted(str(s.unit))}, {quoted(str(s.time))})" if s.time else quoted(str(s.unit))
    call = f'plm::plm({s.outcome.column} ~ {" + ".join(x) or "1"}, d, model = "random", index = {index})'
    return Block(base=call, needs=("plm",))


def _between(s: Statement) -> Block:
    weighted = ", weighted = TRUE" if s.options.get("wls") else ""
    call = f"between_lm({quoted(s.outcome.column)}, {names(s.regressors)}, d, unit = {quoted(str(s.unit))}{weighted})"
    return Block(base=call)


def _first_difference(s: Statement) -> Block:
    columns = names((s.outcome, *s.regressors))
    rows = f"difference_rows({columns}, d, {quoted(str(s.unit))}, {quoted(str(s.time))})"
    return Block(base=f"lm({s.outcome.column} ~ {right_side(s)}, {rows})")


def _poisson(s: Statement) -> Block:
    weights = f", weights = ~{s.weights}" if s.weights else ""
    if not s.effects:
        own = f", weights = {s.weights}" if s.weights else ""
        call = (
            f"glm({s.outcome.column} ~ {right_side(s)}, poisson, d{own}, control = list(epsilon = 1e-14, maxit = 100))"
        )
        return Block(base=call)
    natural = (
        f"fixest::fepois({s.outcome.column} ~ {right_side(s)} | {_absorbed(s)}, d{weights}, notes = FALSE, "
        'fixef.rm = "none", glm.tol = 1e-12)'
    )
    absorb = f"c({', '.join(quoted(e.group) for e in s.effects)})"
    own = f", weights = {quoted(s.weights)}" if s.weights else ""
    base = f"within_poisson({quoted(s.outcome.column)}, {names(s.regressors)}, d, absorb = {absorb}{own})"
    return Block(natural, "fixest", base, (), b_tolerance=1e-7)


def _logit(s: Statement) -> Block:
    weights = f", weights = {s.weights}" if s.weights else ""
    levels = sum(e.levels for e in s.effects)
    if levels > MANY:
        natural = f"fixest::feglm({s.outcome.column} ~ {right_side(s)} | {_absorbed(s)}, d, family = binomial())"
        return Block(natural, "fixest", b_tolerance=1e-6, se_tolerance=1e-5)
    call = f"glm({s.outcome.column} ~ {right_side(s, True)}, binomial, d{weights}, control = {_CONTROL})"
    return Block(base=call, b_tolerance=1e-7)


def _conditional(s: Statement) -> Block:
    group = s.effects[0].group
    text = " + ".join([*(v.column for v in s.regressors), f"strata({group})"])
    call = f'{{library(survival); clogit({s.outcome.column} ~ {text}, d, method = "exact", control = {_COX})}}'
    if s.errors.kind != "iid":
        return Block(base=call, needs=("survival",), variance="vcov(m)", compared="estimate",
                     why="clogit() of survival has no errors that sum over groups", b_tolerance=1e-7)  # fmt: skip
    factor = s.errors.factor or 1.0
    return Block(base=call, needs=("survival",), variance=f"{factor!r} * vcov(m)", b_tolerance=1e-7)


def _tobit(s: Statement) -> Block:
    lower, upper = s.options.get("lower", 0), s.options.get("upper")
    ends = f"left = {_limit(lower, '-Inf')}, right = {_limit(upper, 'Inf')}"
    call = f"AER::tobit({s.outcome.column} ~ {right_side(s)}, {ends}, data = d, control = {_SURVREG})"
    if s.errors.kind == "iid":
        return Block(base=call, needs=("AER",), variance="vcov(m)", b_tolerance=1e-6, se_tolerance=1e-5)
    return Block(base=call, needs=("AER",), b_tolerance=1e-6, se_tolerance=1e-5)


def _limit(value: object, none: str) -> str:
    return none if value is None else str(value)


def _fractional(s: Statement) -> Block:
    link = s.options.get("link", "logit")
    call = (
        f'glm({s.outcome.column} ~ {right_side(s)}, quasibinomial("{link}"), d, '
        "control = list(epsilon = 1e-14, maxit = 100))"
    )
    return Block(base=call, b_tolerance=1e-7)


METHODS: Mapping[str, Callable[[Statement], Block]] = {
    "ols": _ols,
    "iv": _iv,
    "liml": _no_package("limited-information maximum likelihood with effects: no R package of this script has it"),
    "gmm": _no_package("two-step GMM weighted by clusters: no R package of this script has it"),
    "random_effects": _random_effects,
    "between": _between,
    "first_difference": _first_difference,
    "poisson": _poisson,
    "logit": _logit,
    "conditional_logit": _conditional,
    "tobit": _tobit,
    "tobit_re": _no_package("Tobit with random effects: censReg has it, with another quadrature and optimum"),
    "fractional": _fractional,
    "dynamic": dynamic,
}
