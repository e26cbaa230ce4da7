"""What stepwise mediation says: effects through mediators, their verdicts, their sensitivity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from econloom.core.errors import EstimationError, UsageError, did_you_mean
from econloom.core.estimate import Unavailable
from econloom.core.labels import Label
from econloom.panel.absorb import FloatArray
from econloom.panel.designs.indirect import Drawn
from econloom.panel.fitted import Fit


@dataclass(frozen=True)
class Effect:
    """The paths through one mediator, or through all of them together.

    Attributes
    ----------
    mediator : str
        ``(all)`` for the sum over the mediators of the joint model.
    model : {"single", "joint"}
        Whether the other mediators are held fixed.
    a, b, total, direct, indirect : float
        ``total`` is c, ``direct`` c', ``indirect`` ab; a and b are NaN of ``(all)``.
    std_error, statistic, p_value : float
        Sobel's: ``sqrt(a^2 s_b^2 + b^2 s_a^2)``; of ``(all)`` by the joint covariance of the equations.
    conf_low, conf_high, bc_low, bc_high, boot_error : float
        Percentile and bias-corrected 95 per cent intervals, and the spread, of the bootstrap; NaN without one.
    share : float
        ``indirect / total``; NaN where their signs differ.
    gap : float
        ``c - c' - ab`` relative to the largest of the three.
    rho : float
        Correlation of the errors of mediator and outcome at which ab vanishes; NaN beside other mediators.
    """

    mediator: str
    model: Literal["single", "joint"]
    a: float
    b: float
    total: float
    direct: float
    indirect: float
    std_error: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float
    bc_low: float
    bc_high: float
    boot_error: float
    share: float
    gap: float
    rho: float

    @property
    def significant(self) -> bool:
        """Whether the bootstrap interval (Sobel's test, without one) excludes zero at 5 per cent."""
        if not math.isnan(self.conf_low):
            return self.conf_low > 0 or self.conf_high < 0
        return self.p_value < 0.05

    @property
    def verdict(self) -> Label:
        """What the signs say."""
        if not self.significant:
            return Label(zh="间接效应不显著，不支持中介", en="the indirect effect is not distinguishable from zero")
        if self.indirect * self.total < 0:
            return Label(
                zh="遮掩效应：间接效应与总效应异号，控制中介变量后直接效应更大",
                en="suppression: the indirect effect has the opposite sign of the total effect, "
                "which the mediator hides rather than carries",
            )
        if self.indirect * self.direct < 0:
            return Label(
                zh="不一致中介：间接效应大于总效应，直接效应与之异号",
                en="inconsistent mediation: the indirect effect exceeds the total effect, the direct effect opposes it",
            )
        return Label(zh=f"间接效应占总效应的{self.share:.1%}",
                     en=f"the indirect effect is {self.share:.1%} of the total effect")  # fmt: skip


@dataclass(frozen=True, repr=False)
class Mediation:
    """The fits of the steps and what they say.

    Attributes
    ----------
    total : Fit
        y on x.
    mediators, outcomes : tuple of Fit
        m_j on x; y on x and m_j.
    joint : Fit or None
        y on x and all mediators, where there are several.
    effects : tuple of Effect
        Of each mediator alone; with several then each in the joint model, and their sum.
    rows : {"common", "each"}
    drawn : Drawn, Unavailable or None
        Bootstrap draws; why there are none; None where none were asked for.
    names : tuple of str
        Terms of the mediators.
    treatment : str
    """

    total: Fit
    mediators: tuple[Fit, ...]
    outcomes: tuple[Fit, ...]
    joint: Fit | None
    effects: tuple[Effect, ...]
    rows: Literal["common", "each"]
    drawn: Drawn | Unavailable | None
    names: tuple[str, ...]
    treatment: str

    def tidy(self) -> pl.DataFrame:
        """One row an effect, what is undefined null."""
        names = list(Effect.__dataclass_fields__)
        schema = {n: pl.String if n in {"mediator", "model"} else pl.Float64 for n in names}
        rows = [{n: getattr(e, n) for n in names} for e in self.effects]
        return pl.DataFrame(rows, schema=schema).with_columns(pl.col(pl.Float64).fill_nan(None))

    def sensitivity(self, mediator: str | None = None, rho: Sequence[float] | None = None) -> pl.DataFrame:
        """The indirect effect if the errors of mediator and outcome were correlated by rho.

        ``ab(rho) = a s_1/s_2 (r - rho sqrt((1 - r^2) / (1 - rho^2)))`` with s_1, s_2 the spreads of e_1, e_2 and r
        their correlation (Imai, Keele and Yamamoto 2010, theorem 4); zero at ``rho = r``.

        Parameters
        ----------
        mediator : str, optional
            The first by default.
        rho : sequence of float, optional
            Between -1 and 1; -0.9 to 0.9 by tenths by default.

        Returns
        -------
        polars.DataFrame
            rho, indirect, conf_low, conf_high (percentile of the bootstrap, null without one).

        Raises
        ------
        UsageError
            Another mediator, or a rho outside (-1, 1).
        """
        at = 0 if mediator is None else self._place(mediator)
        grid = np.round(np.arange(-0.9, 0.91, 0.1), 10) if rho is None else np.asarray(rho, dtype=np.float64)
        if not np.all(np.abs(grid) < 1):
            raise UsageError("rho lies between -1 and 1")
        a, s1, s2, r = error_law(self.total, self.mediators[at], self.treatment)
        values = at_rho(a, s1, s2, r, grid)
        low = high = np.full(len(grid), np.nan)
        if isinstance(self.drawn, Drawn):
            d = self.drawn.errors[:, at]
            curves = np.stack([at_rho(d[:, 0], d[:, 1], d[:, 2], d[:, 3], g) for g in grid])
            low, high = np.quantile(curves, [0.025, 0.975], axis=1)
        frame = pl.DataFrame({"rho": grid, "indirect": values, "conf_low": low, "conf_high": high})
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None))

    def _place(self, mediator: str) -> int:
        if mediator not in self.names:
            raise UsageError(f"no mediator {mediator!r}{did_you_mean(mediator, self.names)}")
        return self.names.index(mediator)

    def __repr__(self) -> str:
        lines = [f"{self.treatment} -> {', '.join(self.names)} -> {self.total.request.model.outcome.name}, "
                 f"n = {self.total.design.n}"]  # fmt: skip
        for e in self.effects:
            interval = f" [{e.conf_low:.4g}, {e.conf_high:.4g}]" if not math.isnan(e.conf_low) else ""
            lines.append(f"{e.mediator} ({e.model}): a {e.a:.6g}, b {e.b:.6g}, ab {e.indirect:.6g} (Sobel z "
                         f"{e.statistic:.3g}, p {e.p_value:.3g}){interval}, c {e.total:.6g}, c' {e.direct:.6g}: "
                         f"{e.verdict.text('en')}")  # fmt: skip
        if isinstance(self.drawn, Unavailable):
            lines.append(f"no bootstrap: {self.drawn.reason}")
        return "\n".join(lines)


def at_rho(a: Any, s1: Any, s2: Any, r: Any, rho: Any) -> Any:
    """The indirect effect at a correlation of the errors; see :meth:`Mediation.sensitivity`."""
    return a * s1 / s2 * (r - rho * np.sqrt((1 - r**2) / (1 - rho**2)))


def coefficient(fit: Fit, term: str) -> tuple[float, float]:
    """A coefficient and its standard error."""
    at = fit.estimate.names.index(term)
    return float(fit.estimate.coefficients[at]), float(fit.inference.std_error[at])


def error_law(total: Fit, mediator: Fit, treatment: str) -> tuple[float, float, float, float]:
    """a, spreads of e_1 and e_2, and their correlation."""
    e1, e2 = total.estimate.residuals, mediator.estimate.residuals
    if len(e1) != len(e2):
        raise EstimationError("the steps have samples of their own", hint="rows='common'")
    w: FloatArray = np.ones(len(e1)) if total.absorbed.weights is None else total.absorbed.weights
    s11, s22, s12 = float(w @ e1**2), float(w @ e2**2), float(w @ (e1 * e2))
    a = coefficient(mediator, treatment)[0]
    return a, math.sqrt(s11), math.sqrt(s22), s12 / math.sqrt(s11 * s22)
