"""Tests that compare two fits of one sample: Hausman's, Mundlak's form of it, and the likelihood ratio."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from econloom.core.errors import UsageError, listed
from econloom.core.estimate import CONSTANT, Test, Unavailable
from econloom.core.spec import VcovSpec
from econloom.panel.absorb import FloatArray, levelled
from econloom.panel.conventions import correction
from econloom.panel.design import Design
from econloom.panel.diagnostics.hausman import NULL, Indefinite, difference_test
from econloom.panel.diagnostics.wald import chi2, wald
from econloom.panel.inference.clustering import clustered_meat
from econloom.panel.linear.between import means_of
from econloom.panel.linear.iv import IVEstimate
from econloom.panel.linear.ols import least_squares
from econloom.panel.moments import cross_multiply, sweep

if TYPE_CHECKING:
    from econloom.panel.fitted import Fit
    from econloom.panel.transformed import PanelFit

Result = Test | Unavailable
Form = Literal["classic", "mundlak"]
Errors = Literal["own", "efficient", "consistent"]


def hausman(
    fe: Fit, re: PanelFit, form: Form = "classic", errors: Errors = "own", indefinite: Indefinite = "unavailable"
) -> Result:
    """Fixed against random effects: whether the unit effects are correlated with the regressors.

    Parameters
    ----------
    fe : Fit
        ``el.ols("y ~ x | unit", ...)``.
    re : PanelFit
        ``el.random_effects("y ~ x", ...)`` on the same rows.
    form : {"classic", "mundlak"}
        The difference of the slopes that both fits have, under iid errors; or a Wald test of the unit means in the
        random-effects regression, robust to heteroskedasticity and correlation within clusters.
    errors : {"own", "efficient", "consistent"}
        The error variance in the classic covariances: of each fit, as ``hausman fe re`` and ``phtest``; of ``re`` in
        both (``sigmamore``), or of ``fe`` in both (``sigmaless``).
    indefinite : {"unavailable", "generalised_inverse", "positive_part"}
        Of the classic form where the difference of the variances is not positive definite: no test; the Moore-Penrose
        inverse of the difference, as Stata and plm print it; or that of its positive part. Degrees of freedom are the
        rank of what is inverted.

    Returns
    -------
    Test or Unavailable
        Unavailable with the reason: an indefinite difference, a robust covariance in the classic form.

    Raises
    ------
    UsageError
        The fits are not fixed and random effects of the same units, outcome and rows, or share no slope.

    Notes
    -----
    Classic: ``d' (V_fe - V_re)^-1 d``, chi-squared with as many degrees of freedom as slopes compared (Hausman 1978).
    Mundlak: deviations from unit means are added to the quasi-demeaned regression, whose span is that with unit means;
    their coefficients are tested with the clusters of ``re``, or with units where ``re`` has iid errors (Mundlak 1978;
    Arellano 1993; Wooldridge 2010, 10.7.3; ``phtest(method = "aux")`` of plm). All regressors that vary within units
    take part; those whose means are collinear, such as dummies of years in a balanced panel, do not count.

    Examples
    --------
    >>> import polars as pl, econloom as el
    >>> frame = pl.DataFrame({"i": [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4], "x": [0.0, 1, 3, 2, 3, 5, 0, 4, 6, 1, 2, 7],
    ...                       "y": [1.0, 2, 5, 5, 6, 7, 0, 3, 6, 3, 5, 8]})
    >>> re = el.random_effects("y ~ x", frame, unit="i")
    >>> found = hausman(el.ols("y ~ x | i", frame), re)
    >>> found.df, round(found.statistic, 4)
    ((1,), 0.0039)
    """
    for name, value, allowed in (
        ("form", form, Form),
        ("errors", errors, Errors),
        ("indefinite", indefinite, Indefinite),
    ):
        if value not in get_args(allowed):
            raise UsageError(f"{name}: {' or '.join(map(repr, get_args(allowed)))}, not {value!r}")
    _refuse_other_fits(fe, re)
    _refuse_other_rows(fe, re)
    if form == "mundlak":
        return _mundlak(re)
    for fit in (fe, re):
        if fit.request.vcov.kind != "iid":
            return Unavailable(f"the classic form assumes iid errors, not {fit.request.vcov}: use form='mundlak'")
    names = [n for n in fe.estimate.names if n in re.estimate.names and n != CONSTANT]
    if not names:
        raise UsageError("the two fits have no slope in common")
    ratio = (_variance(re) / _variance(fe)) if errors != "own" else 1.0
    up, down = (ratio if errors == "efficient" else 1.0), (1 / ratio if errors == "consistent" else 1.0)
    (b1, V1), (b0, V0) = _slopes(fe, names), _slopes(re, names)
    if not (np.isfinite(V1).all() and np.isfinite(V0).all()):
        return Unavailable("a variance is undefined")
    return difference_test(b1 - b0, V1 * up, V0 * down, indefinite)


def _slopes(fit: Fit, names: list[str]) -> tuple[FloatArray, FloatArray]:
    at = [fit.estimate.names.index(n) for n in names]
    return fit.estimate.coefficients[at], fit.inference.vcov[np.ix_(at, at)]


def _variance(fit: Fit) -> float:
    """Error variance of a fit's iid covariance."""
    rule = correction(fit.request.ssc, VcovSpec("iid"), fit.counts)
    return rule.factor * fit.estimate.rss


