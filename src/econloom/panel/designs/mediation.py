"""Stepwise mediation on one sample. ``el.mediation`` is this module.

With C the controls and effects::

    y = c x + C + e_1        m_j = a_j x + C + e_2        y = c' x + b_j m_j + C + e_3

and of several mediators together ``y = c' x + b_1 m_1 + ... + C``. Least squares on one sample gives
``c = c' + sum_j a_j b_j`` to rounding, which is checked. The indirect effect ``ab`` has Sobel's standard error and
bootstrap intervals; that it is causal needs sequential ignorability, to whose failure :meth:`Mediation.sensitivity`
shows how ab reacts (Imai, Keele and Yamamoto 2010).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl
from scipy import special

from econloom.core.errors import EconloomError, EstimationError, UsageError
from econloom.core.estimate import Unavailable
from econloom.core.frame import Panel
from econloom.core.spec import SscName, VcovSpec, iid
from econloom.data.expressions import Scope
from econloom.data.sources import as_panel
from econloom.panel.columns import Columns
from econloom.panel.design import Request, draw_sample
from econloom.panel.designs.effects import Effect, Mediation, coefficient, error_law
from econloom.panel.designs.indirect import Drawn, bias_corrected, draw_paths, percentile
from econloom.panel.designs.joint import Joint, equations
from econloom.panel.fit import fit_many, request
from econloom.panel.fitted import Fit
from econloom.panel.formula.spec import quoted

__all__ = ["Effect", "Mediation", "steps"]

GAP = 1e-10
"""Largest relative gap between c and c' + ab on one sample."""
ALL = "(all)"


def steps(
    y: str,
    x: str,
    m: str | Sequence[str],
    data: Any,
    rest: str = "",
    vcov: VcovSpec | None = None,
    weights: str | None = None,
    where: Any = None,
    unit: str | None = None,
    time: str | None = None,
    ssc: SscName = "fixest",
    rows: Literal["common", "each"] = "common",
    draws: int = 1_000,
    seed: int = 1,
    lead_y: int = 0,
    scope: Scope | None = None,
) -> Mediation:
    """Stepwise mediation with the indirect effect, its tests and its interval.

    Parameters
    ----------
    y, x : str
        Outcome and treatment: columns, or terms of a formula.
    m : str or sequence of str
        One mediator or several.
    data : Panel, polars, pandas, pyarrow or path
    rest : str
        Controls and effects: ``"c1 + c2 | city + year"``.
    vcov, weights, where, unit, time, ssc
        As for :func:`econloom.ols`.
    rows : {"common", "each"}
        One sample for all steps, or each its own (then c differs from c' + ab, and there is no bootstrap).
    draws, seed : int
        Of the pairs bootstrap by cluster; ``draws=0`` for none. Without a cluster covariance rows are drawn, where
        the model has no effects.
    lead_y : int
        The outcome this many periods later.
    scope : Scope, optional
        Lists and samples of ``where``.

    Returns
    -------
    Mediation

    Raises
    ------
    UsageError
        A mediator that is the treatment or the outcome, or that comes twice; an unknown column.
    EstimationError
        A mediator collinear with the treatment and the controls, or absorbed by the effects; a treatment that the
        effects absorb; an empty sample.

    Notes
    -----
    Sobel (1982); bias-corrected intervals as in MacKinnon, Lockwood and Williams (2004); the product ``ab`` is skewed,
    so that the bootstrap is to be preferred to Sobel's test.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"x": [0.0, 1, 2, 3, 4, 5], "m": [0.1, 0.8, 2.3, 2.9, 4.2, 4.9],
    ...                       "y": [0.0, 2.1, 4.2, 6.3, 8.1, 10.2]})
    >>> found = steps("y", "x", "m", frame, draws=0)
    >>> e = found.effects[0]
    >>> abs(e.total - e.direct - e.indirect) < 1e-12
    True
    """
    names = [m] if isinstance(m, str) else list(m)
    _refuse_names(y, x, names, rows, draws)
    panel = as_panel(data, unit, time)
    texts = _Texts.of(panel, y, x, names, rest, lead_y)
    options = {"vcov": vcov or iid(), "weights": weights, "unit": unit, "ssc": ssc, "scope": scope}
    if rows == "common":
        where = _common(request(texts.outcome(names), panel, where=where, **options))
    asked = [request(text, panel, where=where, **options) for text in texts.all(names)]
    fits = _fitted(asked, ["total effect", *(f"mediator {n!r}" for n in names)])
    J = len(names)
    total, mediators, outcomes = fits[0], tuple(fits[1 : 1 + J]), tuple(fits[1 + J : 1 + 2 * J])
    joint = fits[-1] if J > 1 else None
    treatment = total.request.model.terms[0].name
    terms = tuple(f.request.model.terms[-1].name for f in outcomes)
    _refuse_unidentified(total, outcomes, joint, treatment, terms)
    drawn = _drawn(joint or outcomes[0], treatment, terms, rows, draws, seed) if draws else None
    made = Mediation(total, mediators, outcomes, joint, (), rows, drawn, terms, treatment)
    return replace(made, effects=_effects(made))


