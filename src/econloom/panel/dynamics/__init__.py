"""Dynamic panels by the generalised method of moments: difference and system GMM."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.core.lineage import SampleLog
from econloom.data.sources import as_panel
from econloom.panel.dynamics.asked import GmmIV, Options, StdIV, default_instruments, gmm_iv, std_iv
from econloom.panel.dynamics.drawn import Drawn, drawn
from econloom.panel.dynamics.fit import DynamicFit
from econloom.panel.dynamics.within import BiasCorrectedFit, bias_corrected
from econloom.panel.formula import parse_formula
from econloom.panel.linear import dynamic
from econloom.panel.linear.selection import why
from econloom.panel.passes import one_blas_thread

__all__ = [
    "BiasCorrectedFit",
    "DynamicFit",
    "GmmIV",
    "StdIV",
    "bias_corrected",
    "dynamic_panel",
    "gmm_iv",
    "std_iv",
]


def dynamic_panel(
    formula: str,
    data: Any,
    unit: str | None = None,
    time: str | None = None,
    instruments: Iterable[GmmIV | StdIV] | None = None,
    system: bool = True,
    steps: int = 2,
    collapse: bool = False,
    windmeijer: bool = True,
    h: int = 3,
    transform: dynamic.Transform = "differences",
    endogenous: Sequence[str] = (),
    predetermined: Sequence[str] = (),
    time_effects: bool = False,
    robust: bool = True,
    small: bool = False,
    where: Any = None,
) -> DynamicFit:
    """Difference and system GMM of a dynamic panel (Arellano and Bond 1991; Blundell and Bond 1998).

    Parameters
    ----------
    formula : str
        ``"n ~ l(n,1:2) + l(w,0:1) + k"``. Unit effects are differenced out; a system has a constant (``0 +`` leaves
        it out).
    data : Panel, polars, pandas, pyarrow or path
    unit, time : str
        Keys; they may come with a Panel. Gaps are known by time.
    instruments : iterable of gmm_iv and std_iv, optional
        By default: lags 2 and further of the outcome and of ``endogenous`` variables, 1 and further of
        ``predetermined`` ones, and every other regressor as a standard instrument of the transformed equation.
    system : bool
        With the equation in levels.
    steps : {1, 2}
    collapse : bool
        Of every ``gmm_iv`` that does not say.
    windmeijer : bool
        Of two steps: Windmeijer's (2005) covariance; False for the uncorrected one, which is too small.
    h : {1, 2, 3}
        First-step weighting, numbered as in xtabond2: 1 the identity; 2 the covariance of differences of iid errors,
        and the identity in levels (DPD for Ox, gretl); 3 also that between the two (xtabond2's default, plm).
    transform : {"differences", "deviations"}
        First differences, or forward orthogonal deviations (Arellano and Bover 1995), which lose fewer rows to gaps.
    endogenous, predetermined : sequence of str
        Variables whose lags are instruments by default.
    time_effects : bool
        A dummy for each period, its own instrument in levels (of a difference GMM: in differences).
    robust : bool
        Of one step: the covariance robust to heteroskedasticity and to any correlation within units; False for iid.
    small : bool
        Factors and t law of xtabond2's ``small``; False: none, normal.
    where : str, optional
        Rows of the equations; instruments may come from others.

    Returns
    -------
    DynamicFit
        ``tests`` has ar1, ar2, sargan, hansen and the differences in Hansen by group of instruments; ``warnings``
        says when there are more instruments than units or the weighting is singular.

    Raises
    ------
    UsageError
        The formula, a column or an option is wrong; effects or endogenous parts in the formula; no keys.
    DataError
        Keys that repeat; infinite values.
    EstimationError
        No unit with two periods in a row, fewer instruments than coefficients or more than rows, instruments that do
        not tell the regressors apart.

    Notes
    -----
    The formulas are in :mod:`econloom.panel.linear.dynamic.gmm`; docs/dynamic-panels.md says where programs differ.

    Examples
    --------
    >>> import polars as pl
    >>> rng = np.random.default_rng(1)
    >>> a, y = rng.normal(size=200), [np.zeros(200)]
    >>> for _ in range(8):
    ...     y.append(0.5 * y[-1] + a + rng.normal(size=200))
    >>> frame = pl.DataFrame({"i": np.repeat(np.arange(200), 6), "t": np.tile(np.arange(6), 200),
    ...                       "y": np.array(y[3:]).T.ravel()})
    >>> fit = dynamic_panel("y ~ l(y, 1)", frame, unit="i", time="t")
    >>> fit.names, fit.estimate.instruments.size, bool(abs(fit.tidy()["estimate"][0] - 0.5) < 0.1)
    (('l(y, 1)', '(Intercept)'), 15, True)
    """
    options = Options(system, steps, collapse, windmeijer, h, transform, robust, small)
    panel = as_panel(data, unit, time)
    if panel.unit is None or panel.time is None:
        raise UsageError("a dynamic panel needs both keys", hint="unit='firm', time='year'")
    model = parse_formula(formula)
    if model.effects or model.endogenous:
        raise UsageError(
            f"a dynamic panel takes no effects and no instruments in its formula: {model.text}",
            hint="unit effects are differenced out; time_effects=True; instruments=[el.gmm_iv(...), el.std_iv(...)]",
        )
    given = default_instruments(model, endogenous, predetermined) if instruments is None else tuple(instruments)
    if instruments is not None and (endogenous or predetermined):
        raise UsageError("endogenous and predetermined choose the default instruments: give them or instruments")
    try:
        with one_blas_thread():
            return _fitted(drawn(panel, model, given, where, time_effects, options), options)
    except (DataError, EstimationError) as error:
        raise error.within(model.text) from error


def _fitted(found: Drawn, options: Options) -> DynamicFit:
    """Estimate what was drawn."""
    first = (0,) if found.constant else ()
    stack = dynamic.stacked(
        found.complete, found.outcome, found.regressors, options.transform, options.system, level_only=first
    )
    log = _log(found, stack, options)
    instruments = dynamic.instrument_rows(stack, found.specs, found.constant)
    if instruments.size > stack.count("difference") + stack.count("level"):
        rows = stack.count("difference") + stack.count("level")
        raise EstimationError(
            f"{instruments.size} instruments for {rows} rows", hint="collapse=True, or fewer lags: gmm_iv(x, (2, 3))"
        )
    estimate = dynamic.estimate(stack, instruments, options.steps, options.h, options.corrected)
    kept = list(estimate.kept)
    removed = [(name, why(stack.regressors[:, :, j])) for j, name in enumerate(found.names) if j not in set(kept)]
    order = [*kept[1:], 0] if found.constant and kept[0] == 0 else kept
    levels = np.concatenate([found.outcome[:, :, None], found.regressors[:, :, order]], axis=2)
    return DynamicFit(
        formula=found.model.text,
        options=options,
        estimate=estimate.reordered([kept.index(j) for j in order]),
        names=tuple(found.names[j] for j in order),
        sample=log,
        outcome=found.model.outcome.name,
        complete=found.complete,
        levels=levels,
        removed=tuple(removed),
        dummies=frozenset(found.dummies),
        time=found.time,
    )


def _log(found: Drawn, stack: dynamic.Stack, options: Options) -> SampleLog:
    """The funnel down to the rows of the equation that counts."""
    n = stack.count("level" if options.system else "difference")
    reason = "no row one period before" if options.transform == "differences" else "no later row of the unit"
    return found.log.without(reason, found.log.n - n)
