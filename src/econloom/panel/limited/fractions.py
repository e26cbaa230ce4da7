"""Fractional response models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.core.estimate import CONSTANT, Test, Tidy, Unavailable
from econloom.core.lineage import SampleLog
from econloom.core.spec import VcovSpec, hc1
from econloom.data.sources import as_panel
from econloom.panel.absorb import FloatArray
from econloom.panel.limited.effects import averaged, effects_table, joint_wald
from econloom.panel.limited.rows import Rows, rows_of, sandwich
from econloom.panel.nonlinear.fractional import FractionalEstimate, Link, mean_and_slopes
from econloom.panel.nonlinear.fractional import fractional as maximise
from econloom.panel.passes import one_blas_thread
from econloom.panel.shown import Shown, coefficients


@dataclass(frozen=True, repr=False, eq=False)
class FractionalFit(Shown):
    """A fractional response model.

    Attributes
    ----------
    rows : Rows
    estimate : FractionalEstimate
    link : {"logit", "probit"}
    vcov_spec : VcovSpec
    vcov : (k, k) array
    """

    rows: Rows
    estimate: FractionalEstimate
    link: Link
    vcov_spec: VcovSpec
    vcov: FloatArray

    @property
    def names(self) -> tuple[str, ...]:
        """Of the coefficients."""
        return self.rows.names

    @property
    def sample(self) -> SampleLog:
        """The funnel from the rows offered to n."""
        return self.rows.log

    def marginal_effects(self) -> pl.DataFrame:
        """Average effects on the mean of y, with errors by the delta method: ``b_j mean(g(x'b))``."""
        b = self.estimate.coefficients
        _, g, slope = mean_and_slopes(self.rows.X @ b, self.link)
        effects, jacobian = averaged(self.rows.X, b, g, slope, np.zeros(0))
        at = [j for j, n in enumerate(self.names) if n != CONSTANT]
        return effects_table([self.names[j] for j in at], effects[at], jacobian[at], self.vcov)

    @cached_property
    def tests(self) -> Mapping[str, Test | Unavailable]:
        """``wald`` of all regressors."""
        return {"wald": joint_wald(self.names, self.estimate.coefficients, self.vcov)}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the numbers has to know."""
        return tuple(f"{name} left out: {why}" for name, why in self.rows.removed)

    @property
    def summary(self) -> Tidy:
        """The model as rows and statistics, free of arrays."""
        y, fitted = self.rows.y, self.estimate.fitted
        return Tidy(
            outcome=self.rows.outcome,
            coefficients=coefficients(self.names, self.estimate.coefficients, self.vcov, None),
            glance={
                "n": len(y),
                "n_clusters": min((w.levels for w in self.rows.ways), default=None),
                "r2": float(1 - ((y - fitted) ** 2).sum() / ((y - y.mean()) ** 2).sum()),
                "pseudo_loglik": self.estimate.loglik,
            },
            effects=(),
            vcov=str(self.vcov_spec),
            ssc="none",
            distribution="normal",
            df=None,
            sample=self.rows.log,
            clusters=self.vcov_spec.clusters,
            removed=self.rows.removed,
            formula=self.rows.model.text,
            extra={"warnings": self.warnings, "estimator": f"fractional {self.link}"},
        )


def fractional(
    formula: str,
    data: Any,
    link: Link = "logit",
    unit: str | None = None,
    time: str | None = None,
    vcov: VcovSpec | None = None,
    where: Any = None,
    unit_means: bool = False,
) -> FractionalFit:
    """Fractional logit or probit: a mean in [0, 1], such as a Gini index, a share, a rate.

    Parameters
    ----------
    formula : str
        ``"gini ~ x + i(year)"``, without effects.
    data : Panel, polars, pandas, pyarrow or path
    link : {"logit", "probit"}
    unit, time : str, optional
    vcov : VcovSpec
        ``el.hc1()`` (the default) or ``el.cluster("column")``; the quasi-likelihood has no iid covariance.
    where : str, optional
        Rows to use.
    unit_means : bool
        With the means of every regressor by unit, so that unit effects may be correlated with them (Papke and
        Wooldridge 2008, after Mundlak and Chamberlain; for balanced panels).

    Returns
    -------
    FractionalFit
        ``marginal_effects()`` has average effects on the mean.

    Raises
    ------
    UsageError
        Effects in the formula, another covariance, ``unit_means`` without a unit.
    DataError
        An outcome outside [0, 1].
    EstimationError
        An outcome that is 0 or 1 everywhere, separation.

    Notes
    -----
    :mod:`econloom.panel.nonlinear.fractional`; Stata's ``fracreg``, Papke and Wooldridge (1996, Journal of Applied
    Econometrics 11). Unlike a Tobit it does not take values at the limits for censored ones: the better model of an
    index that merely lies in [0, 1].

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"x": [0.0, 1, 2, 3, 4, 5], "y": [0.1, 0.2, 0.35, 0.4, 0.7, 0.8]})
    >>> [round(b, 4) for b in fractional("y ~ x", frame).tidy()["estimate"]]
    [0.7071, -2.1732]
    """
    if link not in ("logit", "probit"):
        raise UsageError(f"link: 'logit' or 'probit', not {link!r}")
    asked = vcov or hc1()
    if asked.kind == "iid":
        raise UsageError("a quasi-likelihood has no iid covariance", hint="el.hc1() or el.cluster(...)")
    panel = as_panel(data, unit, time)
    key = unit or panel.unit
    if unit_means and key is None:
        raise UsageError("unit_means needs the units", hint="unit='code'")
    try:
        with one_blas_thread():
            rows = rows_of(formula, panel, key, asked, where, "fractional", grouped_by_unit=unit_means)
            if unit_means:
                rows = _with_means(rows)
            outside = (rows.y < 0) | (rows.y > 1)
            if outside.any():
                span = f"{rows.y.min():g} to {rows.y.max():g}"
                raise DataError(
                    f"{rows.outcome!r} is outside [0, 1] in {int(outside.sum())} rows ({span})",
                    hint="divide percentages by 100",
                )
            found = maximise(rows.y, rows.X, link)
            V = sandwich(found.bread, found.scores, rows.ways, asked.kind)
    except (DataError, EstimationError) as error:
        raise error.within(formula) from error
    return FractionalFit(rows, found, link, asked, V)


def _with_means(rows: Rows) -> Rows:
    """The rows with unit means of every regressor that varies within units."""
    assert rows.unit is not None
    sizes = rows.unit.sizes()
    if sizes.min() < sizes.max():
        raise EstimationError(f"unit_means: units have {sizes.min()} to {sizes.max()} rows, a balanced panel is needed")
    added, names = [], []
    for name, x in zip(rows.names, rows.X.T, strict=True):
        mean = (np.bincount(rows.unit.codes, x, rows.unit.levels) / sizes)[rows.unit.codes]
        varies_within = np.abs(x - mean).max() > 1e-10 * max(1.0, float(np.abs(x).max()))
        if varies_within and np.ptp(mean) > 1e-10 * max(1.0, float(np.abs(x).max())):
            added.append(mean)
            names.append(f"mean({name})")
    X = np.column_stack([rows.X[:, :-1], *added, rows.X[:, -1]])
    return replace(rows, names=(*rows.names[:-1], *names, rows.names[-1]), X=X)