@dataclass(frozen=True)
class _Texts:
    """Formulas of the steps."""

    y: str
    x: str
    mediators: dict[str, str]
    controls: str
    effects: str

    @classmethod
    def of(cls, panel: Panel, y: str, x: str, names: Sequence[str], rest: str, lead: int) -> _Texts:
        def term(text: str) -> str:
            return quoted(text) if text in panel.columns else text

        controls, bar, effects = rest.partition("|")
        outcome = f"f({term(y)}, {lead})" if lead else term(y)
        kept = f" + {controls.strip()}" if controls.strip() else ""
        return cls(outcome, term(x), {n: term(n) for n in names}, kept, f" |{effects}" if bar else "")

    def outcome(self, names: Sequence[str]) -> str:
        """y on x, controls and some mediators, the mediators last so that they are the ones found collinear."""
        extra = "".join(f" + {self.mediators[n]}" for n in names)
        return f"{self.y} ~ {self.x}{self.controls}{extra}{self.effects}"

    def all(self, names: Sequence[str]) -> list[str]:
        """Total effect, mediators, outcomes by single mediators, and all together where there are several."""
        return [
            self.outcome(()),
            *(f"{self.mediators[n]} ~ {self.x}{self.controls}{self.effects}" for n in names),
            *(self.outcome([n]) for n in names),
            *([self.outcome(names)] if len(names) > 1 else []),
        ]


def _refuse_names(y: str, x: str, names: Sequence[str], rows: str, draws: int) -> None:
    if rows not in {"common", "each"}:
        raise UsageError(f"rows: 'common' or 'each', not {rows!r}")
    if not names:
        raise UsageError("mediation needs a mediator", hint="m='profit', or several")
    if draws and draws < 99:
        raise UsageError(f"{draws} draws are too few for an interval", hint="draws=1000, or 0 for none")
    for name in names:
        if name in (x, y):
            raise UsageError(f"the mediator {name!r} is the {'treatment' if name == x else 'outcome'} itself")
        if list(names).count(name) > 1:
            raise UsageError(f"the mediator {name!r} is named twice")
    if x == y:
        raise UsageError(f"treatment and outcome are both {x!r}")


def _common(asked: Request) -> pl.Series:
    """The rows that every step can use, as a mask."""
    columns = Columns(asked.panel, asked.where, asked.scope)
    mask = np.zeros(asked.panel.height, dtype=bool)
    mask[draw_sample(columns, asked).rows] = True
    return pl.Series("the rows common to all steps", mask)


def _fitted(asked: Sequence[Request], what: Sequence[str]) -> list[Fit]:
    """All fits at once; where one fails, the step that it belongs to is found and named."""
    try:
        return fit_many(asked)
    except EconloomError:
        for number, one in enumerate(asked):
            try:
                fit_many([one])
            except EconloomError as error:
                name = what[number] if number < len(what) else "outcome"
                raise error.within(name) from error
        raise


def _refuse_unidentified(
    total: Fit, outcomes: Sequence[Fit], joint: Fit | None, treatment: str, terms: Sequence[str]
) -> None:
    """A treatment or a mediator without a coefficient."""
    for fit in (total, *outcomes):
        if treatment not in fit.estimate.names:
            why = dict(fit.estimate.removed).get(treatment, "collinear")
            raise EstimationError(f"the treatment {treatment!r} has no coefficient: {why}")
    for fit, term in zip(outcomes, terms, strict=True):
        if term not in fit.estimate.names:
            why = dict(fit.estimate.removed).get(term, "collinear")
            raise EstimationError(
                f"the mediator {term!r} has no path b: {why}; given the treatment, the controls and the effects "
                "nothing of it is left",
                hint="a mediator must vary where the treatment does not",
            )
    for term in terms if joint is not None else ():
        if joint is not None and term not in joint.estimate.names:
            why = dict(joint.estimate.removed).get(term, "collinear")
            raise EstimationError(f"the mediator {term!r} has no path b beside the others: {why}")


