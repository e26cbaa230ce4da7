"""A model as a statement: what is estimated, on which prepared columns, free of any program's notation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Compared = Literal["both", "estimate", "none"]


@dataclass(frozen=True, slots=True)
class Native:
    """A term that programs can make from other prepared columns, to the same numbers.

    Attributes
    ----------
    kind : {"column", "lag", "level", "product"}
    column : str
        Prepared column; of a product empty.
    value : int
        Periods of a lag (negative for a lead), or the value of a level.
    parts : tuple of Native
        Factors of a product.
    """

    kind: Literal["column", "lag", "level", "product"]
    column: str = ""
    value: int = 0
    parts: tuple[Native, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """A term of a model.

    Attributes
    ----------
    term : str
        As econloom's results name it.
    column : str
        The prepared column that holds its values.
    native : Native
        How programs can write it; the column itself where they cannot.
    """

    term: str
    column: str
    native: Native


@dataclass(frozen=True, slots=True)
class Effect:
    """A set of fixed effects.

    Attributes
    ----------
    name : str
    columns : tuple of str
        Prepared numeric columns whose combinations are its groups.
    group : str
        One prepared column of the groups.
    levels : int
    slopes : tuple of Variable
    own : bool
        Whether groups have an effect beside their slopes.
    """

    name: str
    columns: tuple[str, ...]
    group: str
    levels: int
    slopes: tuple[Variable, ...] = ()
    own: bool = True


@dataclass(frozen=True, slots=True)
class Errors:
    """How standard errors are computed.

    Attributes
    ----------
    kind : str
        As in :class:`econloom.core.covariances.VcovSpec`.
    said : str
        For a reader: ``cluster(code)``.
    clusters : tuple of str
        A prepared column of each way.
    lags : int
    convention : str
        Whose small-sample rules.
    factor : float or None
        What the raw covariance is multiplied by.
    parameters : int
        K of the convention.
    groups : int or None
        G of the convention.
    programs : mapping of str to float
        The factor that each convention would have here.
    """

    kind: str
    said: str
    clusters: tuple[str, ...] = ()
    lags: int = 0
    convention: str = "none"
    factor: float | None = None
    parameters: int = 0
    groups: int | None = None
    programs: Mapping[str, float] = field(default_factory=dict)

    def scale(self, program: str) -> float | None:
        """What a program's covariance is multiplied by to follow the convention; None where that is not known."""
        if self.factor is None or not self.programs.get(program):
            return None
        ratio = self.factor / self.programs[program]
        return 1.0 if abs(ratio - 1) < 1e-12 else ratio


@dataclass(frozen=True, slots=True)
class Expected:
    """A coefficient of econloom's run."""

    term: str
    estimate: float
    std_error: float


@dataclass(frozen=True, slots=True)
class Statement:
    """One estimation.

    Attributes
    ----------
    id : str
        Name of the stored estimate: ``t3_c3``.
    addresses : tuple of str
        Columns that show it, the first is where it is estimated.
    method : str
        Key of the writers' rules: ``ols``, ``iv``, ``random_effects`` ...
    formula : str
        As the study has it.
    data : str
        Prepared data set.
    sample : str
        Prepared column that is 1 in its rows.
    funnel : str
        How the sample came about.
    n : int
    outcome : Variable
    regressors, endogenous, instruments : tuple of Variable
    effects : tuple of Effect
    intercept : bool
    unit, time : str or None
        Prepared numeric columns of the panel's keys.
    unit_effect : int or None
        Which effect is the unit of ``xtreg``.
    errors : Errors
    constant : {"none", "intercept", "centred", "xtreg", "lsdv"}
        What the row ``(Intercept)`` is.
    weights : str or None
    singletons : bool
        Whether rows alone in a group of an effect are among the sample.
    expected : tuple of Expected
    options : mapping
        Of the estimator.
    removed : tuple of (str, str)
        Terms left out by econloom, and why.
    balanced : bool
        Whether all units have as many rows.
    """

    id: str
    addresses: tuple[str, ...]
    method: str
    formula: str
    data: str
    sample: str
    funnel: str
    n: int
    outcome: Variable
    regressors: tuple[Variable, ...]
    errors: Errors
    expected: tuple[Expected, ...]
    endogenous: tuple[Variable, ...] = ()
    instruments: tuple[Variable, ...] = ()
    effects: tuple[Effect, ...] = ()
    intercept: bool = True
    unit: str | None = None
    time: str | None = None
    unit_effect: int | None = None
    constant: str = "none"
    weights: str | None = None
    singletons: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    removed: tuple[tuple[str, str], ...] = ()
    balanced: bool = True

    @property
    def variables(self) -> tuple[Variable, ...]:
        """All terms, the outcome first."""
        slopes = (v for e in self.effects for v in e.slopes)
        return (self.outcome, *self.endogenous, *self.regressors, *self.instruments, *slopes)

    @property
    def sloped(self) -> bool:
        """Whether an effect has varying slopes."""
        return any(e.slopes for e in self.effects)


@dataclass(frozen=True, slots=True)
class Described:
    """A table of descriptive statistics.

    Attributes
    ----------
    id : str
        The table.
    data, sample : str
        Prepared data, and the column that is 1 in its rows.
    columns : mapping of str to str
        Prepared column by econloom's name.
    numbers : mapping of (str, str) to float
        By econloom's name and statistic: n, mean, sd, min, max.
    """

    id: str
    data: str
    sample: str
    columns: Mapping[str, str]
    numbers: Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that is not exported, or not compared.

    Attributes
    ----------
    what : str
        Its address: ``t4.c3``, ``figure f2``, ``t5.c1.(Intercept)``.
    why : str
    """

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """A coefficient as a script compares it.

    Attributes
    ----------
    model : str
        Id of the statement.
    address : str
        ``t3.c3.tbi``.
    coefficient : str
        Its name in the program.
    estimate, std_error : float
    compared : {"both", "estimate", "none"}
    why : str
        Why not both.
    """

    model: str
    address: str
    coefficient: str
    estimate: float
    std_error: float
    compared: Compared = "both"
    why: str = ""
