"""What a reader knows beside the print: the design of a study, which makes some findings certain under a condition."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from econloom.core.errors import UsageError, did_you_mean

FEWEST_CLUSTERS = 5  # fewer clusters than this are not taken for a plausible source of degrees of freedom
_PARENS = ("se", "t", "p", "ci")


@dataclass(frozen=True, slots=True)
class Given:
    """The stated design.

    Attributes
    ----------
    text : str
        The paper's text, whose claims are held against the tables.
    units, periods : int or None
        Of the panel: N is at most their product, and a lag costs a period.
    clusters : int or None
        Number of clusters: significance rests on t with one less, on residual degrees of freedom, or on the normal
        distribution.
    fewest_clusters : int
        The least number of clusters taken for plausible where it is not known.
    cutoffs : sequence of float
        Levels of one star, two, three; instead of those of the note.
    parens : {"se", "t", "p", "ci"} or None
        What brackets hold, where the note does not say it.
    integers, shares : sequence of str
        Rows of descriptive tables that hold whole numbers, or shares between 0 and 1.
    lr_df : int or None
        Degrees of freedom of likelihood-ratio tests.
    identities : sequence of str
        Exact identities between rows, such as ``"EcGI = (Tr + Fi) / 2"`` or ``"gap = wage * 270 / 269"``.

    Raises
    ------
    UsageError
        A value that cannot be.

    Examples
    --------
    >>> Given(units=26, periods=14, clusters=26).most_rows
    364
    """

    text: str = ""
    units: int | None = None
    periods: int | None = None
    clusters: int | None = None
    fewest_clusters: int = FEWEST_CLUSTERS
    cutoffs: Sequence[float] = ()
    parens: str | None = None
    integers: Sequence[str] = ()
    shares: Sequence[str] = ()
    lr_df: int | None = None
    identities: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("units", "periods", "clusters", "lr_df"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise UsageError(f"{name} is {value!r}, not a whole number above 0")
        if type(self.fewest_clusters) is not int or self.fewest_clusters < 2:
            raise UsageError(f"fewest_clusters is {self.fewest_clusters!r}; two clusters are the least")
        if self.parens is not None and self.parens not in _PARENS:
            raise UsageError(f"parens is {self.parens!r}{did_you_mean(self.parens, _PARENS)}",
                             hint="brackets hold se, t, p or ci")  # fmt: skip
        object.__setattr__(self, "cutoffs", tuple(self.cutoffs))
        for name in ("integers", "shares", "identities"):
            if isinstance(getattr(self, name), str):
                raise UsageError(f"{name} is a text; give a list")
        self._check_cutoffs()

    def _check_cutoffs(self) -> None:
        cuts = self.cutoffs
        if len(cuts) > 3 or any(not (math.isfinite(c) and 0 < c < 1) for c in cuts):
            raise UsageError(f"cut-offs are {list(cuts)}; give up to three levels between 0 and 1")
        if list(cuts) != sorted(cuts, reverse=True) or len(set(cuts)) < len(cuts):
            raise UsageError(f"cut-offs are {list(cuts)}; one star is the weakest level, so they must fall",
                             hint="cutoffs=(0.10, 0.05, 0.01)")  # fmt: skip

    @property
    def most_rows(self) -> int | None:
        """Units times periods."""
        return self.units * self.periods if self.units and self.periods else None
