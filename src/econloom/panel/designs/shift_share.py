"""Shift-share regressions with exposure-robust inference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from econloom.core.errors import DataError, EstimationError, UsageError, did_you_mean, listed
from econloom.core.spec import SscName, VcovSpec
from econloom.data.sources import as_panel
from econloom.panel.absorb import FloatArray
from econloom.panel.fit import iv, ols, requests
from econloom.panel.fits import Fits
from econloom.panel.fitted import Fit
from econloom.panel.inference import exposure
from econloom.panel.inference.exposure import Codes, Interval, Residuals

_SAME = 1e-8  # a column that is there may differ from shares times shocks by this much


@dataclass(frozen=True, slots=True, eq=False)
class ShiftShare:
    """A shift-share regression with its shares and shocks.

    Attributes
    ----------
    fit : Fit
        The regression by region, with its covariance as asked for.
    term : str
        The coefficient that inference is about.
    estimate : float
    exposures : polars.DataFrame
        Shares as given, for the rows used.
    shocks : polars.DataFrame
        Sector keys, ``shock``, ``exposure`` (its average), ``cluster``, and Rotemberg's ``weight`` and ``estimate``.
    intervals : mapping of str to Interval
        ``akm``, ``akm0`` (left out where shares are collinear) and ``bhj``.
    warnings : tuple of str
    """

    fit: Fit
    term: str
    estimate: float
    exposures: pl.DataFrame
    shocks: pl.DataFrame
    intervals: dict[str, Interval]
    warnings: tuple[str, ...]
    _shock_level: tuple[FloatArray, FloatArray, FloatArray, FloatArray]

    def tidy(self) -> pl.DataFrame:
        """One row a method (the fit's own covariance first): estimate, std_error, p_value, conf_low, conf_high.

        For ``akm0`` with conf_low above conf_high the set is everything but what lies between.
        """
        own = self.fit.tidy().filter(pl.col("term") == self.term).row(0, named=True)
        rows = [
            (
                str(self.fit.request.vcov),
                self.estimate,
                *(own[c] for c in ("std_error", "p_value", "conf_low", "conf_high")),
            )
        ]
        rows += [(m, self.estimate, i.std_error, i.p_value, i.low, i.high) for m, i in self.intervals.items()]
        names = ["method", "estimate", "std_error", "p_value", "conf_low", "conf_high"]
        return pl.DataFrame(rows, schema=names, orient="row")

    def rotemberg(self) -> pl.DataFrame:
        """Sectors by Rotemberg weight, largest first: keys, shock, weight, estimate of the sector alone, exposure.

        Weights sum to one and ``sum weight x estimate`` is the coefficient; estimates are null where no region's
        regressor moves with the sector's share.
        """
        return self.shocks.drop("cluster").sort(pl.col("weight").abs(), descending=True)

    @property
    def effective_shocks(self) -> float:
        """``1 / sum_k s_k^2`` with s the average exposures scaled to sum to one: how many shocks there really are."""
        s = self.shocks["exposure"].to_numpy()
        return float(s.sum() ** 2 / (s @ s))

    def shock_level(self) -> pl.DataFrame:
        """Data by shock: keys, ``y``, ``x``, ``shock``, ``weight``; IV of y on x with the shock gives the estimate."""
        y, x, g, s = self._shock_level
        keys = [c for c in self.shocks.columns if c not in {"shock", "exposure", "cluster", "weight", "estimate"}]
        return self.shocks.select(keys).with_columns(
            pl.Series("y", y / s), pl.Series("x", x / s), pl.Series("shock", g), pl.Series("weight", s)
        )


def shift_share(
    formula: str,
    data: Any,
    exposures: pl.DataFrame,
    shocks: pl.DataFrame,
    *,
    on: str | list[str],
    sector: str | list[str] = "sector",
    share: str = "share",
    shock: str = "shock",
    cluster: str | None = None,
    shock_controls: list[str] | None = None,
    weights: str | None = None,
    where: str | None = None,
    vcov: VcovSpec | None = None,
    ssc: SscName = "fixest",
) -> ShiftShare:
    """A regression on a shift-share variable, or with one as instrument, and its exposure-robust inference.

    Parameters
    ----------
    formula : str
        ``"y ~ z + controls | effects"``, z the shift-share variable and first regressor, or
        ``"y ~ controls | effects | x ~ z"``. Its column is made here; one of that name in the data must agree.
    data : as for :func:`econloom.ols`
    exposures : polars.DataFrame
        Shares: the columns ``on`` of a row of the data, the sector, the share. Pairs that are not listed are zero.
    shocks : polars.DataFrame
        The sector and its shock. In a panel a sector's shock of each period is a shock of its own: name both columns,
        ``sector=["sector", "year"]``.
    on : str or list of str, keyword only
        Columns that name a row of the data, in both.
    sector : str or list of str, keyword only
    share, shock : str, keyword only
        Columns of shares and shocks.
    cluster : str, keyword only, optional
        Column of ``shocks``: shocks that may move together.
    shock_controls : list of str, keyword only, optional
        Columns of ``shocks`` for the shock-level errors (``bhj``), beside a constant. Their exposure-weighted sums
        belong into the formula too.
    weights, where, vcov, ssc
        As for :func:`econloom.ols`; ``vcov`` is that of the regression by region.

    Returns
    -------
    ShiftShare

    Raises
    ------
    UsageError
        Columns or a formula that do not fit.
    DataError
        Shares or shocks that are missing, infinite, listed twice or without partner; a column that disagrees.
    EstimationError
        As the regression; no variation left of the shift-share variable.

    Notes
    -----
    Formulas stand in :mod:`econloom.panel.inference.exposure`.

    Examples
    --------
    >>> rows = [(r, k, 0.1 + ((r * k) % 3) / 4) for r in range(8) for k in range(3)]
    >>> shares = pl.DataFrame(rows, schema=["region", "sector", "share"], orient="row")
    >>> made = pl.DataFrame({"sector": [0, 1, 2], "shock": [1.0, -1.0, 2.0]})
    >>> frame = pl.DataFrame({"region": range(8), "y": [1.0, 2, 0, 1, 3, 0, 2, 2]})
    >>> shift_share("y ~ z", frame, shares, made, on="region").tidy()["method"].to_list()[-1]
    'bhj'
    """
    keys, sectors = _names(on), _names(sector)
    known = _known_shocks(shocks, sectors, shock, [*([cluster] if cluster else []), *(shock_controls or [])])
    pairs = _known_pairs(exposures, keys, sectors, share, known)
    term = _term(formula)
    panel = as_panel(data)
    frame = _with_instrument(panel.frame, pairs, known, keys, sectors, share, shock, term)
    estimator = iv if _is_iv(formula) else ols
    fit = estimator(formula, frame, vcov=vcov, weights=weights, where=where, ssc=ssc)
    if isinstance(fit, Fits):
        raise UsageError("one model at a time", hint="el.shift_share for each of them")
    rows = frame[fit.design.rows].select(keys)
    S = _matrix(rows, pairs, known, keys, sectors, share)
    found = _residualised(fit, term, S)
    codes: Codes = (
        np.arange(known.height) if cluster is None else known[cluster].rank("dense").to_numpy().astype(np.intp) - 1
    )
    return _result(fit, found, known, pairs.join(rows, on=keys, how="semi"), codes, shock, sectors, shock_controls)


def _result(
    fit: Fit, found: Residuals, known: pl.DataFrame, pairs: pl.DataFrame, codes: Codes, shock: str,
    sectors: list[str], controls: list[str] | None,
) -> ShiftShare:  # fmt: skip
    g = known[shock].to_numpy().astype(np.float64)
    s = found.sums(np.ones(len(found.y)))
    used = s > 0
    if not used.all():  # shocks that no region of the sample is exposed to
        g, s, codes, known = (
            g[used],
            s[used],
            np.unique(codes[used], return_inverse=True)[1],
            known.filter(pl.Series(used)),
        )
        found = Residuals(found.y, found.x, found.z, found.shares[:, used], found.weights)
    q = np.column_stack([np.ones(len(g)), *(known[c].to_numpy() for c in controls or [])])
    intervals: dict[str, Interval] = {}
    said: list[str] = []
    try:
        d = exposure.shock_residuals(found)
        intervals = {"akm": exposure.akm(found, d, codes), "akm0": exposure.akm0(found, d, codes)}
    except EstimationError as error:
        said.append(f"no akm and akm0: {error.message}")
    intervals["bhj"] = exposure.shock_level(found, g, codes, q)
    totals = found.shares.sum(axis=1)
    if np.ptp(totals) > 1e-6:
        said.append(
            f"shares sum to {totals.min():.3g} to {totals.max():.3g} in a region: put their sum among the controls, "
            "or the estimate compares regions by how exposed they are at all"
        )
    alone = exposure.rotemberg(found, g)
    listing = known.select(*sectors, pl.col(shock).alias("shock")).with_columns(
        pl.Series("exposure", s / found.weights.sum()), pl.Series("cluster", codes),
        pl.Series("weight", alone["weight"]), pl.Series("estimate", alone["estimate"]).fill_nan(None),
    )  # fmt: skip
    term = fit.request.model.endogenous[0].name if fit.request.model.endogenous else fit.request.model.terms[0].name
    level = found.sums(found.y), found.sums(found.x), g, s
    return ShiftShare(fit, term, found.estimate, pairs, listing, intervals, tuple(said), level)


def _residualised(fit: Fit, term: str, S: FloatArray) -> Residuals:
    """y, x and z less the controls and effects, on the rows of the fit."""
    model, block, scales = fit.request.model, fit.absorbed.block, fit.absorbed.scales
    instruments = model.instruments or tuple(t for t in model.terms if t.name == term)
    regressors = model.endogenous or instruments
    controls = [t for t in model.terms if t not in instruments]
    w = np.ones(len(block)) if fit.design.weights is None else fit.design.weights
    place = [fit.design.positions([t])[0] for t in (model.outcome, regressors[0], instruments[0])]
    wanted = block[:, place] * np.asarray(scales)[place]
    if controls:
        X, root = block[:, fit.design.positions(controls)], np.sqrt(w)[:, None]
        wanted = wanted - X @ np.linalg.lstsq(root * X, root * wanted, rcond=None)[0]
    y, x, z = wanted.T
    found = Residuals(y, x, z, S, w)
    if not (w * z) @ z > 1e-20 * (w * wanted[:, 2] ** 2).sum() or found.relevance == 0:
        raise EstimationError(f"nothing is left of {term} once controls and effects are out")
    return found


def _names(given: str | list[str]) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def _is_iv(formula: str) -> bool:
    return formula.count("~") == 2


def _term(formula: str) -> str:
    """Name of the shift-share variable: the one instrument, or the first regressor."""
    model = requests(formula, None)[0].model
    if model.endogenous:
        if len(model.instruments) != 1 or len(model.endogenous) != 1:
            raise UsageError(f"one endogenous variable and one instrument are needed: {formula}")
        return model.instruments[0].name
    if not model.terms:
        raise UsageError(f"a shift-share variable is needed as first regressor or instrument: {formula}")
    return model.terms[0].name


def _require(frame: pl.DataFrame, columns: list[str], what: str) -> None:
    if not isinstance(frame, pl.DataFrame):
        raise UsageError(f"{what}: a polars DataFrame is needed, not {type(frame).__name__}")
    for column in columns:
        if column not in frame.columns:
            raise UsageError(f"{what}: no column {column!r}{did_you_mean(column, frame.columns)}")


def _known_shocks(shocks: pl.DataFrame, sectors: list[str], shock: str, further: list[str]) -> pl.DataFrame:
    _require(shocks, [*sectors, shock, *further], "shocks")
    kept = shocks.select(list(dict.fromkeys([*sectors, shock, *further])))
    _numbers(kept, sectors, shock, "shocks")
    _once(kept, sectors, "shocks")
    if kept.height < 2:
        raise DataError("shocks: at least two are needed")
    return kept


def _known_pairs(
    exposures: pl.DataFrame, keys: list[str], sectors: list[str], share: str, known: pl.DataFrame
) -> pl.DataFrame:
    _require(exposures, [*keys, *sectors, share], "exposures")
    kept = exposures.select(*keys, *(s for s in sectors if s not in keys), share)
    _numbers(kept, [*keys, *sectors], share, "exposures")
    _once(kept, list(dict.fromkeys([*keys, *sectors])), "exposures")
    stray = (
        kept.filter(pl.col(share) != 0).join(known, on=sectors, how="anti").select(sectors).unique(maintain_order=True)
    )
    if stray.height:
        raise DataError(
            f"exposures to sectors without a shock: {_places(stray)}", hint="give them a shock of 0 if that is meant"
        )
    return kept


def _numbers(frame: pl.DataFrame, keys: list[str], column: str, what: str) -> None:
    if not frame[column].dtype.is_numeric():
        raise DataError(f"{what}: column {column!r} is not numeric ({frame[column].dtype})")
    value = pl.col(column).cast(pl.Float64)
    bad = frame.filter(pl.any_horizontal(pl.col(keys).is_null()) | value.is_null() | ~value.is_finite())
    if bad.height:
        raise DataError(f"{what}: missing or infinite in {bad.height} rows: {_places(bad.select(keys))}")


def _once(frame: pl.DataFrame, keys: list[str], what: str) -> None:
    twice = frame.filter(frame.select(keys).is_duplicated()).select(keys).unique(maintain_order=True)
    if twice.height:
        raise DataError(f"{what}: listed twice: {_places(twice)}")


def _places(frame: pl.DataFrame) -> str:
    return listed(" ".join(str(v) for v in row) for row in frame.iter_rows())


def _with_instrument(
    frame: pl.DataFrame, pairs: pl.DataFrame, known: pl.DataFrame, keys: list[str], sectors: list[str], share: str,
    shock: str, term: str,
) -> pl.DataFrame:  # fmt: skip
    _require(frame, keys, "data")
    _once(frame, keys, "data")
    joined = pairs.join(known.select(*sectors, shock), on=sectors, how="inner")
    made = joined.group_by(keys).agg((pl.col(share) * pl.col(shock)).sum().alias("shift share"))
    found = frame.join(made, on=keys, how="left", maintain_order="left")
    absent = found.filter(pl.col("shift share").is_null()).select(keys)
    if absent.height:
        raise DataError(f"data without exposures in {absent.height} rows: {_places(absent)}")
    if term in frame.columns:
        gap = (found[term].cast(pl.Float64) - found["shift share"]).abs()
        scale = max(float(found["shift share"].abs().max() or 0.0), 1e-300)  # type: ignore[arg-type]
        if (off := found.filter(gap > _SAME * scale).select(keys)).height:
            raise DataError(
                f"the column {term!r} is not shares times shocks in {off.height} rows: {_places(off)}",
                hint="give the shares and shocks that it was made of, or drop the column to have it made",
            )
    return frame.with_columns(found["shift share"].alias(term))


def _matrix(
    rows: pl.DataFrame, pairs: pl.DataFrame, known: pl.DataFrame, keys: list[str], sectors: list[str], share: str
) -> FloatArray:
    """Shares by row of the sample and shock."""
    placed = (
        pairs.join(rows.with_row_index("_row"), on=keys, how="inner")
        .join(known.select(sectors).with_row_index("_shock"), on=sectors, how="inner")
    )  # fmt: skip
    S = np.zeros((rows.height, known.height))
    S[placed["_row"].to_numpy(), placed["_shock"].to_numpy()] = placed[share].to_numpy()
    return S
