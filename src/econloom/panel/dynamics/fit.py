"""A fitted dynamic panel: what a user holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from econloom.core.errors import did_you_mean
from econloom.core.estimate import CONSTANT, Test, Tidy, Unavailable
from econloom.core.lineage import SampleLog
from econloom.panel import hypotheses
from econloom.panel.absorb import FloatArray
from econloom.panel.columns import BoolArray
from econloom.panel.diagnostics import dynamics
from econloom.panel.diagnostics.wald import wald
from econloom.panel.dynamics.asked import PROGRAMS, Options
from econloom.panel.linear import dynamic
from econloom.panel.shown import Shown, coefficients

Result = Test | Unavailable


@dataclass(frozen=True, repr=False, eq=False)
class DynamicFit(Shown):
    """A dynamic panel estimated by GMM.

    Attributes
    ----------
    formula : str
    options : Options
    estimate : econloom.panel.linear.dynamic.DynamicEstimate
        Arrays: coefficients of both steps, instruments, residuals.
    names : tuple of str
        Of the coefficients, the constant last.
    sample : SampleLog
        From the rows offered to n: rows in levels of a system, transformed rows of a difference GMM.
    outcome : str
    complete : (N, T) bool array
        Where the model has every variable.
    levels : (N, T, 1 + k) array
        Outcome and regressors on the grid.
    removed : tuple of (str, str)
    dummies : frozenset of str
        Coefficients that are time effects: not among the rows of ``tidy()``.
    time : str
    """

    formula: str
    options: Options
    estimate: dynamic.DynamicEstimate
    names: tuple[str, ...]
    sample: SampleLog
    outcome: str
    complete: BoolArray
    levels: FloatArray
    removed: tuple[tuple[str, str], ...]
    dummies: frozenset[str]
    time: str

    @property
    def vcov(self) -> FloatArray:
        """Covariance of the coefficients, (k, k)."""
        return self.estimate.vcov * self._factor

    @property
    def instruments(self) -> tuple[str, ...]:
        """Names of the instruments that were used: ``L2.n@3`` is the second lag of n in the fourth period."""
        return self.estimate.instruments.names

    @property
    def _factor(self) -> float:
        """The small-sample factor of xtabond2's ``small``: n/(n-k), k without the constant, and G/(G-1) if robust."""
        if not self.options.small:
            return 1.0
        n, k, G = self.sample.n, sum(name != CONSTANT for name in self.names), self.estimate.stack.units
        return n / (n - k) * (G / (G - 1) if self.options.corrected else 1.0)

    @property
    def _df(self) -> float | None:
        if not self.options.small:
            return None
        return float(self.estimate.stack.units - 1 if self.options.corrected else self.sample.n - len(self.names))

    @cached_property
    def tests(self) -> Mapping[str, Result]:
        """Statistics by name, computed when asked for.

        ``wald``, ``ar1``, ``ar2`` (further orders as ``ar3`` ...), ``sargan``, ``hansen``, and for each group of
        instruments ``hansen_without[group]`` and ``difference_in_hansen[group]``.
        """
        return _Tests(self)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the numbers has to know."""
        found, used = self.estimate, self.estimate.instruments.size
        said = [f"{name} left out: {why}" for name, why in self.removed if name not in self.dummies]
        if used > found.stack.units:
            said.append(
                f"{used} instruments for {found.stack.units} units: the weighting overfits and Hansen's test has "
                "little power; collapse them or limit their lags (Roodman 2009)"
            )
        if found.steps[1].weight.rank < used:
            said.append(
                f"the covariance of the moments has rank {found.steps[1].weight.rank} of {used}: the second step "
                "weighs by its Moore-Penrose inverse; programs that take another generalised inverse differ"
            )
        return tuple(said)

    @property
    def summary(self) -> Tidy:
        """The model as rows and statistics, free of arrays."""
        df = self._df
        rows = coefficients(self.names, self.estimate.step.coefficients, self.vcov, df)
        kind = f"{'system' if self.options.system else 'difference'} GMM"
        return Tidy(
            outcome=self.outcome,
            coefficients=tuple(c for c in rows if c.term not in self.dummies),
            glance=self._statistics,
            effects=(self.time,) if self.dummies else (),
            vcov=self.options.vcov,
            ssc="xtabond2 small" if self.options.small else "none",
            distribution="normal" if df is None else "t",
            df=df,
            sample=self.sample,
            removed=tuple(r for r in self.removed if r[0] not in self.dummies),
            formula=self.formula,
            extra={
                "warnings": self.warnings,
                "estimator": f"{kind}, {'one step' if self.options.steps == 1 else 'two steps'}",
                "weighting": PROGRAMS[self.options.h],
            },
        )

    @cached_property
    def _statistics(self) -> dict[str, float | int | None]:
        values: dict[str, float | int | None] = {
            "n": self.sample.n,
            "n_units": self.estimate.stack.units,
            "n_clusters": self.estimate.stack.units,
            "n_instruments": self.estimate.instruments.size,
        }
        for name in ("ar1", "ar2", "sargan", "hansen"):
            found = self.tests[name]
            values[name] = found.statistic if isinstance(found, Test) else None
            values[f"{name}_p"] = found.p_value if isinstance(found, Test) else None
        return values


class _Tests(Mapping[str, Result]):
    """Tests of a fit by name, each computed when it is first asked for."""

    def __init__(self, fit: DynamicFit) -> None:
        self._fit = fit
        self._known: dict[str, Result] = {}

    def __getitem__(self, name: str) -> Result:
        if name not in self._known:
            self._known[name] = self._computed(name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        yield from ("wald", "ar1", "ar2", "sargan", "hansen")
        for group in self._groups():
            yield f"hansen_without[{group}]"
            yield f"difference_in_hansen[{group}]"

    def __len__(self) -> int:
        return 5 + 2 * len(self._groups())

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {hypotheses.show(self[name])}" for name in self)

    def _groups(self) -> dict[str, BoolArray]:
        """Which instruments each group has."""
        of = np.array(self._fit.estimate.instruments.groups, dtype=object)
        found = {g: of == g for g in dict.fromkeys(of) if g != "constant"}
        in_levels = np.array([str(g).endswith(" levels") for g in of])
        if in_levels.any() and len({g for g in of if str(g).endswith(" levels")}) > 1:
            found["gmm levels"] = in_levels
        return found

    def _computed(self, name: str) -> Result:
        fit, found = self._fit, self._fit.estimate
        if name == "wald":
            at = [j for j, n in enumerate(fit.names) if n != CONSTANT]
            null = f"{', '.join(fit.names[j] for j in at)}: zero"
            return wald(found.step.coefficients[at], fit.vcov[np.ix_(at, at)], fit._df, null)
        if name.startswith("ar") and name[2:].isdigit() and int(name[2:]) > 0:
            y, X = fit.levels[:, :, 0], fit.levels[:, :, 1:]
            return dynamics.autocorrelation(found, fit.complete, y, X, int(name[2:]))
        if name in ("sargan", "hansen"):
            return dynamics.sargan(found) if name == "sargan" else dynamics.hansen(found)
        for group, members in self._groups().items():
            if name in (f"hansen_without[{group}]", f"difference_in_hansen[{group}]"):
                pair = dynamics.difference_in_hansen(found, members)
                return pair[name.startswith("difference")]
        raise KeyError(f"no test {name!r} of this model{did_you_mean(name, list(self))}; it has {', '.join(self)}")
