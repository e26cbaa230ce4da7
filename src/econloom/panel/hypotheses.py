"""Tests of a fitted model: joint hypotheses, instruments, endogeneity, effects. ``el.tests`` is this module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from econloom.core.errors import EstimationError, UsageError, did_you_mean
from econloom.core.estimate import Test, Unavailable
from econloom.panel.absorb import FloatArray
from econloom.panel.comparisons import hausman as hausman
from econloom.panel.comparisons import likelihood_ratio as likelihood_ratio
from econloom.panel.conventions import correction
from econloom.panel.diagnostics import instruments as iv
from econloom.panel.diagnostics import specification
from econloom.panel.diagnostics.wald import chi2
from econloom.panel.diagnostics.wald import wald as wald_test
from econloom.panel.inference.sandwich import infer
from econloom.panel.instrumented import anderson_rubin, effective_f, first_stage_arrays, instrumented, small_sample
from econloom.panel.instrumented import anderson_rubin_set as anderson_rubin_set
from econloom.panel.instrumented import tf as tf
from econloom.panel.linear.gmm import GMMEstimate
from econloom.panel.linear.iv import IVEstimate
from econloom.panel.linear.ols import least_squares
from econloom.panel.moments import cross_multiply, sweep
from econloom.panel.series import cross_section_dependence as cross_section_dependence
from econloom.panel.series import panel_granger as panel_granger
from econloom.panel.series import unit_root as unit_root

if TYPE_CHECKING:
    from econloom.panel.fitted import Fit

Result = Test | Unavailable
PERFECT = Unavailable("the model fits perfectly: its residuals are rounding")


class Tests(Mapping[str, Result]):
    """Statistics of a fit by name, each computed when it is first asked for.

    ``wald`` and ``fixed_effects_f`` of any model; of one with instruments ``anderson_lm``, ``cragg_donald_f``,
    ``stock_yogo``, ``kleibergen_paap_lm``, ``kleibergen_paap_f``, ``effective_f``, ``anderson_rubin``, ``sargan``,
    ``hansen_j``, ``endogeneity``, and for each endogenous variable x ``first_stage_f[x]`` and
    ``sanderson_windmeijer_f[x]`` (with one endogenous variable also plain ``first_stage_f``). A statistic that does
    not fit the covariance is :class:`~econloom.core.estimate.Unavailable`, with the one to use instead.
    """

    __test__ = False  # not a pytest class

    def __init__(self, fit: Fit) -> None:
        self._fit = fit
        self._known: dict[str, Result] = {}

    def __getitem__(self, name: str) -> Result:
        if name not in self._known:
            ways = _ways(self._fit)
            if name not in ways:
                near = did_you_mean(name, ways)
                raise KeyError(f"no test {name!r} of this model{near}; it has {', '.join(ways)}")
            self._known[name] = _attempted(ways[name], self._fit)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_ways(self._fit))

    def __len__(self) -> int:
        return len(_ways(self._fit))

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {show(self[name])}" for name in self)


def show(found: Result) -> str:
    """A test in one line.

    Examples
    --------
    >>> show(Test(3.84, (1,), 0.05, "x is zero", "chi2"))
    'chi2(1) = 3.84, p = 0.05 (x is zero)'
    """
    if isinstance(found, Unavailable):
        return f"unavailable: {found.reason}"
    law = f"{found.distribution}({', '.join(f'{d:g}' for d in found.df)})" if found.df else found.distribution
    p_value = "" if found.p_value != found.p_value else f", p = {found.p_value:.4g}"
    critical = "; ".join(f"{name}: {value:.2f}" for name, value in found.critical_values)
    return f"{law} = {found.statistic:.6g}{p_value} ({found.null}){f' [{critical}]' if critical else ''}"


def wald(fit: Fit, terms: Sequence[str] | None = None) -> Result:
    """Joint test that coefficients are zero, with the fit's covariance.

    ``W = b' V^-1 b``, as F = W/q with the degrees of freedom of the fit's t, or chi-squared(q) where its law is normal.

    Parameters
    ----------
    fit : Fit
    terms : sequence of str, optional
        Names as in :meth:`Fit.tidy`; all but the constant by default.

    Raises
    ------
    UsageError
        A name that the model does not have.
    """
    names = fit.estimate.names
    wanted = [n for n in names if n != "(Intercept)"] if terms is None else list(terms)
    for name in wanted:
        if name not in names:
            gone = dict(fit.estimate.removed).get(name)
            why = f" (left out: {gone})" if gone else did_you_mean(name, names)
            raise UsageError(f"no coefficient {name!r}{why}")
    if not wanted:
        return Unavailable("there is no coefficient to test")
    at = [names.index(n) for n in dict.fromkeys(wanted)]
    law = fit.inference
    null = f"{', '.join(wanted)}: zero"
    if np.isnan(law.std_error[at]).any():
        return Unavailable("a standard error is undefined")
    if law.dfs is not None:
        return Unavailable("each coefficient has degrees of freedom of its own: a joint test needs el.cluster()")
    return wald_test(fit.estimate.coefficients[at], law.vcov[np.ix_(at, at)], law.df, null)


def fixed_effects_f(fit: Fit) -> Result:
    """F of all fixed effects against one constant, iid errors.

    ``F = ((rss_pooled - rss) / (r - 1)) / (rss / (n - k - r))``, r the dimensions of the effects.
    """
    if not fit.design.effects:
        return Unavailable("the model has no fixed effects")
    if isinstance(fit.estimate, IVEstimate) or "deviance" in fit.glance_values:
        return Unavailable("the F of the effects is defined for least squares")
    if fit.estimate.perfect_fit:
        return PERFECT
    if fit.request.vcov.kind != "iid":
        return Unavailable(f"the F of the effects assumes iid errors, not {fit.request.vcov}: use with_vcov(el.iid())")
    if not fit.design.intercept:
        return Unavailable("the model has no constant beside its slopes")
    pooled_design = replace(fit.design, effects=(), slopes=(), intercept=True)
    moments = cross_multiply(sweep(pooled_design))
    at = fit.design.positions([fit.request.model.outcome])[0]
    regressors = list(zip(fit.estimate.columns, fit.estimate.names, strict=False))
    pooled = least_squares(moments, (at, "y"), regressors, None)
    r = fit.absorbed.rank
    null = "all effects are equal" + (" and all varying slopes zero" if fit.design.slopes else "")
    df = fit.design.n - fit.estimate.regressors - r
    return specification.restriction_f(pooled.rss, fit.estimate.rss, r - 1, df, null)


def endogeneity(fit: Fit) -> Result:
    """Whether the variables treated as endogenous are (Durbin, Wu and Hausman in regression form).

    First-stage residuals are added to the equation, which is fitted by least squares; their coefficients are tested
    jointly with the fit's covariance (Hausman 1978; Wooldridge 1995 for robust covariances).

    Raises
    ------
    UsageError
        The model has no endogenous variables.
    """
    estimate = instrumented(fit)
    if estimate.perfect_fit:
        return PERFECT
    V = estimate.stages.residuals(fit.absorbed)[:, :-1]
    block = fit.absorbed.block
    stages = estimate.stages
    columns = [stages.outcome, *stages.endogenous, *stages.exogenous]
    k2 = V.shape[1]
    wide = replace(
        fit.absorbed,
        block=np.hstack([block[:, columns], V]),
        means=np.zeros(len(columns) + k2),
        scales=np.append(fit.absorbed.scales[columns], np.ones(k2)),
        constant=(False,) * (len(columns) + k2),
    )
    names = [f"c{j}" for j in range(1, len(columns) + k2)]
    found = least_squares(cross_multiply(wide), (0, "y"), list(enumerate(names, 1)), None)
    if found.removed:
        return Unavailable("the first stages fit perfectly")
    counts = replace(fit.counts, regressors=fit.counts.regressors + k2)
    law = infer(found, wide, fit.request.vcov, correction(fit.request.ssc, fit.request.vcov, counts), fit.clusters)
    null = f"{', '.join(stages.endogenous_names)}: exogenous"
    return wald_test(found.coefficients[-k2:], law.vcov[-k2:, -k2:], law.df, null)


def stock_yogo(fit: Fit) -> Result:
    """The Cragg-Donald F with the critical values of Stock and Yogo (2005), iid errors only."""
    found = _cragg_donald_f(fit)
    if isinstance(found, Test) and not found.critical_values:
        l, k = instrumented(fit).stages.excluded.shape[0], len(instrumented(fit).stages.endogenous)
        return Unavailable(
            f"Stock and Yogo (2005) print no critical value for {k} endogenous variables, {l} instruments"
        )
    return found


def _cragg_donald_f(fit: Fit) -> Result:
    return iv.cragg_donald_f(first_stage_arrays(fit), instrumented(fit).method)


def _of_first(test: Callable[[iv.FirstStage], Result]) -> Callable[[Fit], Result]:
    return lambda fit: test(first_stage_arrays(fit))


def _residuals(fit: Fit) -> FloatArray:
    """Of the equation, in units of the block."""
    return np.asarray(fit.estimate.residuals / fit.absorbed.scales[instrumented(fit).stages.outcome])


def _sargan(fit: Fit) -> Result:
    if fit.estimate.perfect_fit:
        return PERFECT
    if isinstance(fit.estimate, GMMEstimate):
        return Unavailable("Sargan's statistic is that of 2SLS: use hansen_j, or method='2sls'")
    return iv.sargan(first_stage_arrays(fit), _residuals(fit))


def _hansen(fit: Fit) -> Result:
    if fit.estimate.perfect_fit:
        return PERFECT
    if isinstance(fit.estimate, GMMEstimate):
        return _objective(fit, fit.estimate)
    return iv.hansen_j(first_stage_arrays(fit), _residuals(fit), instrumented(fit).stages.excluded[:, -1])


def _objective(fit: Fit, found: GMMEstimate) -> Result:
    """J of two-step GMM, which the fit's own weighting minimised."""
    if fit.request.vcov != found.weighting:
        return Unavailable(f"the moments were weighted by {found.weighting}, not {fit.request.vcov}: fit again with it")
    l, k = first_stage_arrays(fit).shape
    return Unavailable(iv.JUST) if l == k else chi2(found.objective, l - k, "the instruments are valid")


