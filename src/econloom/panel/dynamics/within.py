"""The bias-corrected within estimator of a dynamic panel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.core.estimate import Tidy
from econloom.core.expressions import Call, Name, Number
from econloom.core.lineage import SampleLog
from econloom.data.sources import as_panel
from econloom.panel.absorb import FloatArray
from econloom.panel.columns import BoolArray
from econloom.panel.dynamics.asked import Options
from econloom.panel.dynamics.drawn import drawn
from econloom.panel.formula import Factor, ModelSpec, Term, parse_formula
from econloom.panel.linear.dynamic.bias_corrected import WithinEstimate, demeaned
from econloom.panel.linear.dynamic.bias_corrected import bias_corrected as solve
from econloom.panel.linear.selection import independent
from econloom.panel.passes import one_blas_thread
from econloom.panel.shown import Shown, coefficients


@dataclass(frozen=True, repr=False, eq=False)
class BiasCorrectedFit(Shown):
    """A dynamic panel estimated within units, corrected for the bias of lags.

    Attributes
    ----------
    formula, outcome : str
    names : tuple of str
    estimate : WithinEstimate
        ``estimate.plain`` are the coefficients without the correction.
    sample : SampleLog
    effects : tuple of str
        The unit, and the time where its dummies are in; they are not among the rows of ``tidy()``.
    """

    formula: str
    outcome: str
    names: tuple[str, ...]
    estimate: WithinEstimate
    sample: SampleLog
    effects: tuple[str, ...]

    @property
    def vcov(self) -> FloatArray:
        """Covariance of the coefficients, (k, k)."""
        return self.estimate.vcov.copy()

    @property
    def plain(self) -> dict[str, float]:
        """The coefficients of the within estimator, biased."""
        return dict(zip(self.names, map(float, self.estimate.plain), strict=True))

    @property
    def summary(self) -> Tidy:
        """The model as rows and statistics, free of arrays."""
        found = self.estimate
        shown = [n for n in self.names if not (len(self.effects) > 1 and n.startswith(f"{self.effects[1]}::"))]
        plain = ", ".join(f"{name} {b:.4f}" for name, b in self.plain.items() if name in shown)
        rows = coefficients(self.names, found.coefficients, found.vcov, None)
        glance = {
            "n": found.n,
            "n_units": found.units,
            "n_clusters": found.units,
            "sigma_e": found.sigma2**0.5,
        }
        return Tidy(
            outcome=self.outcome,
            coefficients=tuple(c for c in rows if c.term in shown),
            glance=glance,
            effects=self.effects,
            vcov="robust",
            ssc="none",
            distribution="normal",
            df=None,
            sample=self.sample,
            formula=self.formula,
            extra={"warnings": (f"without the correction: {plain}",), "estimator": "bias-corrected within"},
        )


def bias_corrected(
    formula: str,
    data: Any,
    unit: str | None = None,
    time: str | None = None,
    time_effects: bool = False,
    where: Any = None,
) -> BiasCorrectedFit:
    """The within estimator of a dynamic panel without its bias: for panels of some dozen units and periods.

    Parameters
    ----------
    formula : str
        ``"y ~ l(y, 1) + x"``; every regressor but the lags of the outcome is taken for strictly exogenous.
    data : Panel, polars, pandas, pyarrow or path
    unit, time : str
        Keys; they may come with a Panel.
    time_effects : bool
        A dummy for each period.
    where : str, optional
        Rows to use.

    Returns
    -------
    BiasCorrectedFit
        Standard errors are robust and clustered by unit, p values normal; ``plain`` has the uncorrected coefficients.

    Raises
    ------
    UsageError
        No lag of the outcome; effects or instruments in the formula; no keys.
    EstimationError
        No unit with two rows, regressors that do not vary within units, moments without a trustworthy solution.

    Notes
    -----
    The moments of Breitung, Kripfganz and Hayakawa (2022), :mod:`econloom.panel.linear.dynamic.bias_corrected`; they
    assume errors without serial correlation. Unlike GMM they need no instruments and hold for small N.

    Examples
    --------
    >>> import polars as pl
    >>> rng = np.random.default_rng(3)
    >>> a, y = rng.normal(size=300), [np.zeros(300)]
    >>> for _ in range(30):
    ...     y.append(0.5 * y[-1] + a + rng.normal(size=300))
    >>> frame = pl.DataFrame({"i": np.repeat(np.arange(300), 7), "t": np.tile(np.arange(7), 300),
    ...                       "y": np.array(y[24:]).T.ravel()})
    >>> fit = bias_corrected("y ~ l(y, 1)", frame, unit="i", time="t")
    >>> bool(fit.plain["l(y, 1)"] < 0.3), bool(abs(fit.tidy()["estimate"][0] - 0.5) < 0.08)
    (True, True)
    """
    panel = as_panel(data, unit, time)
    if panel.unit is None or panel.time is None:
        raise UsageError("a dynamic panel needs both keys", hint="unit='firm', time='year'")
    model = parse_formula(formula)
    if model.effects or model.endogenous:
        raise UsageError(f"unit effects are there by themselves, no others and no instruments: {model.text}")
    lags = {t.name: lag for t in model.terms if (lag := _lag_of_outcome(t, model)) is not None}
    if not lags:
        raise UsageError(f"no lag of {model.outcome.name} in {model.text}", hint="y ~ l(y, 1) + x, or el.ols")
    first = [t for t in model.terms if t.name in lags]
    ordered = replace(model, terms=(*first, *(t for t in model.terms if t.name not in lags)), intercept=False)
    try:
        with one_blas_thread():
            found = drawn(panel, ordered, (), where, time_effects, Options(system=False))
            kept = _varying(found.regressors, found.complete, len(lags))
            estimate = solve(found.complete, found.outcome, found.regressors[:, :, kept], list(lags.values()))
    except (DataError, EstimationError) as error:
        raise error.within(model.text) from error
    log = found.log.without("the unit's only row", found.log.n - estimate.n)
    effects = (found.unit, found.time) if found.dummies else (found.unit,)
    return BiasCorrectedFit(model.text, model.outcome.name, tuple(found.names[j] for j in kept), estimate, log, effects)


def _lag_of_outcome(term: Term, model: ModelSpec) -> int | None:
    """Which lag of the outcome a term is; None for another variable."""
    factor, outcome = term.factors[0], model.outcome.factors[0]
    if len(term.factors) > 1 or not isinstance(factor, Factor) or not isinstance(factor.node, Call):
        return None
    node = factor.node
    if node.function not in {"l", "lag"} or not node.args or not isinstance(outcome, Factor):
        return None
    same = isinstance(node.args[0], Name) and node.args[0].name == outcome.column
    if not same:
        return None
    if len(node.args) == 1:
        return 1
    return int(node.args[1].value) if isinstance(node.args[1], Number) and node.args[1].value >= 1 else None


def _varying(regressors: FloatArray, complete: BoolArray, lags: int) -> list[int]:
    """Regressors without dummies that the others give: that of the first period, and empty ones."""
    kept = list(independent(demeaned(regressors, complete).reshape(-1, regressors.shape[2])))
    if kept[:lags] != list(range(lags)):
        raise EstimationError("a lag of the outcome does not vary within units")
    return kept
