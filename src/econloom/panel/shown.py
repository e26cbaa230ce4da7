"""What fits of every kind show of their summary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy import special

from econloom.core.estimate import Coefficient, Tidy
from econloom.panel import show
from econloom.panel.absorb import FloatArray


class Shown:
    """What a fit shows of its summary."""

    @property
    def summary(self) -> Tidy:
        """The model as rows and statistics, free of arrays."""
        raise NotImplementedError

    def tidy(self) -> pl.DataFrame:
        """One row a coefficient: term, estimate, std_error, statistic, p_value, conf_low, conf_high (95 per cent)."""
        fields = ("term", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")
        return pl.DataFrame({f: [getattr(c, f) for c in self.summary.coefficients] for f in fields})

    def glance(self) -> pl.DataFrame:
        """One row of statistics: n, n_units and those of the estimator."""
        values = self.summary.glance
        schema = {k: pl.Int64 if k.startswith("n") else pl.Float64 for k in values}
        return pl.DataFrame({k: [v] for k, v in values.items()}, schema=schema)

    def __repr__(self) -> str:
        return show.text(self.summary)

    def _repr_html_(self) -> str:
        return show.html(self.summary)


def coefficients(names: Sequence[str], b: FloatArray, vcov: FloatArray, df: float | None) -> tuple[Coefficient, ...]:
    """Rows of a coefficient table, by t with ``df`` degrees of freedom or by the normal law."""
    error = np.sqrt(np.diag(vcov))
    ratio = b / error
    p = 2 * (special.ndtr(-np.abs(ratio)) if df is None else special.stdtr(df, -np.abs(ratio)))
    reach = (special.ndtri(0.975) if df is None else special.stdtrit(df, 0.975)) * error
    rows = zip(names, b, error, ratio, p, b - reach, b + reach, strict=True)
    return tuple(Coefficient(name, *map(float, numbers)) for name, *numbers in rows)
