"""The joint test of a specification curve: whether all estimates together could come from no effect at all.

Estimates of one curve come from the same data, so the share that is significant is no test. A draw estimates every
specification again on data in which the regressor of interest has no effect, and three statistics of the whole curve
are compared with those of the draws (Simonsohn, Simmons and Nelson 2020, *Nature Human Behaviour* 4):

``median``              the median estimate
``share_significant``   the share significant in the sign that has more of them
``stouffer``            ``sum_s z_s / sqrt(S)``, z_s the normal quantile of the signed p value
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import polars as pl

from econloom.core.errors import UsageError, did_you_mean
from econloom.panel.absorb import FloatArray
from econloom.panel.designs.specifications.curve import Curve
from econloom.panel.designs.specifications.dealing import permuted
from econloom.panel.designs.specifications.signs import sign_changed

Method = Literal["null_bootstrap", "permutation"]
Progress = Callable[[int, int], object]
STATISTICS = ("median", "share_significant", "stouffer")
TIES = 1e-9


@dataclass(frozen=True, repr=False, eq=False)
class JointTest:
    """What the draws give.

    Attributes
    ----------
    method : {"null_bootstrap", "permutation"}
    unit : str
        What changes sign, or is dealt.
    units : int
    draws, seed : int
    observed : (3,) array
        ``median, share_significant, stouffer`` of the curve.
    drawn : (draws, 3) array
    note : str
        What else is to be known; empty for nothing.
    """

    method: Method
    unit: str
    units: int
    draws: int
    seed: int
    observed: FloatArray
    drawn: FloatArray
    note: str

    @property
    def p_values(self) -> dict[str, float]:
        """``(1 + #{|T*| >= |T|}) / (1 + draws)`` of each statistic (Phipson and Smyth 2010)."""
        beyond = np.abs(self.drawn) >= np.abs(self.observed) * (1 - TIES)
        found = (1 + beyond.sum(axis=0)) / (1 + len(self.drawn))
        return dict(zip(STATISTICS, map(float, found), strict=True))

    def tidy(self) -> pl.DataFrame:
        """One row a statistic: ``statistic, observed, expected`` (the mean of the draws), ``p_value``."""
        columns = {"observed": self.observed, "expected": self.drawn.mean(axis=0), "p_value": [*self.p_values.values()]}
        return pl.DataFrame({"statistic": STATISTICS, **columns})

    def __repr__(self) -> str:
        how = "signs of scores changed" if self.method == "null_bootstrap" else "the regressor dealt anew"
        head = f"joint test of a specification curve: {how} by {self.unit} ({self.units}), {self.draws} draws"
        with pl.Config(tbl_hide_dataframe_shape=True):
            return "\n".join(filter(None, [head, str(self.tidy()), self.note]))

    def _repr_html_(self) -> str:
        return str(self.tidy()._repr_html_())


def joint_test(
    curve: Curve,
    method: Method = "null_bootstrap",
    draws: int = 999,
    seed: int = 1,
    unit: str | None = None,
    within: str | Sequence[str] | None = None,
    progress: Progress | None = None,
) -> JointTest:
    """Test all estimates of a curve together against no effect in any specification.

    Parameters
    ----------
    curve : Curve
        Of least squares.
    method : {"null_bootstrap", "permutation"}
        Observational data: the null is forced on the residuals of each specification, whose scores change sign by
        cluster, the same clusters in all specifications. Data in which the regressor was assigned at random: it is
        dealt anew.
    draws, seed : int
    unit : str, optional
        What keeps its rows together: by default the column by which all specifications cluster, or single rows where
        none clusters; of a permutation the panel's unit where it has keys, else single rows (``"rows"`` asks for them).
    within : str or sequence of str, optional
        Strata of a permutation.
    progress : callable, optional
        ``progress(done, draws)``.

    Returns
    -------
    JointTest
        ``.tidy()``, ``.p_values``.

    Raises
    ------
    UsageError
        Fewer than 19 draws, instruments, an unknown column, different clusters without ``unit``.
    EstimationError
        Nothing can be dealt anew.

    Notes
    -----
    ``null_bootstrap``: with x~ what controls and effects leave of the regressor and e0 the residuals of the
    specification without it, the score of cluster g is ``s_g = sum_g w x~ e0 / x~'W x~``, and ``sum_g s_g`` is the
    estimate. A draw has ``b* = sum_g v_g s_g`` with v_g = +1 or -1 (a wild cluster bootstrap of the scores with the
    null imposed: Kline and Santos 2012); significance is judged by ``b / sqrt(sum_g s_g^2)``, in the curve as in the
    draws.
    It assumes independent clusters, enough of them, and specifications whose estimates have mean zero under the null.

    ``permutation``: a unit's whole path of the regressor goes to another unit of the same stratum that is seen in the
    same periods (one value to any unit of the stratum where it does not vary within units). It assumes that the
    assignment was as good as random within strata, whatever the controls; the p value is then exact. Significance is
    judged by t with conventional errors, in the curve as in the draws: where whole units are dealt these reject too
    often in both, the share takes few values, and its p value is then too large, never too small.

    Examples
    --------
    >>> import polars as pl, econloom as el
    >>> frame = pl.DataFrame({"x": [0.0, 1, 2, 3, 4, 5, 6, 7], "a": [1.0, 0, 2, 1, 0, 2, 1, 3],
    ...                       "y": [0.0, 1, 3, 2, 4, 7, 6, 8]})
    >>> test = joint_test(el.specifications.curve(frame, "y", "x", controls="a"), draws=199)
    >>> test.units, test.p_values["median"] < 0.05
    (8, True)
    """
    if not isinstance(curve, Curve):
        raise UsageError(f"a curve of el.specifications.curve is needed, not {type(curve).__name__}")
    if method not in get_args(Method):
        raise UsageError(f"no method {method!r}{did_you_mean(str(method), get_args(Method))}", hint="null_bootstrap")
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < 19:
        raise UsageError(f"draws: {draws!r} draws cannot reach a p value of 0.05", hint="draws=999")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise UsageError(f"seed: a whole number from 0 on, not {seed!r}")
    if curve.setting.instruments:
        raise UsageError("the joint test is of least squares, not of instruments")
    strata = (within,) if isinstance(within, str) else tuple(within or ())
    if strata and method != "permutation":
        raise UsageError("within: strata belong to method='permutation'")
    for name in (unit, *strata):
        if name is not None and name != "rows" and name not in curve.setting.panel.columns:
            raise UsageError(f"no column {name!r}{did_you_mean(name, curve.setting.panel.columns)}")
    rng = np.random.default_rng(seed)
    if method == "permutation":
        found = permuted(curve, draws, rng, unit, strata, progress)
    else:
        found = sign_changed(curve, draws, rng, unit, progress)
    return JointTest(method, found.unit, found.units, draws, seed, found.observed, found.drawn, found.note)
