"""Moderation: marginal effects of an interaction at values of the moderator, and rescaled interactions.

``el.moderation`` is this module. With ``y = b1 x + b2 z + b3 x z`` the effect of x is ``b1 + b3 z``; its variance is
``V11 + z^2 V33 + 2 z V13`` (the delta method, exact for a linear combination).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import polars as pl
from scipy import special

from econloom.core.errors import EstimationError, UsageError, did_you_mean, listed
from econloom.core.estimate import CONSTANT
from econloom.panel.absorb import FloatArray
from econloom.panel.designs.joint import located
from econloom.panel.fit import Fit
from econloom.panel.fitted import assembled
from econloom.panel.formula import Term

__all__ = ["Marginal", "marginal", "rescaled"]

Scale = Literal["minmax", "minmax_parts", "z", "centre"]
_QUANTILES = {"p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9}


@dataclass(frozen=True, repr=False)
class Marginal:
    """The effect of a regressor at values of its moderator.

    Attributes
    ----------
    term, moderator : str
    effects : polars.DataFrame
        label, value, estimate, std_error, statistic, p_value, conf_low, conf_high (95 per cent).
    interaction : str
        Name of the product.
    warnings : tuple of str
        Values outside the sample, a moderator whose own effect is absorbed.
    zeros : tuple of float
        Values of the moderator between which (or outside of which) the effect is not significant at 5 per cent
        (Johnson and Neyman 1936); empty where there are none.
    """

    term: str
    moderator: str
    effects: pl.DataFrame
    interaction: str
    warnings: tuple[str, ...]
    zeros: tuple[float, ...]

    def tidy(self) -> pl.DataFrame:
        """The effects, one row a value."""
        return self.effects

    def __repr__(self) -> str:
        lines = [f"effect of {self.term} at values of {self.moderator}", str(self.effects)]
        return "\n".join([*lines, *(f"warning: {w}" for w in self.warnings)])


def marginal(
    fit: Fit,
    term: str,
    moderator: str,
    at: Sequence[float] | Literal["quantiles", "mean_sd"] = "quantiles",
    absorbed: Literal["refuse", "accept"] = "refuse",
) -> Marginal:
    """Marginal effects of ``term`` at values of ``moderator``.

    Parameters
    ----------
    fit : Fit
        Of ``y ~ term * moderator``: both main effects and the product.
    term, moderator : str
    at : sequence of float, "quantiles" or "mean_sd"
        The 10, 25, 50, 75 and 90 per cent points of the sample; or its mean and one standard deviation around it.
    absorbed : {"refuse", "accept"}
        Whether the moderator's own effect may be absorbed by the fixed effects.

    Raises
    ------
    UsageError
        No such product, a main effect that is not in the formula, or wrong values.
    EstimationError
        The product has no coefficient, or the moderator is absorbed and that is not accepted.

    Examples
    --------
    >>> import econloom as el, polars as pl
    >>> frame = pl.DataFrame({"x": [0.0, 1, 2, 3, 0, 1, 2, 3], "z": [0.0, 0, 0, 0, 1, 1, 1, 1],
    ...                       "y": [0.0, 1.1, 1.9, 3, 1, 3.1, 4.9, 7]})
    >>> found = marginal(el.ols("y ~ x * z", frame), "x", "z", at=[0, 1])
    >>> [round(b, 3) for b in found.tidy()["estimate"]]
    [0.98, 1.98]
    """
    if absorbed not in ("refuse", "accept"):
        raise UsageError(f"absorbed: 'refuse' or 'accept', not {absorbed!r}")
    product = product_of(fit, term, moderator)
    warnings = _main_effects(fit, term, moderator, product, absorbed == "accept")
    column = _column(fit, moderator)
    values = _values(column, at, _weights(fit))
    names = fit.estimate.names
    i, k = names.index(term), names.index(product)
    b, V, df = fit.estimate.coefficients, fit.inference.vcov, fit.inference.df
    rows = []
    for label, z in values.items():
        error = math.sqrt(max(float(V[i, i] + z**2 * V[k, k] + 2 * z * V[i, k]), 0.0))
        c = located(float(b[i] + z * b[k]), error, df)
        rows.append({"label": label, "value": z, **c.__dict__})
    low, high = float(column.min()), float(column.max())
    outside = [f"{z:g}" for z in values.values() if not low <= z <= high]
    if outside:
        warnings.append(
            f"{moderator} lies between {low:g} and {high:g} in the sample: {listed(outside)} is extrapolated"
        )
    zeros = _johnson_neyman(float(b[i]), float(b[k]), V[np.ix_([i, k], [i, k])], df)
    return Marginal(term, moderator, pl.DataFrame(rows), product, tuple(warnings), zeros)


def product_of(fit: Fit, term: str, moderator: str) -> str:
    """The name of the product of two terms in a fit.

    Raises
    ------
    UsageError, EstimationError
        The formula has none; it has no coefficient.
    """
    terms = [t for t in fit.request.model.regressors if len(t.factors) == 2]
    found = [t for t in terms if {f.name for f in t.factors} == {term, moderator}]
    if not found:
        have = listed(t.name for t in terms) or "none"
        raise UsageError(f"the model has no product of {term!r} and {moderator!r} (products: {have})",
                         hint=f"y ~ {term} * {moderator}")  # fmt: skip
    why = dict(fit.estimate.removed).get(found[0].name)
    if why is not None:
        raise EstimationError(f"the product {found[0].name!r} has no coefficient: {why}",
                              hint="it must vary within the effects beside both main effects")  # fmt: skip
    return found[0].name


def _main_effects(fit: Fit, term: str, moderator: str, product: str, accepted: bool) -> list[str]:
    """Refuse a model without a main effect; say that one is absorbed."""
    typed = [t.name for t in fit.request.model.regressors]
    removed = dict(fit.estimate.removed)
    for name in (term, moderator):
        if name not in typed:
            raise UsageError(f"the model has {product!r} without {name!r} itself: the product then stands for both",
                             hint=f"y ~ {term} * {moderator}")  # fmt: skip
    if term in removed:
        raise EstimationError(f"{term!r} has no coefficient: {removed[term]}; only differences between values of "
                              f"{moderator!r} are identified, by {product!r}")  # fmt: skip
    if moderator not in removed:
        return []
    said = f"the moderator {moderator!r} has no effect of its own here: {removed[moderator]}"
    if not accepted:
        raise EstimationError(f"{said}; how the effect of {term!r} changes with it is identified",
                              hint="absorbed='accept', or effects that leave it")  # fmt: skip
    return [said]


def _term(fit: Fit, name: str) -> Term:
    terms = {t.name: t for t in fit.request.model.regressors}
    if name not in terms:
        raise UsageError(f"no term {name!r}{did_you_mean(name, terms)}")
    return terms[name]


def _column(fit: Fit, name: str) -> FloatArray:
    """Values of a term on the rows of the sample."""
    return fit.design.block[:, fit.design.positions([_term(fit, name)])[0]]


def _weights(fit: Fit) -> FloatArray:
    return np.ones(fit.design.n) if fit.design.weights is None else fit.design.weights


def _values(column: FloatArray, at: Any, weights: FloatArray) -> dict[str, float]:
    if isinstance(at, str):
        if at == "quantiles":
            return {name: float(np.quantile(column, q)) for name, q in _QUANTILES.items()}
        if at == "mean_sd":
            mean = float(np.average(column, weights=weights))
            sd = math.sqrt(float(np.average((column - mean) ** 2, weights=weights)) * len(column) / (len(column) - 1))
            return {"mean - sd": mean - sd, "mean": mean, "mean + sd": mean + sd}
        raise UsageError(f"at: values, 'quantiles' or 'mean_sd', not {at!r}")
    values = [float(v) for v in at]
    if not values or not all(map(math.isfinite, values)):
        raise UsageError("at: finite values of the moderator are needed")
    return {f"{v:g}": v for v in values}


def _johnson_neyman(b1: float, b3: float, V: FloatArray, df: float | None) -> tuple[float, ...]:
    """Roots of ``(b1 + b3 z)^2 = c^2 (V11 + 2 z V13 + z^2 V33)``."""
    c = float(special.ndtri(0.975)) if df is None else float(special.stdtrit(df, 0.975))
    a2 = b3**2 - c**2 * float(V[1, 1])
    a1 = 2 * (b1 * b3 - c**2 * float(V[0, 1]))
    a0 = b1**2 - c**2 * float(V[0, 0])
    inside = a1**2 - 4 * a2 * a0
    if not math.isfinite(inside) or inside < 0 or a2 == 0:
        return ()
    root = math.sqrt(inside)
    low, high = sorted(((-a1 - root) / (2 * a2), (-a1 + root) / (2 * a2)))
    return low, high


def rescaled(fit: Fit, product: str, how: Scale = "minmax") -> Fit:
    """The fit had the product of two regressors been scaled; everything but its own terms stays.

    Parameters
    ----------
    fit : Fit
    product : str
        Such as ``"x:z"``.
    how : {"minmax", "minmax_parts", "z", "centre"}
        The product itself to 0 ... 1 over the sample; or its parts to 0 ... 1, to mean zero and unit spread, or to mean
        zero before they are multiplied (the main effects stay in their units and then are effects at the zero of
        the other part).

    Raises
    ------
    UsageError
        An unknown scale or product; parts without both main effects; a model without constant.
    EstimationError
        A part or product that holds one value; a main effect without a coefficient.

    Notes
    -----
    No regression is run: with parts ``(x - p) / r`` and ``(z - q) / s`` the coefficients are ``b3 r s``, ``b1 + q b3``
    and ``b2 + p b3``, a linear map that the covariance follows.

    Examples
    --------
    >>> import econloom as el, polars as pl
    >>> frame = pl.DataFrame({"x": [0.0, 1, 2, 3, 0, 1, 2, 4], "z": [0.0, 1, 0, 2, 1, 1, 0, 3],
    ...                       "y": [0.0, 1.1, 1.9, 3, 1, 3.1, 4.9, 7]})
    >>> fit = el.ols("y ~ x * z", frame)
    >>> round(rescaled(fit, "x:z").tidy()["estimate"][2] / fit.tidy()["estimate"][2], 9)  # 12 less 0
    12.0
    """
    if how not in get_args(Scale):
        raise UsageError(f"no scale {how!r}{did_you_mean(str(how), get_args(Scale))}", hint=", ".join(get_args(Scale)))
    term = _term(fit, product)
    if len(term.factors) != 2:
        raise UsageError(f"{product!r} is no product of two regressors")
    if product not in fit.estimate.names:
        raise EstimationError(f"{product!r} has no coefficient: {dict(fit.estimate.removed).get(product)}")
    if not (fit.design.intercept or fit.design.effects):
        raise UsageError("scaling shifts the product: the model needs a constant or effects")
    A = _map(fit, term, how)
    estimate = replace(fit.estimate, coefficients=A @ fit.estimate.coefficients, transform=A @ fit.estimate.transform)
    return assembled(fit.request, fit.sample, fit.shared, estimate, fit.stage)


def scaled_product(fit: Fit, product: str, how: Scale) -> FloatArray:
    """The column that :func:`rescaled` would have multiplied out, on the rows of the sample, (n,).

    Raises
    ------
    UsageError, EstimationError
        As :func:`rescaled`.
    """
    if how == "minmax":
        low, size = _range(fit, product)
        return (_column(fit, product) - low) / size
    made = np.ones(fit.design.n)
    for part in _term(fit, product).factors:
        low, size = _standard(fit, part.name, how)
        made = made * (_column(fit, part.name) - low) / size
    return made


def _map(fit: Fit, term: Term, how: Scale) -> FloatArray:
    """The linear map from old coefficients to new ones."""
    names = fit.estimate.names
    A = np.eye(len(names))
    k = names.index(term.name)
    c = names.index(CONSTANT) if CONSTANT in names else None
    if how == "minmax":
        low, size = _range(fit, term.name)
        A[k, k] = size
        if c is not None:
            A[c, k] = low
        return A
    shifts, sizes = zip(*(_standard(fit, f.name, how) for f in term.factors), strict=True)
    for part, shift in zip(term.factors, reversed(shifts), strict=True):
        if part.name not in names:
            why = dict(fit.estimate.removed).get(part.name)
            if why is None:
                raise UsageError(f"scaling the parts of {term.name!r} needs {part.name!r} in the model too")
            if "absorbed" in why:
                continue  # the shift of its effect is absorbed with it
            raise EstimationError(f"{part.name!r} has no coefficient: {why}")
        A[names.index(part.name), k] = shift
    A[k, k] = sizes[0] * sizes[1]
    if c is not None:
        A[c, k] = -shifts[0] * shifts[1]
    return A


def _standard(fit: Fit, name: str, how: Scale) -> tuple[float, float]:
    """What is taken from a part, and what it is divided by."""
    if name not in {t.name for t in fit.request.model.regressors}:
        raise UsageError(f"scaling the parts needs {name!r} in the model too", hint="y ~ x * z")
    if how == "minmax_parts":
        return _range(fit, name)
    column, w = _column(fit, name), _weights(fit)
    low = float(np.average(column, weights=w))
    spread = math.sqrt(float(np.average((column - low) ** 2, weights=w)) * len(column) / (len(column) - 1))
    size = spread if how == "z" else 1.0
    _refuse_flat(name, size)
    return low, size


def _range(fit: Fit, name: str) -> tuple[float, float]:
    """Lowest value of a term over the sample, and the distance from it to the highest."""
    column = _column(fit, name)
    low, size = float(column.min()), float(column.max() - column.min())
    _refuse_flat(name, size)
    return low, size


def _refuse_flat(name: str, size: float) -> None:
    if not size > 0:
        raise EstimationError(f"{name!r} holds one value in the sample: it cannot be scaled")
