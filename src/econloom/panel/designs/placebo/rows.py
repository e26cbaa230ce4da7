"""Draws as blocks of columns over the rows of the absorbed design: any effects, any clusters, any covariance.

The placebo columns of a block are swept of the effects together and made orthogonal to the controls; coefficient and
score sums of each follow from that column and the outcome (Frisch and Waugh 1933, Lovell 1963). Covariances that need
leverages, lags or distances are computed column by column on the absorbed design; effects are never absorbed again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from econloom.panel.absorb import FloatArray, Grouping, IntArray
from econloom.panel.designs.placebo.base import Base, Drawn
from econloom.panel.inference.clustering import intersection
from econloom.panel.inference.sandwich import infer
from econloom.panel.inference.serial import axes
from econloom.panel.linear.ols import least_squares
from econloom.panel.linear.selection import ABSORBED, COLLINEAR
from econloom.panel.moments import Absorbed, Moments, cross_multiply
from econloom.panel.passes import group_sums

BLOCK = ("iid", "hc1", "cluster")
"""Covariances of whole blocks of columns."""
CELLS = 1_500_000
"""Cells of a block of columns."""


@dataclass(frozen=True)
class Rows:
    """Blocks of columns over all rows of a sample.

    Attributes
    ----------
    base : Base
    ways : tuple of (sign, Grouping)
        Terms of the inclusion and exclusion of clusters.
    """

    base: Base
    ways: tuple[tuple[int, Grouping], ...]

    @classmethod
    def of(cls, base: Base) -> Rows:
        """Prepare the clusters."""
        made = [
            (1 if size % 2 else -1, intersection(chosen))
            for size in range(1, len(base.clusters) + 1)
            for chosen in combinations(base.clusters, size)
        ]
        return cls(base, tuple(made))

    @property
    def width(self) -> int:
        """Columns of a block."""
        return max(1, min(64, CELLS // self.base.fit.design.n))

    def swept(self, D: FloatArray) -> FloatArray:
        """Columns within the effects, (n, B)."""
        absorbed = self.base.fit.absorbed
        if absorbed.absorber is not None:
            return absorbed.absorber.residuals(D)
        if not self.base.fit.design.intercept:
            return D
        w = absorbed.weights
        return np.asarray(D - (D.mean(axis=0) if w is None else w @ D / w.sum()))

    def draw(self, D: FloatArray) -> Drawn:
        """As :meth:`Cells.draw`, for (n, B) treatments of the rows."""
        base, w = self.base, self.base.fit.absorbed.weights
        R = self.swept(np.asfortranarray(D))
        X = self._within_controls(R)
        heavy = X if w is None else X * w[:, None]
        left, joint = np.einsum("ij,ij->j", X, heavy), base.y @ heavy
        whole = _variation(D, w)
        with np.errstate(divide="ignore", invalid="ignore"):
            b = joint / left
            conventional = (base.total - joint**2 / left) / left
            if base.kind in BLOCK:
                raw = conventional if base.kind == "iid" else self._meat(X, heavy, b) / left**2
            else:
                raw = np.array([self._alone(R[:, j], left[j], whole[j]) for j in range(R.shape[1])])
        return Drawn(b, raw, conventional, left, whole)

    def _within_controls(self, R: FloatArray) -> FloatArray:
        Q, w = self.base.Q, self.base.fit.absorbed.weights
        if not Q.shape[1]:
            return R
        return np.asarray(R - Q @ (Q.T @ (R if w is None else R * w[:, None])))

    def _meat(self, X: FloatArray, heavy: FloatArray, b: FloatArray) -> FloatArray:
        """Sums of squared score sums, (B,)."""
        y = self.base.y
        if self.base.kind == "hc1":
            return np.asarray((((y[:, None] - X * b) * heavy) ** 2).sum(axis=0))
        scores = np.ascontiguousarray((y[:, None] - X * b) * heavy)
        every, one = range(X.shape[1]), np.ones(len(X))
        sums = [(s, group_sums(scores, every, one, g.codes, g.levels)) for s, g in self.ways]
        return np.asarray(sum(sign * (total**2).sum(axis=0) for sign, total in sums))

    def _alone(self, x: FloatArray, left: float, whole: float) -> float:
        """Variance of one draw's coefficient over the factor of the convention."""
        fit = self.base.fit
        absorbed, asked = fit.absorbed, fit.request
        if not left > COLLINEAR**2 * whole:
            return float("nan")
        size = np.sqrt(whole / absorbed.n)
        block = np.column_stack([absorbed.block, x / size])
        grown = Absorbed(
            block,
            np.append(absorbed.means, 0.0),
            np.append(absorbed.scales, size),
            (*absorbed.constant, False),
            absorbed.absorber,
            absorbed.rank,
            absorbed.weights,
        )
        moments: Moments = cross_multiply(grown)
        at = fit.design.positions([asked.model.outcome])[0]
        controls = [(c, str(c)) for c in fit.estimate.columns]
        made = least_squares(moments, (at, "y"), [*controls, (block.shape[1] - 1, "draw")], None)
        law = infer(made, grown, asked.vcov, self.base.correction, self.base.clusters, axes(asked, fit.design))
        if "draw" not in made.names:
            return float("nan")
        return float(law.vcov[-1, -1] / self.base.correction.factor)

    def without_coefficient(self, D: FloatArray) -> list[str | None]:
        """Why each treatment has no coefficient, None where it has one, as a regression judges."""
        w = self.base.fit.absorbed.weights
        whole = _variation(D, w)
        inside = self.swept(np.asfortranarray(D))
        left = self._within_controls(inside)
        within, rest = (_squares(M, w) for M in (inside, left))
        found: list[str | None] = []
        for total, effects, controls in zip(whole, within, rest, strict=True):
            if total <= 0:
                found.append("the treatment drawn holds one value")
            elif effects <= ABSORBED**2 * total:
                found.append("the effects absorb the treatment drawn")
            elif controls <= COLLINEAR**2 * effects:
                found.append("the controls explain the treatment drawn")
            else:
                found.append(None)
        return found


def rounding(drawn: Drawn) -> IntArray:
    """Draws of which so little is left that they have to be looked at again."""
    return np.flatnonzero(~(drawn.left > 1e-9 * drawn.whole))


def set_apart(drawn: Drawn, lost: IntArray) -> Drawn:
    """The draws with NaN where there is no coefficient."""
    if not len(lost):
        return drawn
    b, raw = drawn.coefficient.copy(), drawn.raw.copy()
    b[lost] = raw[lost] = np.nan
    return replace(drawn, coefficient=b, raw=raw)


def _squares(M: FloatArray, w: FloatArray | None) -> FloatArray:
    return np.asarray(np.einsum("ij,ij->j", M, M if w is None else M * w[:, None]))


def _variation(D: FloatArray, w: FloatArray | None) -> FloatArray:
    """Weighted squares about the mean, (B,)."""
    mean = D.mean(axis=0) if w is None else w @ D / w.sum()
    return _squares(D - mean, w)
