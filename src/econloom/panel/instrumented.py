"""Weak-instrument inference of a fitted model, and the arrays that tests of its instruments are computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from econloom.core.errors import EstimationError, UsageError, did_you_mean, listed
from econloom.core.estimate import Test, Unavailable
from econloom.core.spec import SscName
from econloom.panel.absorb import FloatArray, Grouping
from econloom.panel.conventions import correction, residual_df
from econloom.panel.diagnostics import instruments as iv
from econloom.panel.diagnostics import tf as tf_procedure
from econloom.panel.diagnostics import weak_instruments as weak
from econloom.panel.inference.clustering import clustered_meat
from econloom.panel.linear.iv import IVEstimate

if TYPE_CHECKING:
    from econloom.panel.fitted import Fit

BUILT = ("iid", "hc1", "cluster")
"""Covariances under which reduced forms are compared."""


def instrumented(fit: Fit) -> IVEstimate:
    """The estimate of a model with instruments.

    Raises
    ------
    UsageError
        The model has none.
    """
    if not isinstance(fit.estimate, IVEstimate):
        raise UsageError(
            f"the model has no instruments: {fit.request.model.text}", hint="el.iv('y ~ x | fe | e ~ z', …)"
        )
    return fit.estimate


def first_stage_arrays(fit: Fit) -> iv.FirstStage:
    """What the tests of instruments are computed from."""
    stages, counts, asked = instrumented(fit).stages, fit.counts, fit.request
    constant = counts.regressors - fit.estimate.regressors
    wide = replace(counts, regressors=len(stages.whitening) + constant)
    rule = correction(small_sample(asked.ssc), asked.vcov, wide)
    iid = asked.vcov.kind == "iid"
    rows = counts.n - (counts.unit_levels or 0 if asked.ssc == "xtreg" and iid else 0)
    df = rule.df if rule.df is not None else residual_df(asked.ssc, wide)
    factor = rule.factor * counts.n if iid else rule.factor
    return iv.FirstStage.of(stages, fit.absorbed, None if iid else _meat(fit), rows, factor, df)


def small_sample(ssc: SscName) -> SscName:
    """The convention of first-stage F statistics: ivreg2 gives them its small-sample form in any case."""
    return "ivreg2_small" if ssc == "ivreg2" else ssc


def _meat(fit: Fit) -> iv.Meat:
    """Sums of outer products of scores under the fit's covariance.

    Raises
    ------
    EstimationError
        A covariance that is neither hc1 nor clustered.
    """
    if fit.request.vcov.kind not in BUILT:
        raise EstimationError(f"tests of instruments are built for iid, hc1 and cluster, not {fit.request.vcov}")

    def outer(scores: FloatArray) -> FloatArray:
        def sums(groups: Grouping) -> FloatArray:
            return np.column_stack([np.bincount(groups.codes, s, groups.levels) for s in scores.T])

        return clustered_meat(sums, fit.clusters) if fit.clusters else np.asarray(scores.T @ scores)

    return outer


def reduced_form_arrays(fit: Fit) -> weak.ReducedForm | Unavailable:
    """Coefficients of the instruments in the equations of (X2, y) in the data's units, with their covariance."""
    if fit.request.vcov.kind not in BUILT:
        return Unavailable(f"weak-instrument inference is built for iid, hc1 and cluster, not {fit.request.vcov}")
    stages, first = instrumented(fit).stages, first_stage_arrays(fit)
    df = None if fit.request.ssc == "none" else first.df
    form = weak.ReducedForm.of(first, stages, fit.absorbed, df)
    return form.rescaled(fit.absorbed.scales[[*stages.endogenous, stages.outcome]])


def effective_f(fit: Fit) -> Test | Unavailable:
    """Montiel Olea and Pflueger's effective F of one endogenous variable, under the fit's covariance.

    The robust first-stage F with one instrument, the ordinary one under iid errors. ``critical_values`` are those of
    2SLS at 5 per cent: first the generalised ones by share of the worst-case bias, then the simplified ones; see
    :func:`econloom.panel.diagnostics.weak_instruments.effective_f` for formula and source.

    Raises
    ------
    UsageError
        The model has no instruments.

    Examples
    --------
    >>> import econloom as el, polars as pl
    >>> frame = pl.DataFrame({"z": [0.0, 0, 1, 1, 2, 2, 3, 3], "x": [0.0, 1, 1, 2, 2, 3, 3, 4],
    ...                       "y": [1.0, 1, 3, 4, 5, 5, 7, 9]})
    >>> found = effective_f(el.iv("y ~ 1 | x ~ z", frame))
    >>> round(found.statistic, 6), [(name, round(value, 2)) for name, value in found.critical_values[:1]]
    (30.0, [('10% of worst-case bias', 23.11)])
    """
    form = reduced_form_arrays(fit)
    if isinstance(form, Unavailable):
        return form
    return weak.effective_f(first_stage_arrays(fit), form, instrumented(fit).method)


