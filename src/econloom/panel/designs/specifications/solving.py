"""One model of a group solved from its moments: the coefficient of interest without a pass over the rows."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.linalg import lapack

from econloom.core.errors import EstimationError, listed
from econloom.panel.absorb import FloatArray
from econloom.panel.designs.specifications.asking import Member
from econloom.panel.linear.ols import refuse_flat_outcome
from econloom.panel.linear.selection import Removed, factorise
from econloom.panel.moments import Moments


@dataclass(frozen=True)
class Solved:
    """The coefficient of interest of one model, and the two columns that its covariance needs.

    Attributes
    ----------
    outcome : int
        Column of the block.
    estimate : float
    scale : float
        ``(unit of y / unit of x)^2``: from the block's units to those of the estimate, squared.
    bread : float
        The estimate's element of ``(X'W X)^-1`` in the units of the block.
    regressors : int
    columns : tuple of int
        Of the block.
    focal : (k,) array
        Over them: gives ``x~ / x~'W x~``, x~ what the other regressors leave of the one of interest.
    slopes : (k,) array
        Coefficients in the units of the block.
    tss : float
    removed : tuple of (str, str)
    """

    outcome: int
    estimate: float
    scale: float
    bread: float
    regressors: int
    columns: tuple[int, ...]
    focal: FloatArray
    slopes: FloatArray
    tss: float
    removed: Removed


def solve(moments: Moments, member: Member, places: dict[str, int]) -> Solved:
    """Solve a member by least squares, as :func:`econloom.panel.linear.ols.least_squares` does.

    Parameters
    ----------
    moments : Moments
    member : Member
    places : dict
        Columns of the block by key.

    Raises
    ------
    EstimationError
        The outcome does not vary, or the regressor of interest is not identified.
    """
    model, absorbed = member.asked.model, moments.absorbed
    at, focal = places[model.outcome.key], places[member.focal.key]
    refuse_flat_outcome(moments, at, model.outcome.name)
    found = factorise(moments, at, [places[t.key] for t in model.terms], [t.name for t in model.terms])
    if focal not in found.kept:
        raise EstimationError(f"{member.focal.name} left out: {dict(found.removed).get(member.focal.name)}")
    inverse = lapack.dtrtri(found.factor)[0]
    whitening = inverse / found.lengths[:, None]
    row = whitening[found.kept.index(focal)]
    slopes = (inverse @ found.projection) / found.lengths
    unit = float(absorbed.scales[at] / absorbed.scales[focal])
    return Solved(
        outcome=at,
        estimate=float(slopes[found.kept.index(focal)]) * unit,
        scale=unit**2,
        bread=float(row @ row),
        regressors=len(found.kept),
        columns=found.kept,
        focal=whitening @ row,
        slopes=slopes,
        tss=float(moments.gram[at, at]),
        removed=found.removed,
    )


def said(removed: Removed) -> str | None:
    """Regressors left out and why, in one line."""
    return listed(f"{name} ({why})" for name, why in removed) if removed else None