def _drawn(fit: Fit, treatment: str, terms: Sequence[str], rows: str, draws: int, seed: int) -> Drawn | Unavailable:
    if rows != "common":
        return Unavailable("the steps have samples of their own: rows='common' for a bootstrap")
    return draw_paths(fit, treatment, terms, draws, seed)


def _effects(made: Mediation) -> tuple[Effect, ...]:
    single = [_effect(made, j, "single") for j in range(len(made.names))]
    if made.joint is None:
        return tuple(single)
    together = [_effect(made, j, "joint") for j in range(len(made.names))]
    return (*single, *together, _summed(made, together))


def _effect(made: Mediation, j: int, model: Literal["single", "joint"]) -> Effect:
    first, term = made.mediators[j], made.names[j]
    second = made.outcomes[j] if model == "single" or made.joint is None else made.joint
    (a, sa), (b, sb) = coefficient(first, made.treatment), coefficient(second, term)
    c, direct = coefficient(made.total, made.treatment)[0], coefficient(second, made.treatment)[0]
    spread = math.sqrt(a**2 * sb**2 + b**2 * sa**2)
    interval = _interval(made.drawn, model, j, a * b)
    rho = error_law(made.total, first, made.treatment)[3] if model == "single" and made.rows == "common" else math.nan
    gap = _gap(c, direct, a * b) if model == "single" else math.nan
    if model == "single" and made.rows == "common":
        _refuse_gap(gap, term)
    return Effect(
        term, model, a, b, c, direct, a * b, spread, *_z(a * b, spread), *interval, _share(a * b, c), gap, rho
    )


def _summed(made: Mediation, together: Sequence[Effect]) -> Effect:
    """All mediators of the joint model: the sum of their paths."""
    assert made.joint is not None
    indirect = sum(e.indirect for e in together)
    c, direct = together[0].total, together[0].direct
    law = equations([*made.mediators, made.joint])
    spread = math.nan
    if isinstance(law, Joint):
        gradient = np.zeros(len(law.coefficients))
        for j, e in enumerate(together):
            gradient[law.at(j, made.treatment)] = e.b
            gradient[law.at(len(together), made.names[j])] = e.a
        spread = math.sqrt(max(float(gradient @ law.vcov @ gradient), 0.0))
    interval = _interval(made.drawn, "joint", len(together), indirect)
    gap = _gap(c, direct, indirect)
    if made.rows == "common":
        _refuse_gap(gap, ALL)
    return Effect(ALL, "joint", math.nan, math.nan, c, direct, indirect, spread, *_z(indirect, spread), *interval,
                  _share(indirect, c), gap, math.nan)  # fmt: skip


def _z(value: float, spread: float) -> tuple[float, float]:
    if not spread > 0:
        return math.nan, math.nan
    return value / spread, 2 * float(special.ndtr(-abs(value / spread)))


def _share(indirect: float, total: float) -> float:
    return indirect / total if indirect * total > 0 else math.nan


def _gap(total: float, direct: float, indirect: float) -> float:
    return abs(total - direct - indirect) / max(abs(total), abs(direct), abs(indirect), 1e-300)


def _refuse_gap(gap: float, mediator: str) -> None:
    if gap > GAP:
        raise EstimationError(
            f"{mediator}: c and c' + ab differ by {gap:.2g} of their size: the columns are too nearly collinear",
            hint="rescale or centre the variables",
        )


def _interval(
    drawn: Drawn | Unavailable | None, model: str, j: int, value: float
) -> tuple[float, float, float, float, float]:
    """Percentile and bias-corrected bounds, and the spread of the draws."""
    if not isinstance(drawn, Drawn):
        return math.nan, math.nan, math.nan, math.nan, math.nan
    draws = drawn.single[:, j] if model == "single" else drawn.joint[:, j]
    return (*percentile(draws), *bias_corrected(draws, value), float(draws.std(ddof=1)))