_INSTRUMENTS: dict[str, Callable[[Fit], Result]] = {
    "anderson_lm": _of_first(iv.anderson_lm),
    "cragg_donald_f": _cragg_donald_f,
    "stock_yogo": stock_yogo,
    "kleibergen_paap_lm": _of_first(iv.kleibergen_paap_lm),
    "kleibergen_paap_f": _of_first(iv.kleibergen_paap_f),
    "sargan": _sargan,
    "hansen_j": _hansen,
    "endogeneity": endogeneity,
    "effective_f": effective_f,
    "anderson_rubin": anderson_rubin,
}


def _ways(fit: Fit) -> dict[str, Callable[[Fit], Result]]:
    """How each test that the model has is computed."""
    found: dict[str, Callable[[Fit], Result]] = {"wald": wald, "fixed_effects_f": fixed_effects_f}
    if isinstance(fit.estimate, IVEstimate):
        found |= _INSTRUMENTS | _by_variable(fit.estimate.stages.endogenous_names)
    return found


def _attempted(way: Callable[[Fit], Result], fit: Fit) -> Result:
    """The test, or why its regression cannot be estimated (more instruments than degrees of freedom, say)."""
    try:
        return way(fit)
    except EstimationError as error:
        return Unavailable(error.message)


def _by_variable(names: Sequence[str]) -> dict[str, Callable[[Fit], Result]]:
    """Tests that every endogenous variable has."""
    found: dict[str, Callable[[Fit], Result]] = {}
    for at, name in enumerate(names):
        found[f"first_stage_f[{name}]"] = partial(_first_stage_f, name=name)
        found[f"sanderson_windmeijer_f[{name}]"] = partial(_sanderson_windmeijer, at=at)
    if len(names) == 1:
        found["first_stage_f"] = found[f"first_stage_f[{names[0]}]"]
    return found


def _sanderson_windmeijer(fit: Fit, at: int) -> Result:
    return iv.sanderson_windmeijer_f(first_stage_arrays(fit), at)


def _first_stage_f(fit: Fit, name: str) -> Result:
    first = fit.first_stage[name]
    kept = [n for n in instrumented(fit).stages.instrument_names if n in first.estimate.names]
    return wald(first.with_ssc(small_sample(first.request.ssc)), kept)
