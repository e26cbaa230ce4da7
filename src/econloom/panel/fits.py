"""Several fits of one formula."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import polars as pl

from econloom.core.spec import VcovSpec
from econloom.panel.fitted import Fit


@dataclass(frozen=True, repr=False, eq=False)
class Fits(Sequence[Fit]):
    """The fits of a formula that stands for several models, in its order.

    Attributes
    ----------
    members : tuple of Fit
    """

    members: tuple[Fit, ...]

    @overload
    def __getitem__(self, at: int) -> Fit: ...
    @overload
    def __getitem__(self, at: slice) -> Fits: ...
    def __getitem__(self, at: int | slice) -> Fit | Fits:
        return Fits(self.members[at]) if isinstance(at, slice) else self.members[at]

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[Fit]:
        return iter(self.members)

    def tidy(self) -> pl.DataFrame:
        """The coefficients of all models below one another; ``model`` counts from 1, ``formula`` is the model's own."""
        return pl.concat(self._numbered(n, fit, fit.tidy()) for n, fit in enumerate(self.members, 1))

    def glance(self) -> pl.DataFrame:
        """The statistics, one row a model."""
        rows = [self._numbered(n, fit, fit.glance()) for n, fit in enumerate(self.members, 1)]
        return pl.concat(rows, how="diagonal")

    def with_vcov(self, vcov: VcovSpec) -> Fits:
        """Every fit with another covariance."""
        return Fits(tuple(fit.with_vcov(vcov) for fit in self.members))

    @staticmethod
    def _numbered(number: int, fit: Fit, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select(pl.lit(number).alias("model"), pl.lit(fit.request.model.text).alias("formula"), pl.all())

    def __repr__(self) -> str:
        return "\n\n".join(f"[{n}] {fit!r}" for n, fit in enumerate(self.members, 1))

    def _repr_html_(self) -> str:
        return "\n".join(fit._repr_html_() for fit in self.members)
