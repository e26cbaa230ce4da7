"""Tobit, pooled and with random effects."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import polars as pl
from scipy import special

from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.core.estimate import CONSTANT, Test, Tidy, Unavailable
from econloom.core.lineage import SampleLog
from econloom.core.spec import VcovSpec, iid
from econloom.data.sources import as_panel
from econloom.panel.absorb import FloatArray
from econloom.panel.limited.effects import averaged, effects_table, joint_wald
from econloom.panel.limited.rows import Rows, of_units, rows_of, sandwich
from econloom.panel.nonlinear.tobit import Censored, Mixed, TobitEstimate
from econloom.panel.nonlinear.tobit import tobit as maximise
from econloom.panel.passes import one_blas_thread
from econloom.panel.shown import Shown, coefficients

Mean = Literal["latent", "censored", "truncated"]
STEP = 1e-5


@dataclass(frozen=True, repr=False, eq=False)
class TobitFit(Shown):
    """A censored regression.

    Attributes
    ----------
    rows : Rows
    data : Censored
    estimate : TobitEstimate
    vcov_spec : VcovSpec
    parameters_vcov : (p, p) array
        Of the coefficients, sigma_u where there is one, and sigma_e.
    loglik_pooled : float or None
        Without random effects, of a model with them.
    check : float or None
        The log likelihood at the same coefficients with eight more points, less the one reported.
    """

    rows: Rows
    data: Censored
    estimate: TobitEstimate
    vcov_spec: VcovSpec
    parameters_vcov: FloatArray
    loglik_pooled: float | None
    check: float | None

    @property
    def names(self) -> tuple[str, ...]:
        """Of the coefficients."""
        return self.rows.names

    @property
    def vcov(self) -> FloatArray:
        """Covariance of the coefficients, (k, k)."""
        k = len(self.names)
        return self.parameters_vcov[:k, :k].copy()

    @property
    def sample(self) -> SampleLog:
        """The funnel from the rows offered to n."""
        return self.rows.log

    def variance_parameters(self) -> pl.DataFrame:
        """sigma_u and sigma_e (sigma of a pooled model) with standard errors."""
        found, k = self.estimate, len(self.names)
        values = {"sigma": found.sigma_e} if found.sigma_u is None else {
            "sigma_u": found.sigma_u, "sigma_e": found.sigma_e,
        }  # fmt: skip
        errors = np.sqrt(np.diag(self.parameters_vcov)[k:])
        return pl.DataFrame({"term": list(values), "estimate": list(values.values()), "std_error": errors})

    def marginal_effects(self, of: Mean = "censored") -> pl.DataFrame:
        """Average effects on a mean, with errors by the delta method.

        Parameters
        ----------
        of : {"latent", "censored", "truncated"}
            ``E[y*|x]``; ``E[y|x]`` with the censored rows at the limits; ``E[y|x, not censored]``. Random effects are
            integrated out: the latent variance is sigma_u^2 + sigma_e^2.

        Raises
        ------
        UsageError

        Notes
        -----
        With a = (lower - eta)/s, b = (upper - eta)/s, P = Phi(b) - Phi(a) and lambda = (phi(a) - phi(b))/P the slopes
        are 1, P and 1 + (a phi(a) - b phi(b))/P - lambda^2 (McDonald and Moffitt 1980; Greene 2012, section 19.3).
        """
        if of not in ("latent", "censored", "truncated"):
            raise UsageError(f"marginal effects of {of!r}", hint="latent, censored or truncated")
        k, sigmas = len(self.names), self._sigmas
        total = math.sqrt(float(np.sum(sigmas**2)))
        b = self.estimate.coefficients
        eta = self.data.X @ b

        def slope(eta: FloatArray, s: float) -> FloatArray:
            return _slope(eta, s, self.data.lower, self.data.upper, of)

        h = STEP * total
        by_eta = (slope(eta + h, total) - slope(eta - h, total)) / (2 * h)
        by_total = float((slope(eta, total + h) - slope(eta, total - h)).mean()) / (2 * h)
        effects, jacobian = averaged(self.data.X, b, slope(eta, total), by_eta, by_total * sigmas / total)
        at = [j for j, n in enumerate(self.names) if n != CONSTANT]
        assert jacobian.shape[1] == k + len(sigmas)
        return effects_table([self.names[j] for j in at], effects[at], jacobian[at], self.parameters_vcov)

    @property
    def _sigmas(self) -> FloatArray:
        found = self.estimate
        return np.array([found.sigma_e] if found.sigma_u is None else [found.sigma_u, found.sigma_e])

    @cached_property
    def tests(self) -> Mapping[str, Test | Unavailable]:
        """``wald`` of all regressors; with random effects ``random_effects``: likelihood ratio against none."""
        found = {"wald": joint_wald(self.names, self.estimate.coefficients, self.vcov)}
        if self.loglik_pooled is not None:
            value = max(2 * (self.estimate.loglik - self.loglik_pooled), 0.0)
            p = 0.5 * float(special.chdtrc(1, value)) if value > 0 else 1.0
            said = "no random effects (sigma_u = 0; half of chi2(1), half at zero)"
            found["random_effects"] = Test(value, (1,), p, said, "chi2")
        return found

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the numbers has to know."""
        said = [f"{name} left out: {why}" for name, why in self.rows.removed]
        left, right = int(self.data.left.sum()), int(self.data.right.sum())
        if not left + right:
            limits = [f"{v:g}" for v in (self.data.lower, self.data.upper) if math.isfinite(v)]
            model = "least squares" if self.estimate.sigma_u is None else "random effects by maximum likelihood"
            said.append(
                f"no row is censored at {' or '.join(limits)}: this is {model}, and its effects are those of it"
            )
        if self.check is not None and abs(self.check) > 1e-4:
            said.append(
                f"the quadrature is not exact: eight more points move the log likelihood by {self.check:.2g}; "
                f"points={2 * self.estimate.points}"
            )
        return tuple(said)

    @property
    def summary(self) -> Tidy:
        """The model as rows and statistics, free of arrays."""
        found, n = self.estimate, len(self.data.y)
        mixed = found.sigma_u is not None
        left, right = int(self.data.left.sum()), int(self.data.right.sum())
        taken = len(self.parameters_vcov)
        glance: dict[str, float | int | None] = {
            "n": n,
            "n_units": self.rows.unit.levels if self.rows.unit else None,
            "n_clusters": min((w.levels for w in self.rows.ways), default=None),
            "n_left": left,
            "n_right": right,
            "loglik": found.loglik,
            "aic": 2 * taken - 2 * found.loglik,
            "bic": math.log(n) * taken - 2 * found.loglik,
        }
        if found.sigma_u is None:
            glance["sigma"] = found.sigma_e
        else:
            total = found.sigma_u**2 + found.sigma_e**2
            glance |= {"sigma_u": found.sigma_u, "sigma_e": found.sigma_e, "rho": found.sigma_u**2 / total}
        return Tidy(
            outcome=self.rows.outcome,
            coefficients=coefficients(self.names, found.coefficients, self.vcov, None),
            glance=glance,
            effects=(),
            vcov=str(self.vcov_spec),
            ssc="none",
            distribution="normal",
            df=None,
            sample=self.rows.log,
            clusters=self.vcov_spec.clusters,
            removed=self.rows.removed,
            formula=self.rows.model.text,
            extra={"warnings": self.warnings, "estimator": "random-effects Tobit" if mixed else "Tobit"},
        )


