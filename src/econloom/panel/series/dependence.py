"""Dependence across the units of a panel."""

from __future__ import annotations

from typing import Any

from econloom.core.errors import EstimationError, UsageError
from econloom.core.estimate import Test
from econloom.panel.absorb import FloatArray
from econloom.panel.diagnostics import unit_roots
from econloom.panel.formula import parse_formula
from econloom.panel.series.grid import on_grid


def cross_section_dependence(
    variable: Any, data: Any = None, unit: str | None = None, time: str | None = None, where: str | None = None
) -> Test:
    """Pesaran's CD: whether units are correlated with one another.

    Parameters
    ----------
    variable : str or fit
        A column or expression of ``data``, or a fitted linear model, whose residuals are tested.
    data : Panel, polars, pandas, pyarrow or path
    unit, time : str
        Keys; they may come with a Panel, or with the fit's.
    where : str, optional
        Rows to use.

    Returns
    -------
    Test
        Standard normal; ``critical_values`` has the mean absolute correlation.

    Raises
    ------
    UsageError
        No keys.
    EstimationError
        One unit, or no two units with three common periods.

    Notes
    -----
    ``CD = sqrt(2 / (N (N-1))) sum_{i<j} sqrt(T_ij) rho_ij`` (Pesaran 2004, 2015); Stata's ``xtcd``, R's ``pcdtest``.

    Examples
    --------
    >>> import polars as pl
    >>> rng = np.random.default_rng(1)
    >>> common = rng.normal(size=20)
    >>> y = common + rng.normal(size=(6, 20))
    >>> frame = pl.DataFrame({"i": np.repeat(range(6), 20), "t": np.tile(range(20), 6), "y": y.ravel()})
    >>> cross_section_dependence("y", frame, "i", "t").p_value < 1e-4
    True
    """
    if isinstance(variable, str):
        parsed = parse_formula(f"{variable} ~ 1")
        values, name = on_grid(data, unit, time, (parsed.outcome,), where, variable).values[0], variable
    else:
        values, name = _residuals(variable, unit, time), "the residuals"
    try:
        value, p, mean, _ = unit_roots.cross_section_dependence(values)
    except EstimationError as error:
        raise error.within(name) from error
    return Test(value, (), p, "no dependence across units", "normal", (("mean absolute correlation", mean),))


def _residuals(fit: Any, unit: str | None, time: str | None) -> FloatArray:
    request, residuals = getattr(fit, "request", None), getattr(getattr(fit, "estimate", None), "residuals", None)
    if request is None or residuals is None:
        raise UsageError(f"cross-section dependence is of a column or a fitted linear model, not {type(fit).__name__}")
    panel = request.panel
    keys = (unit or panel.unit, time or panel.time)
    if None in keys:
        raise UsageError("the units and times are not known", hint="unit='code', time='year'")
    frame = panel.frame[fit.design.rows].select(*keys).with_columns(e=residuals)
    parsed = parse_formula("e ~ 1")
    return on_grid(frame, *keys, (parsed.outcome,), None, "the residuals").values[0]
