"""The same estimators by statsmodels and linearmodels, so that a fault of ours cannot hide."""

from __future__ import annotations

import numpy as np
import pandas as pd
import statsmodels.api as sm
from linearmodels.iv import IV2SLS
from linearmodels.panel import PanelOLS, RandomEffects

from tests.audit.drawn.fast import Array, Fit


def ols(y: Array, x: Array, kind: str, groups: Array) -> Fit:
    model = sm.OLS(y, x)
    plain = model.fit()
    more = {"iid": plain, "hc1": model.fit(cov_type="HC1")}
    fit = more.get(kind) or model.fit(cov_type="cluster", cov_kwds={"groups": groups})
    return Fit(fit.params, fit.cov_params(), plain.ssr, plain.centered_tss, plain.llf, plain.cov_params(), plain.resid)


def tsls(y: Array, x: Array, z: Array, kind: str, groups: Array, small: bool) -> Fit:
    """Columns of ``x`` that stand in ``z`` too are exogenous."""
    exogenous = [k for k in range(x.shape[1]) if any(np.array_equal(x[:, k], z[:, j]) for j in range(z.shape[1]))]
    endogenous = [k for k in range(x.shape[1]) if k not in exogenous]
    outside = [j for j in range(z.shape[1]) if not any(np.array_equal(z[:, j], x[:, k]) for k in exogenous)]
    model = IV2SLS(y, x[:, exogenous], x[:, endogenous], z[:, outside])
    plain = model.fit(cov_type="unadjusted", debiased=small)
    if kind == "cluster":
        fit = model.fit(cov_type="clustered", clusters=groups, debiased=True)
    else:
        fit = plain if kind == "iid" else model.fit(cov_type="robust", debiased=True)
    order = np.argsort(exogenous + endogenous)
    at = np.ix_(order, order)
    e = np.asarray(plain.resids)
    sst = float(((y - y.mean()) ** 2).sum())
    return Fit(np.asarray(fit.params)[order], np.asarray(fit.cov)[at], float(e @ e), sst, np.nan,
               np.asarray(plain.cov)[at], e)  # fmt: skip


def _panel(y: Array, x: Array, unit: Array, periods: int) -> tuple[pd.Series, pd.DataFrame]:
    index = pd.MultiIndex.from_arrays([unit, np.tile(np.arange(periods), len(y) // periods)])
    names = [f"x{k}" for k in range(x.shape[1])]
    return pd.Series(y, index=index, name="y"), pd.DataFrame(x, index=index, columns=names)


def within(y: Array, x: Array, unit: Array, periods: int) -> Fit:
    fit = PanelOLS(*_panel(y, x, unit, periods), entity_effects=True).fit(cov_type="unadjusted")
    cov, e = np.asarray(fit.cov), np.asarray(fit.resids)
    sst = float(((y.reshape(-1, periods) - y.reshape(-1, periods).mean(axis=1, keepdims=True)) ** 2).sum())
    return Fit(np.asarray(fit.params), cov, float(e @ e), sst, float(fit.loglik), cov, e)


def random_effects(y: Array, x: Array, unit: Array, periods: int) -> Fit:
    fit = RandomEffects(*_panel(y, x, unit, periods)).fit(cov_type="unadjusted", debiased=True)
    cov, e = np.asarray(fit.cov), np.asarray(fit.wresids)
    return Fit(np.asarray(fit.params), cov, float(e @ e), float(fit.total_ss), np.nan, cov, e)


def logit(y: Array, x: Array) -> Fit:
    fit = sm.Logit(y, x).fit(disp=0, tol=1e-12, maxiter=100)
    cov = np.asarray(fit.cov_params())
    return Fit(np.asarray(fit.params), cov, fit.llf, fit.llnull, fit.llf, cov, y - fit.predict())