def tobit(
    formula: str,
    data: Any,
    lower: float | None = 0,
    upper: float | None = None,
    unit: str | None = None,
    time: str | None = None,
    vcov: VcovSpec | None = None,
    where: Any = None,
    points: int = 24,
) -> TobitFit:
    """Censored regression: pooled, or with normal random effects of a unit.

    Parameters
    ----------
    formula : str
        ``"y ~ x + i(year)"``, without effects (as dummies they would bias a Tobit).
    data : Panel, polars, pandas, pyarrow or path
    lower, upper : float or None
        Limits of the outcome; values at or beyond one are censored there. None for no limit.
    unit : str, optional
        Column of the units: random effects.
    time : str, optional
    vcov : VcovSpec
        ``el.iid()`` (the default: the observed information), ``el.hc1()`` (pooled) or ``el.cluster("column")``.
    where : str, optional
        Rows to use.
    points : int
        Of the adaptive Gauss-Hermite quadrature.

    Returns
    -------
    TobitFit
        Coefficients of the latent outcome; ``marginal_effects(of=...)``, ``variance_parameters()``, ``tests``. It says
        when no row is censored.

    Raises
    ------
    UsageError
        No limit, limits the wrong way round, effects in the formula, a covariance or number of points that is not
        there.
    DataError
        Infinite values.
    EstimationError
        Nearly every row is censored, a variance of random effects that goes to zero, no convergence.

    Notes
    -----
    The likelihood is in :mod:`econloom.panel.nonlinear.tobit`; Stata's ``tobit`` and ``xttobit``, R's ``censReg``.

    Examples
    --------
    >>> import polars as pl
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=500)
    >>> frame = pl.DataFrame({"x": x, "y": np.maximum(1 + x + rng.normal(size=500), 0)})
    >>> fit = tobit("y ~ x", frame)
    >>> fit.summary.glance["n_left"] > 0, bool(abs(fit.tidy()["estimate"][0] - 1) < 0.15)
    (True, True)
    """
    low, high = (-math.inf if lower is None else float(lower)), (math.inf if upper is None else float(upper))
    if math.isnan(low) or math.isnan(high) or not low < high:
        raise UsageError(f"limits {lower} and {upper}: the lower one is below the upper one")
    if math.isinf(low) and math.isinf(high):
        raise UsageError("a Tobit needs a limit", hint="lower=0, or el.ols")
    if not isinstance(points, int) or not 3 <= points <= 195:
        raise UsageError(f"points: 3 to 195, not {points!r}")
    panel, asked = as_panel(data, unit, time), vcov or iid()
    try:
        with one_blas_thread():
            rows = rows_of(formula, panel, unit, asked, where, "tobit", grouped_by_unit=True)
            return _fitted(rows, low, high, asked, points)
    except (DataError, EstimationError) as error:
        raise error.within(formula) from error


