"""Gardner: untreated outcomes from untreated rows, then a regression of what they leave on dummies of event time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from econloom.core.errors import DataError, EstimationError
from econloom.core.estimate import Coefficient
from econloom.core.labels import Label
from econloom.core.spec import VcovSpec
from econloom.panel.absorb import FloatArray
from econloom.panel.columns import Where
from econloom.panel.did.borusyak import checked_window, event_times
from econloom.panel.did.effects import DynamicEffects
from econloom.panel.did.imputing import Imputed, impute
from econloom.panel.did.timing import Asked, timing
from econloom.panel.passes import one_blas_thread

LABEL = Label("两阶段双重差分（Gardner）", "Two-stage differences (Gardner)")


@dataclass(frozen=True, repr=False, eq=False)
class TwoStageEffects(DynamicEffects):
    """Effects by event time from a second stage on what untreated outcomes leave.

    Attributes
    ----------
    shares : (m,) array
        Weight of each event time in the mean over treated rows; zero before adoption.
    att_error : float
        Of the second stage on one dummy of treated rows, whose residuals hold how effects differ.
    """

    shares: FloatArray = field(kw_only=True)
    att_error: float = field(kw_only=True)

    @property
    def att(self) -> Coefficient:
        """Mean effect over the treated rows of the window: the second stage on one dummy."""
        return self._row("att", float(self.shares @ self.estimates), self.att_error)


def two_stage(
    formula: str,
    data: Any,
    unit: str | None = None,
    time: str | None = None,
    cohort: str | None = None,
    treatment: str | None = None,
    window: tuple[int, int] | None = None,
    anticipation: int = 0,
    never: float | None = None,
    adopts: str | None = None,
    vcov: VcovSpec | None = None,
    weights: str | None = None,
    where: Where = None,
) -> TwoStageEffects:
    """Effects by time since adoption in two stages (Gardner 2022).

    Parameters
    ----------
    formula : str
        ``"y ~ 1"`` or ``"y ~ c | firm + year"``: the first stage, on untreated rows; without effects those of unit and
        time are added.
    data, unit, time, cohort, treatment, never, adopts, weights, where, anticipation
        As for :func:`econloom.panel.did.borusyak.imputation`.
    window : (int, int), optional
        First and last event time of the second stage; all that rows have by default. Before adoption the coefficient is
        the mean residual of the first stage.
    vcov : VcovSpec
        ``el.cluster("column")``, one way; the unit by default.

    Returns
    -------
    TwoStageEffects
        A :class:`~econloom.panel.did.effects.DynamicEffects`; ``att`` is the mean over treated rows.

    Raises
    ------
    UsageError, DataError, EstimationError
        As :func:`econloom.panel.did.borusyak.imputation`.

    Notes
    -----
    First stage ``y = z'p + e`` on untreated rows, second stage ``y - z'p = sum_k theta_k 1[t - g = k] + u`` on all
    rows. The errors take both as one GMM problem: the influence of a row on ``theta_k`` is
    ``x_ik u_i / N_k - 1[untreated] z_i'(Z0'Z0)^- sum_j x_jk z_j e_i / N_k``, summed over clusters. No small-sample
    factor; normal law, as in R's did2s.

    Examples
    --------
    >>> import polars as pl
    >>> rng = np.random.default_rng(1)
    >>> rows = pl.DataFrame({"i": np.repeat(np.arange(40), 6), "t": np.tile(np.arange(6), 40)})
    >>> rows = rows.with_columns(pl.when(pl.col("i") < 20).then(2 + pl.col("i") % 2).alias("g"))
    >>> on = (rows["t"] >= rows["g"]).fill_null(False).cast(int)
    >>> rows = rows.with_columns((rows["i"] + rows["t"] + 2 * on).alias("y") + 0.01 * rng.normal(size=240))
    >>> round(two_stage("y ~ 1", rows, "i", "t", cohort="g").att.estimate, 1)
    2.0
    """
    found = timing(data, unit, time, Asked(cohort, treatment, never, adopts), where, None)
    try:
        with one_blas_thread():
            imputed = impute(formula, found, where, vcov, weights, anticipation, "two_stage")
            return _effects(imputed, checked_window(window))
    except (DataError, EstimationError) as error:
        raise error.within(formula) from error


def _effects(imputed: Imputed, window: tuple[int, int] | None) -> TwoStageEffects:
    known = imputed.used
    low = int(imputed.events[imputed.adopter & known].min())
    before, after = event_times(imputed, (low, np.iinfo(np.int64).max) if window is None else window)
    events = [*before, *after]
    C = imputed.means(events)
    e = np.where(known, imputed.effects, 0.0)
    C = np.column_stack([C, C @ imputed.shares(events)])  # the last for one dummy of all treated rows
    estimates = C.T @ e
    first = np.where(imputed.untreated, e, 0.0)[:, None]
    influence = imputed.by_cluster(C * (e[:, None] - estimates) + imputed.model.carried(C) * first)
    V = influence.T @ influence
    return TwoStageEffects(
        estimator="two_stage",
        label=LABEL,
        estimates=estimates[:-1],
        vcov=V[:-1, :-1],
        base=(),
        warnings=imputed.warnings,
        att_error=float(np.sqrt(V[-1, -1])),
        **imputed.described(events),
    )