def anderson_rubin(fit: Fit, null: float | Sequence[float] | Mapping[str, float] = 0.0) -> Test | Unavailable:
    """Test the coefficients of the endogenous variables, whatever the strength of the instruments.

    The Wald test of the instruments in the reduced form of ``y - X2 b`` under the fit's covariance and convention; it
    keeps its size with weak instruments, and rejects also where the instruments are not exogenous.

    Parameters
    ----------
    fit : Fit
    null : float, sequence or mapping
        The hypothesis: one number for all, one for each endogenous variable in the order of the formula, or by name.

    Raises
    ------
    UsageError
        No instruments, or a hypothesis that does not name every endogenous variable.

    References
    ----------
    Anderson, T. W. and H. Rubin (1949). Annals of Mathematical Statistics 20, 46-63. Chernozhukov, V. and C. Hansen
    (2008). The reduced form: a simple approach to inference with weak instruments. Economics Letters 100, 68-71.

    Examples
    --------
    >>> import econloom as el, polars as pl
    >>> frame = pl.DataFrame({"z": [0.0, 0, 1, 1, 2, 2, 3, 3], "x": [0.0, 1, 1, 2, 2, 3, 3, 4],
    ...                       "y": [1.0, 1, 3, 4, 5, 5, 7, 9]})
    >>> found = anderson_rubin(el.iv("y ~ 1 | x ~ z", frame), null=2.0)
    >>> found.df, round(found.statistic, 4), found.null
    ((1, 6), 0.7143, 'x = 2')
    """
    names = instrumented(fit).stages.endogenous_names
    values = _hypothesis(names, null)
    form = reduced_form_arrays(fit)
    if isinstance(form, Unavailable):
        return form
    words = ", ".join(f"{n} = {v:g}" for n, v in zip(names, values, strict=True))
    return weak.anderson_rubin(form, values, words if values.any() else f"{', '.join(names)}: zero")


def _hypothesis(names: Sequence[str], null: float | Sequence[float] | Mapping[str, float]) -> FloatArray:
    """One number for each endogenous variable."""
    if isinstance(null, Mapping):
        for name in null:
            if name not in names:
                raise UsageError(f"null: no endogenous variable {name!r}{did_you_mean(name, names)}")
        missing = [n for n in names if n not in null]
        if missing:
            raise UsageError(f"null: no value for {listed(missing)}: the test is a joint one")
        null = [null[n] for n in names]
    values = np.full(len(names), null, dtype=float) if np.ndim(null) == 0 else np.asarray(null, dtype=float)
    if values.shape != (len(names),) or not np.isfinite(values).all():
        raise UsageError(f"null={null}: one finite number for each of {listed(names)}")
    return values


def anderson_rubin_set(fit: Fit, level: float = 0.95) -> weak.ConfidenceSet | Unavailable:
    """The values of one endogenous variable's coefficient that the Anderson-Rubin test does not reject.

    An interval, several, two rays, the whole line or nothing; it prints itself in words. Unbounded where the
    first-stage F does not reach the critical value. See
    :func:`econloom.panel.diagnostics.weak_instruments.anderson_rubin_set` for the method.

    Parameters
    ----------
    fit : Fit
    level : float

    Raises
    ------
    UsageError
        No instruments; a level outside (0, 1).

    Examples
    --------
    >>> import econloom as el, polars as pl
    >>> frame = pl.DataFrame({"z": [0.0, 0, 1, 1, 2, 2, 3, 3], "x": [0.0, 1, 1, 2, 2, 3, 3, 4],
    ...                       "y": [1.0, 1, 3, 4, 5, 5, 7, 9]})
    >>> anderson_rubin_set(el.iv("y ~ 1 | x ~ z", frame))
    95 per cent Anderson-Rubin set of x: [1.64125, 3.60678], interval, bounded
    """
    names = instrumented(fit).stages.endogenous_names
    form = reduced_form_arrays(fit)
    if isinstance(form, Unavailable):
        return form
    if len(names) == 1 and iv.cragg_donald_root(first_stage_arrays(fit)) is None:
        return Unavailable(iv.EXACT)
    return weak.anderson_rubin_set(form, names[0], level)


def tf(fit: Fit) -> tf_procedure.TF | Unavailable:
    """The tF procedure: t of one endogenous variable with one instrument, judged by the first-stage F, at 5 per cent.

    Its critical value c(F) grows from 1.96 at F = 105 to 18.7 at F = 4 and has no bound below; t and F are those of
    the fit's covariance. The law is the one of large samples.

    Raises
    ------
    UsageError
        The model has no instruments.

    References
    ----------
    Lee, D. S., J. McCrary, M. J. Moreira and J. Porter (2022). Valid t-ratio inference for IV. American Economic
    Review 112, 3260-3290.

    Examples
    --------
    >>> import econloom as el, polars as pl
    >>> frame = pl.DataFrame({"z": [0.0, 0, 1, 1, 2, 2, 3, 3], "x": [0.0, 1, 1, 2, 2, 3, 3, 4],
    ...                       "y": [1.0, 1, 3, 4, 5, 5, 7, 9]})
    >>> found = tf(el.iv("y ~ 1 | x ~ z", frame))
    >>> round(found.first_stage_f, 6), round(found.critical_value, 2), found.rejects_zero
    (30.0, 2.35, True)
    """
    estimate = instrumented(fit)
    l, k = estimate.stages.excluded[:, :-1].shape
    if (l, k) != (1, 1):
        return Unavailable(f"tF is defined for one endogenous variable and one instrument; there are {k} and {l}")
    if fit.request.vcov.kind not in BUILT:
        return Unavailable(f"weak-instrument inference is built for iid, hc1 and cluster, not {fit.request.vcov}")
    F = iv.kleibergen_paap_f(first_stage_arrays(fit))
    error = float(fit.inference.std_error[0])
    if isinstance(F, Unavailable) or not error > 0:
        return F if isinstance(F, Unavailable) else Unavailable("the standard error is undefined")
    return tf_procedure.tf(estimate.names[0], float(estimate.coefficients[0]), error, F.statistic)
