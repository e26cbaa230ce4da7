"""From calibrated images to one series: same-year composites, saturation, continuity from year to year, VIIRS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares

from econloom.core.errors import DataError, EconloomError, UsageError
from econloom.lights.calibrate import SATURATED


def composite(first: ArrayLike, second: ArrayLike, zero: Literal["either", "both"] = "either") -> NDArray[np.float64]:
    """One image of the two that two satellites took in the same year.

    ``(a + b)/2``; 0 where either is 0 (``zero="either"``, Liu et al. 2012: a light that only one sensor sees is not
    stable) or only where both are (``"both"``). Where only one has an observation, that one.

    Raises
    ------
    DataError
        Different shapes.

    Examples
    --------
    >>> composite([0, 4, 6], [2, 0, 8]).tolist(), composite([0, 4, 6], [2, 0, 8], zero="both").tolist()
    ([0.0, 0.0, 7.0], [1.0, 2.0, 7.0])
    """
    if zero not in ("either", "both"):
        raise UsageError(f"zero is 'either' or 'both', not {zero!r}")
    a, b = (np.asarray(x, dtype=np.float64) for x in (first, second))
    if a.shape != b.shape:
        raise DataError(f"images of shapes {a.shape} and {b.shape}")
    made = (a + b) / 2
    if zero == "either":
        made = np.where((a == 0) | (b == 0), 0.0, made)
    return np.where(np.isnan(a), b, np.where(np.isnan(b), a, made))


def yearly(
    images: Mapping[str, ArrayLike], zero: Literal["either", "both"] = "either"
) -> dict[int, NDArray[np.float64]]:
    """One image a year, in order of years, of images named by satellite and year.

    Raises
    ------
    DataError
        A name without a year, or three images of one.

    Examples
    --------
    >>> {y: x.tolist() for y, x in yearly({"F15 2004": [2.0], "F14 2003": [1.0], "F16 2004": [4.0]}).items()}
    {2003: [1.0], 2004: [3.0]}
    """
    found: dict[int, list[ArrayLike]] = {}
    for name, image in images.items():
        last = name.split()[-1]
        if not (last.isdigit() and len(last) == 4):
            raise DataError(f"the image {name!r} does not say its year", hint="name images 'F16 2006'")
        found.setdefault(int(last), []).append(image)
    made: dict[int, NDArray[np.float64]] = {}
    for year, several in sorted(found.items()):
        if len(several) > 2:
            raise DataError(f"{len(several)} images of {year}; a composite is of two")
        only = np.asarray(several[0], dtype=np.float64)
        made[year] = composite(only, several[1], zero=zero) if len(several) == 2 else only
    return made


def continuity(images: ArrayLike, previous: Literal["corrected", "given"] = "corrected") -> NDArray[np.float64]:
    """Take out abnormal fluctuations from year to year: lights do not fall unless they vanish.

    In this order, for a cell in year t: 0 if it is 0 in t + 1; else the number of t - 1 if that is larger; else its
    own. A cell of the last year knows no t + 1 and follows the second rule alone; one of the first year knows no t - 1.
    Years are gone through from the first on.

    Parameters
    ----------
    images : (years, ...) array
        Calibrated, one a year, in order. NaN compares with nothing and stays NaN.
    previous : {"corrected", "given"}
        Whether t - 1 is the number that the rule made of it, so that lights never fall while they last, or the one
        given. The literature's formula does not say.

    Returns
    -------
    (years, ...) array

    Raises
    ------
    DataError
        Fewer than two years, negative numbers.

    References
    ----------
    Liu et al. (2012), Landscape and Urban Planning 106: 62-72, equation 3.

    Examples
    --------
    >>> continuity([[5.0], [3.0], [6.0], [4.0]]).ravel().tolist()
    [5.0, 5.0, 6.0, 6.0]
    >>> continuity([[5.0], [3.0], [0.0], [0.0]]).ravel().tolist()
    [5.0, 0.0, 0.0, 0.0]
    """
    if previous not in ("corrected", "given"):
        raise UsageError(f"previous is 'corrected' or 'given', not {previous!r}")
    given = np.asarray(images, dtype=np.float64)
    if given.ndim < 1 or given.shape[0] < 2:
        raise DataError("continuity is between years: at least two images are needed")
    if (given < 0).any():
        raise DataError("negative numbers among the images")
    made = given.copy()
    before = made if previous == "corrected" else given
    last = len(given) - 1
    for t in range(len(given)):
        if t > 0:
            lower = before[t - 1] > given[t]
            if t < last:
                lower &= given[t + 1] > 0
            made[t] = np.where(lower, before[t - 1], given[t])
        if t < last:
            made[t] = np.where((given[t + 1] == 0) & ~np.isnan(given[t]), 0.0, made[t])
    return made


def desaturate(dn: ArrayLike, radiance: ArrayLike, saturated: float = SATURATED) -> NDArray[np.float64]:
    """Fill saturated cells from a radiance-calibrated image.

    Cells at ``saturated`` or above take ``max(saturated, a R^b)`` with R the radiance-calibrated number and a, b
    estimated by least squares of ln DN on ln R over the cells that are lit and not saturated. Other cells stay.

    Raises
    ------
    DataError
        Different shapes, or too few unsaturated cells to estimate.

    References
    ----------
    Ziskin et al. (2010) on radiance-calibrated composites; Cao et al. (2015) on calibration to one.

    Examples
    --------
    >>> import numpy as np
    >>> true = np.linspace(5, 100, 96)
    >>> filled = desaturate(np.minimum(true, 63), true / 2)
    >>> bool(np.allclose(filled, true))
    True
    """
    from econloom.lights.calibrate import fit

    x, r = (np.asarray(v, dtype=np.float64) for v in (dn, radiance))
    if x.shape != r.shape:
        raise DataError(f"images of shapes {x.shape} and {r.shape}")
    try:
        scale = fit(r, x, saturated=None, saturated_reference=saturated)
    except EconloomError as error:
        raise error.within("desaturation") from None
    return np.where(x >= saturated, np.maximum(saturated, scale.apply(r)), x)


@dataclass(frozen=True, slots=True)
class Harmonisation:
    """A function from VIIRS radiances to digital numbers of DMSP.

    Attributes
    ----------
    method : {"sigmoid", "power"}
        ``a + b / (1 + exp(-c (ln(1 + R) - d)))``, or ``a R^b``.
    coefficients : tuple of float
    r2 : float
        Over the cells of the overlap.
    n : int
    """

    method: Literal["sigmoid", "power"]
    coefficients: tuple[float, ...]
    r2: float
    n: int

    def apply(self, radiance: ArrayLike) -> NDArray[np.float64]:
        """Numbers like those of DMSP; radiances of zero or less are dark."""
        r = np.asarray(radiance, dtype=np.float64)
        lit = r > 0
        safe = np.where(lit, r, 1.0)
        made = _CURVES[self.method](safe, *self.coefficients)
        return np.where(np.isnan(r), np.nan, np.where(lit, np.maximum(made, 0.0), 0.0))


def _sigmoid(r: NDArray[np.float64], a: float, b: float, c: float, d: float) -> NDArray[np.float64]:
    return np.asarray(a + b / (1 + np.exp(-np.clip(c * (np.log1p(r) - d), -700, 700))))


def _power(r: NDArray[np.float64], a: float, b: float) -> NDArray[np.float64]:
    return np.asarray(a * r**b)


_CURVES: Mapping[str, Callable[..., NDArray[np.float64]]] = {"sigmoid": _sigmoid, "power": _power}
_STARTS = {"sigmoid": (0.0, 60.0, 1.5, 2.0), "power": (5.0, 0.7)}


def harmonise(dmsp: ArrayLike, viirs: ArrayLike, method: Literal["sigmoid", "power"] = "sigmoid") -> Harmonisation:
    """Estimate how VIIRS would have looked to DMSP, from a year that both saw (2012 or 2013).

    VIIRS must have been brought to the grid of DMSP first (means of its finer cells). Nonlinear least squares over the
    cells that are lit in both.

    Parameters
    ----------
    dmsp, viirs : array
        Of the same cells and the same year.
    method : {"sigmoid", "power"}
        The sigmoid saturates as DMSP does, and starts above zero; the power function does neither.

    Returns
    -------
    Harmonisation
        Apply it to VIIRS of later years.

    Raises
    ------
    DataError
        Different shapes, fewer than 30 cells that are lit in both, or no convergence.

    References
    ----------
    Li, Zhou, Zhao and Zhao (2020), Scientific Data 7: 168, for the sigmoid; its coefficients are estimated here.

    Examples
    --------
    >>> import numpy as np
    >>> r = np.geomspace(0.1, 200, 400)
    >>> found = harmonise(6 + 57 / (1 + np.exp(-1.9 * (np.log1p(r) - 2))), r)
    >>> [round(c, 4) for c in found.coefficients]
    [6.0, 57.0, 1.9, 2.0]
    """
    if method not in _CURVES:
        raise UsageError(f"the method is 'sigmoid' or 'power', not {method!r}")
    y, r = (np.asarray(v, dtype=np.float64) for v in (dmsp, viirs))
    if y.shape != r.shape:
        raise DataError(f"images of shapes {y.shape} and {r.shape}", hint="bring VIIRS to the grid of DMSP first")
    use = np.isfinite(y) & np.isfinite(r) & (y > 0) & (r > 0)
    y, r = y[use], r[use]
    if len(y) < 30:
        raise DataError(f"{len(y)} cells are lit in both images; at least 30 are needed")
    curve = _CURVES[method]
    found = least_squares(
        lambda p: curve(r, *p) - y, _STARTS[method], x_scale="jac", xtol=1e-12, ftol=1e-12, max_nfev=2000
    )
    if not found.success or not np.isfinite(found.x).all():
        raise DataError(f"the {method} of DMSP on VIIRS did not converge", hint="use method='power', or more cells")
    r2 = 1 - 2 * float(found.cost) / float(((y - y.mean()) ** 2).sum()) if y.std() > 0 else float("nan")
    return Harmonisation(method, tuple(map(float, found.x)), r2, len(y))
