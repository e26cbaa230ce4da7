"""What a dynamic panel is asked for: instruments and options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from econloom.core.errors import UsageError, did_you_mean
from econloom.core.expressions import names_in
from econloom.panel.formula import Factor, ModelSpec, Term
from econloom.panel.linear.dynamic import Transform

Where = Literal["difference", "level", "both"]
PROGRAMS = {
    1: "h=1: the identity (xtabond2 h(1))",
    2: "h=2: differences among themselves, identity in levels (DPD for Ox, gretl --dpdstyle, xtabond2 h(2))",
    3: "h=3: with the covariance between the equations (xtabond2's default, plm)",
}


@dataclass(frozen=True, slots=True)
class GmmIV:
    """Lags of variables as instruments, one for each period; made by :func:`gmm_iv`."""

    names: str
    lags: tuple[int, int | None]
    equation: Where
    collapse: bool | None


@dataclass(frozen=True, slots=True)
class StdIV:
    """Columns that are their own instruments; made by :func:`std_iv`."""

    names: str
    equation: Where
    untransformed: bool


def gmm_iv(
    names: str, lags: tuple[int, int | None] = (2, None), equation: Where = "both", collapse: bool | None = None
) -> GmmIV:
    """Lagged values as instruments of the transformed equation, lagged differences of that in levels.

    Parameters
    ----------
    names : str
        A variable, or several as ``"n + w"``; ``l(n, 1)`` counts lags from there.
    lags : (int, int or None)
        Nearest and farthest lag; ``(2, None)`` for endogenous variables, ``(1, None)`` for predetermined ones.
    equation : {"difference", "level", "both"}
        Of a system; a difference GMM has the first only.
    collapse : bool, optional
        One instrument a lag instead of one a lag and period (Roodman 2009); by default that of the call.

    Raises
    ------
    UsageError

    Examples
    --------
    >>> gmm_iv("n", lags=(2, 4))
    GmmIV(names='n', lags=(2, 4), equation='both', collapse=None)
    """
    equation = _known_equation(equation)
    whole = isinstance(lags, Sequence) and len(lags) == 2 and isinstance(lags[0], int)
    if not whole or not (lags[1] is None or isinstance(lags[1], int)):
        raise UsageError(f"lags: (nearest, farthest), such as (2, 4) or (2, None), not {lags!r}")
    near, far = lags
    if near < 0 or (far is not None and far < near):
        raise UsageError(f"lags {near} to {far}: the farthest is not nearer than the nearest, neither is negative")
    return GmmIV(names, (near, far), equation, collapse)


def std_iv(names: str, equation: Where = "both", untransformed: bool = False) -> StdIV:
    """Columns as their own instruments.

    Parameters
    ----------
    names : str
        ``"w"``, ``"l(w,0:1) + k"``, ``"i(year)"``.
    equation : {"difference", "level", "both"}
        Transformed in the first, as they are in the second; under ``both`` one column serves both.
    untransformed : bool
        As they are in both (``passthru`` of xtabond2).

    Examples
    --------
    >>> std_iv("i(year)", equation="level").equation
    'level'
    """
    return StdIV(names, _known_equation(equation), untransformed)


@dataclass(frozen=True)
class Options:
    """How a dynamic panel was estimated, as given to :func:`dynamic_panel`."""

    system: bool = True
    steps: int = 2
    collapse: bool = False
    windmeijer: bool = True
    h: int = 3
    transform: Transform = "differences"
    robust: bool = True
    small: bool = False

    def __post_init__(self) -> None:
        if self.steps not in (1, 2):
            raise UsageError(f"steps: 1 or 2, not {self.steps!r}")
        if self.h not in PROGRAMS:
            raise UsageError(f"h: 1, 2 or 3, not {self.h!r}", hint="; ".join(PROGRAMS.values()))
        if self.transform not in ("differences", "deviations"):
            raise UsageError(f"transform: 'differences' or 'deviations', not {self.transform!r}")

    @property
    def corrected(self) -> bool:
        """Whether the covariance is robust (one step) or corrected (two steps)."""
        return self.windmeijer if self.steps == 2 else self.robust

    @property
    def vcov(self) -> str:
        """The covariance in a word."""
        names = {(1, True): "robust", (1, False): "iid", (2, True): "windmeijer", (2, False): "two-step"}
        return names[(self.steps, self.corrected)]


def _known_equation(name: Where) -> Where:
    if name not in ("difference", "level", "both"):
        raise UsageError(f"equation: 'difference', 'level' or 'both', not {name!r}")
    return name


def default_instruments(
    model: ModelSpec, endogenous: Sequence[str], predetermined: Sequence[str]
) -> tuple[GmmIV | StdIV, ...]:
    """The instruments of a model that names none.

    Lags 2 and further of the outcome and of endogenous variables, 1 and further of predetermined ones; every other
    regressor is its own instrument in the transformed equation.

    Raises
    ------
    UsageError
        A name that is not in the formula, or is both.
    """
    used = {n for t in model.terms for n in columns_of(t)}
    for name in (*endogenous, *predetermined):
        if name not in used:
            raise UsageError(f"{name!r} is not in the formula{did_you_mean(name, used)}")
    if both := set(endogenous) & set(predetermined):
        raise UsageError(f"{min(both)!r} is named endogenous and predetermined")
    lagged = {*endogenous, *predetermined, *columns_of(model.outcome)}
    plain = [t for t in model.terms if not columns_of(t) & lagged]
    found: list[GmmIV | StdIV] = [gmm_iv(model.outcome.factors[0].text)]
    found += [gmm_iv(name) for name in endogenous]
    found += [gmm_iv(name, lags=(1, None)) for name in predetermined]
    found += [std_iv(":".join(f.text for f in t.factors), "difference") for t in plain]
    return tuple(found)


def columns_of(term: Term) -> set[str]:
    """Columns that a term is made of."""
    found: set[str] = set()
    for factor in term.factors:
        found |= {n.name for n in names_in(factor.node)} if isinstance(factor, Factor) else {str(factor.column)}
    return found
