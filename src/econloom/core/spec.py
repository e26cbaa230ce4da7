"""What a model or a table is asked for, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from econloom.core.errors import UsageError
from econloom.core.labels import Label

VcovKind = Literal["iid", "hc1", "cluster"]
SscName = Literal["fixest", "xtreg", "none"]


@dataclass(frozen=True, slots=True)
class VcovSpec:
    """Which covariance of the coefficients.

    Attributes
    ----------
    kind : str
        ``iid``, ``hc1`` or ``cluster``.
    clusters : tuple of str
        Column names; empty unless ``kind`` is ``cluster``.
    """

    kind: VcovKind = "iid"
    clusters: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"cluster({', '.join(self.clusters)})" if self.clusters else self.kind


def iid() -> VcovSpec:
    """Homoskedastic, uncorrelated errors: ``s2 (X'X)^-1``."""
    return VcovSpec("iid")


def hc1() -> VcovSpec:
    """Heteroskedasticity-robust (White) with the degrees-of-freedom factor n/(n-K)."""
    return VcovSpec("hc1")


def cluster(*columns: str) -> VcovSpec:
    """Errors correlated within the groups of one column.

    Parameters
    ----------
    *columns : str
        The cluster column.

    Raises
    ------
    UsageError
        No column is named, or more than one (multi-way clustering is not built yet).
    """
    if not columns:
        raise UsageError("cluster() needs a column", hint="el.cluster('code')")
    if len(columns) > 1:
        raise UsageError(
            f"clustering in {len(columns)} ways ({', '.join(columns)}) is not built yet",
            hint="cluster by one column; make a joint one for their intersection",
        )
    return VcovSpec("cluster", tuple(columns))


@dataclass(frozen=True, slots=True)
class Show:
    """What a regression table shows.

    Attributes
    ----------
    paren : {"se", "t", "p", "none"}
        What stands in parentheses under a coefficient.
    r2 : {"r2", "r2_within", "r2_within_unit", "none"}
        Which R2 stands below.
    constant : bool
        A row for the constant.
    effects : bool
        One yes/no row for each set of effects.
    controls : {"collapse", "full"}
        Collapsed to one yes/no row, or listed.
    """

    paren: Literal["se", "t", "p", "none"] = "se"
    r2: Literal["r2", "r2_within", "r2_within_unit", "none"] = "r2_within"
    constant: bool = True
    effects: bool = True
    controls: Literal["collapse", "full"] = "full"


@dataclass(frozen=True, slots=True)
class TableSpec:
    """Everything a regression table needs beside its models.

    Attributes
    ----------
    id : str
        ``t3``; the stem of its files.
    title : Label
        Above the table.
    show : Show
        Rows and brackets.
    stars : tuple of float
        Cut-offs from weakest to strongest, such as (.10, .05, .01); empty for none.
    digits : int
        Decimals of coefficients, brackets and R2.
    controls : tuple of str
        Terms that ``show.controls = "collapse"`` folds into one row.
    labels : tuple of (str, Label)
        Labels of terms, outcomes and effects by name.
    notes : tuple of Label
        Printed after the generated note.
    stub : Label
        Header of the label column; a regression table says 变量 / Variable when it is empty.
    """

    id: str
    title: Label
    show: Show = Show()
    stars: tuple[float, ...] = (0.10, 0.05, 0.01)
    digits: int = 4
    controls: tuple[str, ...] = ()
    labels: tuple[tuple[str, Label], ...] = ()
    notes: tuple[Label, ...] = ()
    stub: Label = Label()

    def label(self, name: str) -> Label:
        """The label of a column of the data, or its bare name."""
        for key, label in self.labels:
            if key == name and label:
                return label
        return Label.same(name)
