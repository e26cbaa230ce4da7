"""Inter-calibration of satellites: digital numbers brought to one scale on a region whose lights do not change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from econloom.core.errors import DataError, UsageError, did_you_mean, listed
from econloom.lights.published import PUBLISHED

Form = Literal["power", "quadratic", "power_plus_one"]
SATURATED = 63  # highest digital number of DMSP-OLS
_COEFFICIENTS = {"power": ("a", "b"), "power_plus_one": ("a", "b"), "quadratic": ("a", "b", "c")}
_FEWEST = 10  # cells of an estimate


@dataclass(frozen=True, slots=True)
class Calibration:
    """The function that brings an image to the scale of the reference.

    Attributes
    ----------
    form : {"power", "quadratic", "power_plus_one"}
        ``a DN^b``, ``a DN² + b DN + c``, ``a (DN + 1)^b - 1``.
    coefficients : tuple of float
    r2 : float
        Of the regression that gave them.
    n : int or None
        Its cells; None for published coefficients.
    std_errors : tuple of float
        Of ln a and b (power), of a, b, c (quadratic), assuming independent errors; empty for published ones.
    """

    form: Form
    coefficients: tuple[float, ...]
    r2: float
    n: int | None = None
    std_errors: tuple[float, ...] = ()

    def apply(self, dn: ArrayLike) -> NDArray[np.float64]:
        """Calibrated numbers; cells of zero (no stable light) stay zero, NaN stays NaN, less than zero becomes zero.

        Nothing is cut off above: calibrated numbers may exceed 63.

        Examples
        --------
        >>> Calibration("quadratic", (0.01, 1.0, 0.5), 1.0).apply([0, 10, 20]).tolist()
        [0.0, 11.5, 24.5]
        """
        x = np.asarray(dn, dtype=np.float64)
        if self.form == "quadratic":
            a, b, c = self.coefficients
            made = a * x**2 + b * x + c
        else:
            a, b = self.coefficients
            one = 1.0 if self.form == "power_plus_one" else 0.0
            made = a * (x + one) ** b - one
        return np.where(x == 0, 0.0, np.where(made < 0, 0.0, made))


@dataclass(frozen=True)
class Intercalibrated:
    """Images on one scale.

    Attributes
    ----------
    images : mapping of str to array
        Calibrated numbers by name.
    calibrations : mapping of str to Calibration
    """

    images: Mapping[str, NDArray[np.float64]]
    calibrations: Mapping[str, Calibration]

    def tidy(self) -> pl.DataFrame:
        """One row an image: ``image``, ``form``, ``a``, ``b``, ``c``, ``r2``, ``n``."""
        rows = [
            {
                "image": name,
                "form": k.form,
                **dict(zip("abc", (*k.coefficients, None), strict=False)),
                "r2": k.r2,
                "n": k.n,
            }
            for name, k in self.calibrations.items()
        ]
        schema = {"image": pl.String, "form": pl.String, "a": float, "b": float, "c": float, "r2": float, "n": pl.Int64}
        return pl.DataFrame(rows, schema=schema)


def intercalibrate(
    images: Mapping[str, ArrayLike],
    reference: str | ArrayLike | None = None,
    target: ArrayLike | None = None,
    *,
    form: Literal["power", "quadratic"] = "power",
    coefficients: Literal["estimated", "wu2013", "liu2012"] = "estimated",
    saturated: float | None = SATURATED,
) -> Intercalibrated:
    """Bring images of several satellites and years to the scale of one.

    On the cells of ``target``, a region whose lights are taken not to change (Hegang in studies of China, Jixi or
    Sicily in others), ``ln DN_ref = ln a + b ln DN`` (power) or ``DN_ref = a DN² + b DN + c`` (quadratic) is estimated
    by least squares for every image; then ``a DN^b``, or the quadratic, is applied to the whole image. Cells that are
    dark or saturated in either image say nothing of the scale and are left out of the estimate.

    Parameters
    ----------
    images : mapping of str to array
        Named by satellite and year, ``F16 2006``. All of one shape; NaN has no observation.
    reference : str or array
        Name of the image that the others are brought to, or another image, such as a radiance-calibrated one.
        Needed for estimates.
    target : bool array
        Cells of the invariant region. Needed for estimates.
    form : {"power", "quadratic"}, keyword only
    coefficients : {"estimated", "wu2013", "liu2012"}, keyword only
        Estimated here, or as published (then ``reference`` and ``target`` are not used).
    saturated : float or None, keyword only
        Highest digital number, at which images are saturated. None: no cell is. An array as reference that is
        radiance-calibrated is never saturated.

    Returns
    -------
    Intercalibrated

    Raises
    ------
    UsageError
        No image, an unknown reference, names or options; published coefficients that lack an image.
    DataError
        Images of different shapes, negative numbers, fewer than ten usable cells or no differences among them.

    Notes
    -----
    Least squares on a noisy regressor is biased towards zero (attenuation): with noise of variance s² in ln DN and
    variance v of ln DN among the target's cells, b is estimated as b v / (v + s²).
    docs/lights.md has the size for DMSP.

    References
    ----------
    Elvidge et al. (2009), Energies 2: 595-622; Liu et al. (2012), Landscape and Urban Planning 106: 62-72; Wu et al.
    (2013), International Journal of Remote Sensing 34: 7356-7368; Cao et al. (2015).

    Examples
    --------
    >>> import numpy as np
    >>> true = np.linspace(2, 40, 50).reshape(5, 10)
    >>> found = intercalibrate({"F15 2006": (true / 1.2) ** (1 / 1.1), "F16 2006": true}, "F16 2006", true > 0)
    >>> [round(c, 6) for c in found.calibrations["F15 2006"].coefficients]
    [1.2, 1.1]
    """
    arrays = _arrays(images)
    if coefficients != "estimated":
        found = {name: published(coefficients, name) for name in arrays}
    else:
        found = _estimated(arrays, reference, target, form, saturated)
    return Intercalibrated({n: found[n].apply(x) for n, x in arrays.items()}, found)


def _arrays(images: Mapping[str, ArrayLike]) -> dict[str, NDArray[np.float64]]:
    if not isinstance(images, Mapping) or not images:
        raise UsageError("images are a mapping of names, as 'F16 2006', to arrays, with at least one")
    arrays = {str(n): np.asarray(x, dtype=np.float64) for n, x in images.items()}
    shape = next(iter(arrays.values())).shape
    for name, x in arrays.items():
        if x.shape != shape:
            raise DataError(f"{name} has shape {x.shape}, the first image {shape}")
        if (x < 0).any():
            raise DataError(f"{name} has negative numbers", hint="set nodata cells to NaN first: Image.filled()")
    return arrays


def _estimated(
    arrays: Mapping[str, NDArray[np.float64]], reference: Any, target: Any, form: Any, saturated: float | None
) -> dict[str, Calibration]:
    if reference is None or target is None:
        raise UsageError("estimates need a reference and a target region", hint="or coefficients='wu2013' or 'liu2012'")
    if isinstance(reference, str) and reference not in arrays:
        raise UsageError(f"no image {reference!r} for the reference{did_you_mean(reference, arrays)}")
    scale = arrays[reference] if isinstance(reference, str) else np.asarray(reference, dtype=np.float64)
    chosen = np.asarray(target)
    shape = next(iter(arrays.values())).shape
    if chosen.dtype != np.bool_ or chosen.shape != shape or scale.shape != shape:
        raise DataError(f"the target is a bool array and the reference an array, both of the images' shape {shape}")
    top = saturated if isinstance(reference, str) else None
    found = {}
    for name, x in arrays.items():
        if isinstance(reference, str) and name == reference and form in _COEFFICIENTS:
            found[name] = Calibration(form, (1.0, 1.0) if form == "power" else (0.0, 1.0, 0.0), 1.0, int(chosen.sum()))
            continue
        try:
            found[name] = fit(x[chosen], scale[chosen], form, saturated=saturated, saturated_reference=top)
        except DataError as error:
            raise error.within(name) from None
    return found


def fit(
    dn: ArrayLike,
    reference: ArrayLike,
    form: Literal["power", "quadratic"] = "power",
    *,
    saturated: float | None = SATURATED,
    saturated_reference: float | None = SATURATED,
) -> Calibration:
    """Estimate one calibration from the cells of the target region.

    Parameters
    ----------
    dn, reference : (n,) array
        The same cells in the image and in the reference.
    form : {"power", "quadratic"}
    saturated, saturated_reference : float or None
        Numbers at which either is saturated.

    Raises
    ------
    DataError
        Fewer than ten cells that are lit and not saturated in both, or too few different numbers among them.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(1.0, 21.0)
    >>> [round(c, 6) for c in fit(x, 0.01 * x**2 + 1.1 * x + 0.3, "quadratic").coefficients]
    [0.01, 1.1, 0.3]
    """
    if form not in ("power", "quadratic"):
        raise UsageError(f"no form {form!r}{did_you_mean(str(form), ('power', 'quadratic'))}")
    x, y = (np.asarray(v, dtype=np.float64).ravel() for v in (dn, reference))
    with np.errstate(invalid="ignore"):
        use = (x > 0) & (y > 0) & np.isfinite(x) & np.isfinite(y)
        use &= (x < (np.inf if saturated is None else saturated)) & (
            y < (np.inf if saturated_reference is None else saturated_reference)
        )
    x, y = x[use], y[use]
    k = len(_COEFFICIENTS[form])
    if len(x) < _FEWEST or len(np.unique(x)) < k:
        raise DataError(
            f"{len(x)} of {len(use)} cells of the target are lit and not saturated in both images, with "
            f"{len(np.unique(x))} different numbers; at least {_FEWEST} cells and {k} numbers are needed",
            hint="choose a larger target region, or published coefficients",
        )
    if form == "power":
        x, y = np.log(x), np.log(y)
    design = np.vander(x, k)
    solution, _, rank, _ = np.linalg.lstsq(design, y, rcond=None)
    if rank < k:
        raise DataError("the cells of the target do not tell the coefficients apart")
    residual = y - design @ solution
    spread = float(((y - y.mean()) ** 2).sum())
    r2 = 1.0 - float(residual @ residual) / spread if spread > 0 else float("nan")
    variance = float(residual @ residual) / (len(x) - k) * np.linalg.inv(design.T @ design)
    errors = np.sqrt(np.diag(variance))
    if form == "power":
        return Calibration(
            "power", (float(np.exp(solution[1])), float(solution[0])), r2, len(x), (errors[1], errors[0])
        )
    return Calibration("quadratic", tuple(map(float, solution)), r2, len(x), tuple(map(float, errors)))


def published(name: str, image: str) -> Calibration:
    """Published coefficients of an image.

    Parameters
    ----------
    name : {"wu2013", "liu2012"}
    image : str
        Satellite and year, ``F16 2006``.

    Raises
    ------
    UsageError
        No such set, or it lacks the image.

    Examples
    --------
    >>> published("wu2013", "F16 2006").coefficients
    (0.9028, 1.1306)
    """
    if name not in PUBLISHED:
        raise UsageError(
            f"no coefficients {name!r}{did_you_mean(name, PUBLISHED)}", hint=f"sets: {listed(list(PUBLISHED))}"
        )
    form, table = PUBLISHED[name]
    if image not in table:
        raise UsageError(
            f"{name} has no coefficients of {image!r}{did_you_mean(image, table)}",
            hint="Wu 2013 ends with F18 2010, Liu 2012 with F16 2008; estimate them on a target region",
        )
    *numbers, r2 = table[image]
    return Calibration(form, tuple(numbers), r2)  # type: ignore[arg-type]