def _refuse_other_fits(fe: Fit, re: PanelFit) -> None:
    """Refuse anything but fixed and random effects of the same units, in this order."""
    if getattr(re, "components", None) is None:
        raise UsageError("the second fit has no random effects", hint="hausman(fe, re)")
    effects = [e.columns for e in fe.request.model.effects if e.levels]
    if fe.request.model.slopes:
        raise UsageError(f"the first fit has varying slopes: {fe.request.model.text}")
    if (str(re.request.unit),) not in effects or isinstance(fe.estimate, IVEstimate):
        raise UsageError(f"the first fit has no fixed effects of {re.request.unit!r}: {fe.request.model.text}")
    if fe.request.weights is not None:
        raise UsageError("the first fit is weighted, the second is not")


def _refuse_other_rows(one: Fit, other: Fit) -> None:
    """Refuse fits of different outcomes or rows.

    Raises
    ------
    UsageError
    """
    outcomes = one.request.model.outcome, other.request.model.outcome
    if outcomes[0].key != outcomes[1].key:
        raise UsageError(f"the fits explain different outcomes: {outcomes[0].name} and {outcomes[1].name}")
    a, b = _outcome_by_row(one), _outcome_by_row(other)
    if len(a) != len(b):
        raise UsageError(f"the fits have different samples: {len(a)} and {len(b)} rows", hint="the same where= in both")
    if not np.array_equal(a, b):
        raise UsageError(f"the fits have different samples: other rows, though {len(a)} each")


def _outcome_by_row(fit: Fit) -> FloatArray:
    """Values of the outcome in the order of the panel's rows, as they were before any transformation."""
    design = _original(fit)
    column = design.block[:, design.positions([fit.request.model.outcome])[0]]
    return np.asarray(column[np.argsort(design.rows, kind="stable")])


def _original(fit: Fit) -> Design:
    drawn = getattr(fit, "drawn", None)
    return fit.design if drawn is None else drawn.design


def _mundlak(re: PanelFit) -> Result:
    """Wald test of deviations from unit means, beside the quasi-demeaned regressors."""
    design, drawn, found = re.design, re.drawn, re.components
    if found is None or not found.varying:
        return Unavailable("no regressor varies within units")
    label = {name: c for c, name in drawn.regressors}
    columns = [label[name] for name in found.varying]
    raw = drawn.design.block[:, columns]
    within = raw - means_of(raw, drawn.unit)[drawn.unit.codes]
    added = [f"within {name}" for name in found.varying]
    moments = cross_multiply(
        sweep(replace(design, keys=(*design.keys, *added), block=np.hstack([design.block, within])))
    )
    constant = [(design.keys.index(CONSTANT), CONSTANT)] if CONSTANT in design.keys else []
    regressors = [*constant, *drawn.regressors, *enumerate(added, len(design.keys))]
    fit = least_squares(moments, drawn.outcome, regressors, None)
    at = [n for n, name in enumerate(fit.names) if name in added]
    if not at:
        return Unavailable("the unit means of the regressors are collinear with the regressors")
    clusters = re.clusters or (drawn.unit,)
    names = tuple(c.name for c in clusters)
    counts = replace(re.counts, regressors=len(fit.names), clusters=min(c.levels for c in clusters))
    rule = correction(re.request.ssc, VcovSpec("cluster", names), counts)
    meat = clustered_meat(partial(fit.score_sums, moments.absorbed), clusters)
    V = rule.factor * (fit.transform @ meat @ fit.transform.T)
    return wald(fit.coefficients[at], V[np.ix_(at, at)], None, f"{NULL} (clusters {', '.join(names)})")


