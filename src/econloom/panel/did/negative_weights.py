"""Weights of a regression over the effects of treated cells (de Chaisemartin and D'Haultfoeuille 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from econloom.core.errors import EstimationError, UsageError, did_you_mean, listed
from econloom.core.estimate import Unavailable
from econloom.core.lineage import SampleLog
from econloom.data.sources import as_panel
from econloom.panel.absorb import FloatArray
from econloom.panel.fit import Fit, ols

ROUNDING = 1e-10
"""Weights smaller than this are zero."""


@dataclass(frozen=True, repr=False)
class TwoWayWeights:
    """Weights of a coefficient over the effects of treated cells; they sum to one.

    Attributes
    ----------
    cells : polars.DataFrame
        The columns of the cells, treatment, rows, weight: one row a treated cell.
    coefficient : float
        ``sum of weight * effect`` if trends are parallel.
    n_positive, n_negative : int
    sum_positive, sum_negative : float
    sigma : float or Unavailable
        Smallest spread of the cells' effects with which the average effect on the treated could be zero though the
        coefficient is not: ``|b| / sd(w)``. Small: the coefficient says little if effects differ.
    sigma_all_opposite : float or Unavailable
        Smallest spread with which every cell's effect could have the opposite sign; unavailable where no weight is
        negative.
    formula, treatment : str
    sample : SampleLog
    """

    cells: pl.DataFrame
    coefficient: float
    n_positive: int
    n_negative: int
    sum_positive: float
    sum_negative: float
    sigma: float | Unavailable
    sigma_all_opposite: float | Unavailable
    formula: str
    treatment: str
    sample: SampleLog

    @property
    def share_negative(self) -> float:
        """Share of the treated cells whose weight is negative."""
        return self.n_negative / self.cells.height

    def tidy(self) -> pl.DataFrame:
        """One row each for positive and negative weights: weights, cells, sum."""
        return pl.DataFrame(
            {
                "weights": ["positive", "negative"],
                "cells": [self.n_positive, self.n_negative],
                "sum": [self.sum_positive, self.sum_negative],
            }
        )

    def __repr__(self) -> str:
        lines = [
            f"{self.formula}: {self.treatment} {self.coefficient:.6g}, n = {self.sample.n:,}",
            f"{self.cells.height:,} treated cells: {self.n_positive:,} positive weights (sum {self.sum_positive:.4f}), "
            f"{self.n_negative:,} negative (sum {self.sum_negative:.4f}, {self.share_negative:.1%} of the cells)",
        ]
        for text, value in (
            ("spread of effects with which their average may be zero", self.sigma),
            ("spread with which all may have the opposite sign", self.sigma_all_opposite),
        ):
            lines.append(f"{text}: {f'{value:.6g}' if isinstance(value, float) else value.reason}")
        return "\n".join(lines)


def twfe_weights(
    formula: str,
    data: Any,
    treatment: str | None = None,
    cells: Sequence[str] | None = None,
    *,
    weights: str | None = None,
    where: Any = None,
) -> TwoWayWeights:
    """Weights of a regression's coefficient over the effects of treated cells, with any controls and effects.

    Parameters
    ----------
    formula : str
        ``"y ~ treated + x | city + year"``.
    data : Panel, polars, pandas, pyarrow or path
    treatment : str, optional
        Its term; the first regressor by default.
    cells : sequence of str, optional
        Columns that make a cell, such as ``("city", "year")``; those of the first two effects by default. Effects may
        differ between cells.
    weights : str, optional
    where : str, optional

    Returns
    -------
    TwoWayWeights

    Raises
    ------
    UsageError
        No such term or column; no cells where the formula has fewer than two effects.
    EstimationError
        As :func:`econloom.panel.fit.ols`; no treated row, a treatment that the controls and effects explain.

    Notes
    -----
    ``w_i = D_i e_i / sum D e`` over rows (times regression weights), e the residual of the treatment on all other
    regressors and effects, summed over cells. Theorem 1 and, with controls, the web appendix of de Chaisemartin and
    D'Haultfoeuille (2020, American Economic Review 110: 2964-2996); the two spreads are its corollary 1 (Stata's
    ``twowayfeweights``). A negative weight: an effect that grows can lower the coefficient.

    Examples
    --------
    >>> g = np.repeat([2, 3, 9], 4)
    >>> frame = pl.DataFrame({"i": np.repeat([1, 2, 3], 4), "t": np.tile([1, 2, 3, 4], 3),
    ...                       "y": [0.0, 1, 2, 2, 1, 1, 2, 4, 0, 1, 0, 1]})
    >>> frame = frame.with_columns(d=pl.Series((frame["t"].to_numpy() >= g) * 1))
    >>> found = twfe_weights("y ~ d | i + t", frame)
    >>> found.n_positive, found.n_negative, round(float(found.cells["weight"].sum()), 12)
    (3, 0, 1.0)
    """
    panel = as_panel(data)
    fit = ols(formula, panel, weights=weights, where=where)
    if not isinstance(fit, Fit):
        raise UsageError(f"one model at a time: {formula}")
    names = fit.estimate.names
    term = names[0] if treatment is None else treatment
    if term not in names:
        raise UsageError(
            f"treatment: no coefficient {term!r}{did_you_mean(term, names)}", hint=f"they are {listed(names)}"
        )
    D, residual = _residual(fit, term)
    w = np.ones(len(D)) if fit.shared.moments.absorbed.weights is None else fit.shared.moments.absorbed.weights
    shares = w * D * residual
    if not np.any(D != 0):
        raise EstimationError(f"{formula}: no row is treated")
    frame = _by_cell(fit, panel.frame, _columns(fit, cells, panel.columns), D, w, shares / shares.sum())
    return _judged(frame, fit, term, bool(np.isin(D, (0.0, 1.0)).all()), formula)


def _residual(fit: Fit, term: str) -> tuple[FloatArray, FloatArray]:
    """The treatment, and what the other regressors and effects leave of it."""
    absorbed, design = fit.shared.moments.absorbed, fit.shared.design
    by = {t.name: t for t in fit.request.model.terms}
    at = design.positions([by[term]])[0]
    others = design.positions([by[n] for n in fit.estimate.names if n != term and n in by])
    root = 1.0 if absorbed.weights is None else np.sqrt(absorbed.weights)[:, None]
    x, Z = absorbed.block[:, [at]], absorbed.block[:, others]
    left = x - Z @ np.linalg.lstsq(Z * root, x * root, rcond=None)[0] if others else x
    return design.block[:, at], np.asarray(left[:, 0] * absorbed.scales[at])


def _columns(fit: Fit, cells: Sequence[str] | None, known: Sequence[str]) -> list[str]:
    if cells is None:
        effects = [e.columns for e in fit.request.model.effects if e.levels][:2]
        if len(effects) < 2:
            raise UsageError("cells: the columns that make one", hint="cells=('city', 'year')")
        return list(dict.fromkeys(c for e in effects for c in e))
    wanted = [cells] if isinstance(cells, str) else list(cells)
    for name in wanted:
        if name not in known:
            raise UsageError(f"cells: no column {name!r}{did_you_mean(name, known)}")
    return wanted


def _by_cell(
    fit: Fit, frame: pl.DataFrame, columns: list[str], D: FloatArray, w: FloatArray, share: FloatArray
) -> pl.DataFrame:
    """Treated cells with the weight of each."""
    rows = (
        frame[fit.shared.design.rows]
        .select(columns)
        .with_columns(__d=pl.Series(D), __w=pl.Series(w), __share=pl.Series(share))
    )
    found = rows.group_by(columns).agg(
        treatment=pl.col("__d").mean(),
        rows=pl.len(),
        mass=(pl.col("__w") * pl.col("__d")).sum(),
        weight=pl.col("__share").sum(),
    )
    return found.filter(pl.col("treatment") != 0).sort(columns)


def _judged(frame: pl.DataFrame, fit: Fit, term: str, binary: bool, formula: str) -> TwoWayWeights:
    weight = frame["weight"].to_numpy()
    up, down = weight > ROUNDING, weight < -ROUNDING
    b = fit.summary.coefficient(term)
    assert b is not None
    mass = frame["mass"].to_numpy()
    if binary:
        sigma, opposite = _spreads(abs(b.estimate), weight, mass / mass.sum())
    else:
        sigma = opposite = Unavailable("the treatment is not 0 or 1")
    return TwoWayWeights(
        frame.drop("mass"), b.estimate, int(up.sum()), int(down.sum()),
        float(weight[up].sum()), float(weight[down].sum()), sigma, opposite, formula, term, fit.sample,
    )  # fmt: skip


def _spreads(b: float, weight: FloatArray, share: FloatArray) -> tuple[float | Unavailable, float | Unavailable]:
    """Corollary 1: spreads of effects that could undo the coefficient."""
    w = weight / share
    variance = float(share @ (w - 1) ** 2)
    sigma = b / np.sqrt(variance) if variance > ROUNDING else Unavailable("all weights are alike")
    if not np.any(w < -ROUNDING):
        return sigma, Unavailable("no weight is negative")
    order = np.argsort(-w, kind="stable")
    s, x = share[order], w[order]
    P, S, Q = (np.cumsum(v[::-1])[::-1] for v in (s, s * x, s * x**2))
    inside = np.flatnonzero(x < -S / np.where(P < 1, 1 - P, np.inf))
    at = int(inside[0]) if len(inside) else len(x) - 1
    return sigma, float(b / np.sqrt(Q[at] + S[at] ** 2 / (1 - P[at])))