def _fitted(rows: Rows, low: float, high: float, vcov: VcovSpec, points: int) -> TobitFit:
    unit = rows.unit
    codes = None if unit is None else unit.codes
    if unit is not None and vcov.kind == "hc1":
        raise UsageError("random effects with hc1: the rows of a unit are one likelihood", hint="el.cluster(unit)")
    if unit is not None and unit.levels < 2:
        raise EstimationError(f"all rows lie in one unit of {unit.name!r}")
    data = Censored(rows.y, rows.X, low, high, codes)
    found = maximise(data, points)
    pooled = check = None
    V = found.vcov
    ways = rows.ways
    if unit is not None:
        pooled = maximise(Censored(rows.y, rows.X, low, high)).loglik
        check = _quadrature_check(data, found)
        ways = of_units(ways, unit)
    if vcov.kind != "iid":
        V = sandwich(V, found.scores, ways, vcov.kind)
    return TobitFit(rows, data, found, vcov, V, pooled, check)


def _quadrature_check(data: Censored, found: TobitEstimate) -> float:
    """How far eight more points move the log likelihood at the maximum."""
    assert found.sigma_u is not None
    theta = np.array([*found.coefficients, math.log(found.sigma_u), math.log(found.sigma_e)])
    return Mixed(data, found.points + 8)(theta).value - found.loglik


def _slope(eta: FloatArray, s: float, lower: float, upper: float, of: Mean) -> FloatArray:
    """Derivative of a mean by eta."""
    if of == "latent":
        return np.ones_like(eta)
    a, b = (lower - eta) / s, (upper - eta) / s
    P = special.ndtr(b) - special.ndtr(a)
    if of == "censored":
        return np.asarray(P)
    pa, pb = (np.exp(-0.5 * v**2) / math.sqrt(2 * math.pi) for v in (a, b))
    product = (np.where(np.isfinite(a), a, 0.0) * pa) - (np.where(np.isfinite(b), b, 0.0) * pb)
    return np.asarray(1 + product / P - ((pa - pb) / P) ** 2)