def likelihood_ratio(small: Fit, big: Fit) -> Result:
    """Whether restrictions hold: twice the difference of the log likelihoods of nested models.

    Parameters
    ----------
    small, big : Fit
        On the same rows; every term and effect of ``small`` is in ``big`` or explained by its effects.

    Returns
    -------
    Test or Unavailable
        Chi-squared with the difference in numbers of parameters, effects included by their rank. Unavailable where a
        fit has no likelihood: random effects by least squares, instruments, perfect fits.

    Raises
    ------
    UsageError
        Different outcomes, samples, weights or estimators; models that are not nested.

    Notes
    -----
    ``LR = 2 (loglik(big) - loglik(small))`` with normal errors for least squares, ``n log(rss_small / rss_big)``. The
    law is that of iid errors whatever the fits' covariance.

    Examples
    --------
    >>> import polars as pl, econloom as el
    >>> frame = pl.DataFrame({"x": [0.0, 1, 2, 3, 4, 5], "z": [1.0, 0, 2, 1, 0, 2], "y": [0.0, 1, 3, 2, 4, 6]})
    >>> found = likelihood_ratio(el.ols("y ~ x", frame), el.ols("y ~ x + z", frame))
    >>> found.df, round(found.statistic, 3)
    ((1,), 2.383)
    """
    _refuse_other_rows(small, big)
    _refuse_unlike(small, big)
    _refuse_not_nested(small, big)
    logs = [fit.glance_values.get("loglik") for fit in (small, big)]
    for value, fit in zip(logs, (small, big), strict=True):
        if value is None:
            return Unavailable(f"{fit.request.model.text}: {_without_likelihood(fit)}")
    df = _parameters(big) - _parameters(small)
    if df < 1:
        return Unavailable("there is nothing to test: no parameter lies between the models")
    statistic = 2 * (float(logs[1] or 0.0) - float(logs[0] or 0.0))
    return chi2(max(statistic, 0.0), df, f"the {df} restrictions of {small.request.model.text} hold")


def _parameters(fit: Fit) -> int:
    return fit.counts.regressors + fit.counts.absorbed_rank


def _without_likelihood(fit: Fit) -> str:
    if isinstance(fit.estimate, IVEstimate):
        return "an equation with instruments has no likelihood"
    if getattr(fit, "components", None) is not None:
        return "random effects by generalised least squares have no likelihood"
    return "no likelihood: the model fits perfectly"


def _refuse_unlike(small: Fit, big: Fit) -> None:
    """Refuse fits whose likelihoods are of different kinds."""
    kinds = [(type(f), *(f.summary.extra.get(k) for k in ("method", "family", "estimator"))) for f in (small, big)]
    if kinds[0] != kinds[1]:
        raise UsageError("the fits come from different estimators: their likelihoods cannot be compared")
    if small.request.weights != big.request.weights:
        raise UsageError("the fits have different weights")


def _refuse_not_nested(small: Fit, big: Fit) -> None:
    """Refuse a smaller model with terms or effects that the bigger one lacks."""
    known = {*big.estimate.names, *(n for n, _ in big.estimate.removed)}
    if any(e.levels for e in big.request.model.effects) or CONSTANT in big.estimate.names:
        known.add(CONSTANT)
    alone = [n for n in small.estimate.names if n not in known]
    effects = levelled(big.design.effects, big.design.slopes)
    sorted_rows = [np.argsort(f.design.rows, kind="stable") for f in (small, big)]
    for effect in levelled(small.design.effects, small.design.slopes):
        groups = effect.permuted(sorted_rows[0])
        if not any(e.permuted(sorted_rows[1]).nested_in(groups) for e in effects):
            alone.append(f"effects {effect.name}")
    known_slopes = {(e.columns, t.key) for e in big.request.model.effects for t in e.slopes}
    own = ((e, t) for e in small.request.model.effects for t in e.slopes)
    alone += [f"slopes {e.name}" for e, t in own if (e.columns, t.key) not in known_slopes]
    if alone:
        raise UsageError(f"the first model is not nested in the second, which lacks {listed(alone)}")
