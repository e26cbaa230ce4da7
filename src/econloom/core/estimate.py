"""What a fitted model says, free of arrays: the rows that tables and results files are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from econloom.core.lineage import SampleLog

Stage = Literal["first", "second", "reduced", "main"]
CONSTANT = "(Intercept)"


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A statistic that has no trustworthy value, with the reason."""

    reason: str

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Test:
    """A test statistic.

    Attributes
    ----------
    statistic : float
    df : tuple of float
        One entry for chi-squared and t, two for F.
    p_value : float
    null : str
        The hypothesis in words.
    distribution : {"chi2", "F", "t", "normal"}
    critical_values : tuple of (str, float)
        Tabulated ones with their names, such as ``("10% maximal IV size", 16.38)``.
    """

    __test__ = False  # not a pytest class

    statistic: float
    df: tuple[float, ...]
    p_value: float
    null: str
    distribution: Literal["chi2", "F", "t", "normal"]
    critical_values: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One row of a coefficient table; ``conf_low`` and ``conf_high`` bound the 95 per cent interval."""

    term: str
    estimate: float
    std_error: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True, slots=True)
class Tidy:
    """One model as rows and statistics.

    Attributes
    ----------
    outcome : str
        Name of the dependent variable as typed.
    coefficients : tuple of Coefficient
        In the order of the formula; the constant, where the convention prints one, last and named
        ``(Intercept)``.
    glance : mapping
        ``n, n_units, n_clusters, r2, r2_within, r2_within_unit, r2_adjusted, loglik, df_residual, ...``;
        a missing one is None.
    effects : tuple of str
        Fixed effects as typed, such as ``("code", "year")``.
    vcov, ssc : str
        ``cluster(code)`` and the small-sample convention.
    distribution : {"t", "normal"}
        Reference distribution of p values and stars, with ``df`` degrees of freedom for t.
    sample : SampleLog
        From the rows offered to n.
    removed : tuple of (str, str)
        Regressors left out and why, such as ``("x2", "collinear with x1")``.
    """

    outcome: str
    coefficients: tuple[Coefficient, ...]
    glance: Mapping[str, float | int | None]
    effects: tuple[str, ...]
    vcov: str
    ssc: str
    distribution: Literal["t", "normal"]
    df: float | None
    sample: SampleLog
    clusters: tuple[str, ...] = ()
    stage: Stage = "main"
    removed: tuple[tuple[str, str], ...] = ()
    formula: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def coefficient(self, term: str) -> Coefficient | None:
        """The row of ``term``, or None."""
        return next((c for c in self.coefficients if c.term == term), None)

    def holds(self, term: str) -> bool:
        """Whether ``term`` is in the model, with a coefficient or (``extra["adjusted"]``) without one to show."""
        return self.coefficient(term) is not None or term in self.extra.get("adjusted", ())


def stars(p_value: float | None, cuts: tuple[float, ...]) -> int:
    """Number of stars: how many of the cut-offs ``p_value`` lies below (strictly)."""
    if p_value is None or p_value != p_value:
        return 0
    return sum(p_value < cut for cut in cuts)
