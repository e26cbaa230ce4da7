"""The distribution of a statistic over draws, with the true value among them, as data of a figure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from econloom.core.errors import UsageError
from econloom.core.labels import Label

FloatArray = npt.NDArray[np.float64]
POINTS = 256


@dataclass(frozen=True, slots=True)
class Density:
    """A density of draws and a line at the true value.

    Attributes
    ----------
    values : tuple of float
        One a draw.
    real : float
        Of the true assignment: a dashed line.
    value_label, density_label, draws_label, real_label : Label
        Of the axes, the curve and the line.
    columns : tuple of (str, tuple)
        The draws in full, for a file beside the figure.
    statistics : tuple of (str, float)
        What is said of them in numbers.
    warnings : tuple of str
    """

    id: str
    title: Label
    values: tuple[float, ...]
    real: float
    value_label: Label = Label()
    density_label: Label = Label(zh="密度", en="Density")
    draws_label: Label = Label(zh="安慰剂抽取", en="Placebo draws")
    real_label: Label = Label(zh="真实估计", en="True estimate")
    notes: tuple[Label, ...] = ()
    columns: tuple[tuple[str, tuple[float | str | None, ...]], ...] = ()
    statistics: tuple[tuple[str, float], ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.values:
            raise UsageError(f"figure {self.id}: empty (it needs a draw)")
        if not np.isfinite([*self.values, self.real]).all():
            raise UsageError(f"figure {self.id}: draws and the true value are finite numbers")

    def curve(self) -> tuple[FloatArray, FloatArray]:
        """Places and heights of a Gaussian kernel density, both empty where all draws are equal.

        The bandwidth is ``0.9 min(sd, IQR / 1.34) n^(-1/5)`` (Silverman 1986, equation 3.31).

        Examples
        --------
        >>> x, height = Density("f", Label(), (-1.0, 0.0, 0.5, 1.0), 2.0).curve()
        >>> round(float((height[1:] + height[:-1]) @ np.diff(x) / 2), 3)
        1.0
        """
        values = np.asarray(self.values)
        spread = [float(values.std(ddof=1)) if len(values) > 1 else 0.0]
        spread.append(float(np.subtract(*np.percentile(values, [75, 25]))) / 1.34)
        width = 0.9 * min([s for s in spread if s > 0], default=0.0) * len(values) ** -0.2
        if not width > 0:
            return np.zeros(0), np.zeros(0)
        x = np.linspace(values.min() - 4 * width, values.max() + 4 * width, POINTS)
        heights = np.exp(-0.5 * ((x[:, None] - values) / width) ** 2).sum(axis=1)
        return x, heights / (len(values) * width * np.sqrt(2 * np.pi))

    def csv(self) -> bytes:
        """The draws in full as a csv file."""
        frame = pl.DataFrame({name: list(values) for name, values in self.columns})
        return frame.write_csv().encode("utf-8")
