"""Tests of restrictions that compare sums of squares."""

from __future__ import annotations

from econloom.core.estimate import Test, Unavailable
from econloom.panel.diagnostics.wald import f_test


def restriction_f(rss_restricted: float, rss: float, q: int, df: int, null: str) -> Test | Unavailable:
    """``F = ((rss_restricted - rss) / q) / (rss / df)``.

    Parameters
    ----------
    rss_restricted, rss : float
        Sums of squared residuals with and without the restrictions.
    q, df : int
        Number of restrictions; residual degrees of freedom without them.
    null : str

    Examples
    --------
    >>> restriction_f(12.0, 10.0, 2, 10, "").statistic
    1.0
    """
    if q < 1:
        return Unavailable("there is nothing to test: no degree of freedom lies between the models")
    if df < 1 or rss <= 0:
        return Unavailable("no degrees of freedom are left")
    return f_test((rss_restricted - rss) / q / (rss / df), (q, df), null)
