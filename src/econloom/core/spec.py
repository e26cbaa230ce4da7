"""What a model or a table is asked for, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from econloom.core.covariances import Draws as Draws
from econloom.core.covariances import Space as Space
from econloom.core.covariances import VcovKind as VcovKind
from econloom.core.covariances import VcovSpec as VcovSpec
from econloom.core.covariances import cluster as cluster
from econloom.core.covariances import hc1 as hc1
from econloom.core.covariances import hc2 as hc2
from econloom.core.covariances import hc3 as hc3
from econloom.core.covariances import iid as iid
from econloom.core.estimate import Unavailable
from econloom.core.labels import Label
from econloom.core.table import Style

ConstantName = Literal["auto", "none", "centred", "xtreg", "lsdv"]
SscName = Literal["fixest", "reghdfe", "xtreg", "areg", "ivreg2", "ivreg2_small", "none"]
Marks = Literal["style", "是", "控制", "Yes", "√"]
TextOrNumber = Label | str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Show:
    """What a regression table shows.

    Attributes
    ----------
    paren : {"se", "t", "p", "ci", "none"}
        What stands in parentheses under a coefficient; ``ci`` is the 95 per cent interval.
    r2 : {"r2", "r2_within", "r2_within_unit", "r2_adjusted", "none"}
        Which R2 stands below.
    constant : bool
        A row for the constant.
    effects : bool
        One yes/no row for each set of effects.
    controls : {"collapse", "full"}
        Collapsed to one yes/no row, or listed.
    merge_effects : bool
        One row for all effects, marked where a column has every one of them.
    statistics : tuple of str
        Further entries of ``Tidy.glance`` below R2, such as ``n_clusters``, ``mean_outcome``, ``loglik``.
    outcomes : {"each", "merge", "none"}
        The outcome above each column, one label above neighbours that share it, or not at all.
    numbers : bool
        The row of column numbers.
    marks : {"style", "是", "控制", "Yes", "√"}
        Words of the yes/no rows.
    funnel : bool
        Rows of the sample funnel below: rows offered, those outside the sample, with missing values, alone in a group.
    """

    paren: Literal["se", "t", "p", "ci", "none"] = "se"
    r2: Literal["r2", "r2_within", "r2_within_unit", "r2_adjusted", "none"] = "r2_within"
    constant: bool = True
    effects: bool = True
    controls: Literal["collapse", "full"] = "full"
    merge_effects: bool = False
    statistics: tuple[str, ...] = ()
    outcomes: Literal["each", "merge", "none"] = "each"
    numbers: bool = True
    marks: Marks = "style"
    funnel: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Neighbouring columns under one label; an empty label leaves them without one.

    Attributes
    ----------
    span : int
        Number of columns.
    """

    label: Label
    span: int


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One yes/no row for several sets of effects, such as 国家/年份固定效应.

    Attributes
    ----------
    effects : tuple of str
        As typed in the formulas; a column is marked where it has all of them.
    """

    label: Label
    effects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExtraRow:
    """A row of your own: one text, number or yes/no for each column.

    Attributes
    ----------
    cells : tuple
        A bool is printed as yes or no, an int as a count, a float with decimals, None as an empty cell.
    at : {"top", "effects", "bottom"}
        First of the block below the coefficients, after the effects, or last.
    digits : int or None
        Decimals; those of the table when None.
    name : str
        Last part of the addresses of its numbers; ``row1``, ``row2``, … without one.
    """

    label: Label
    cells: tuple[TextOrNumber, ...]
    at: Literal["top", "effects", "bottom"] = "bottom"
    digits: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A test of one column.

    Attributes
    ----------
    statistic : float or None
    p_value : float or None
        In square brackets, or as stars.
    critical : float or None
        In braces, such as the Stock-Yogo value.
    source : str or None
        Address; made from table, column and row when None.
    about : Label
        Null, law and degrees of freedom in words, for whom asks where the number comes from.
    """

    statistic: float | None
    p_value: float | None = None
    critical: float | None = None
    source: str | None = None
    about: Label = Label()


@dataclass(frozen=True, slots=True)
class DiagnosticRow:
    """Tests at chosen columns.

    Attributes
    ----------
    name : str
        Last part of the cells' addresses, such as ``cragg_donald_f``.
    cells : tuple of (Diagnostic, Unavailable or None)
        One a column; None is an empty cell, an Unavailable is a dash with its reason in the note.
    p : {"below", "beside", "stars", "none"}
        Where p values stand.
    critical : {"beside", "below", "none"}
        Where critical values stand.
    critical_label : Label
        What they are, for the note; 临界值 / critical values when empty.
    digits : int or None
    """

    name: str
    label: Label
    cells: tuple[Diagnostic | Unavailable | None, ...]
    p: Literal["below", "beside", "stars", "none"] = "below"
    critical: Literal["beside", "below", "none"] = "beside"
    critical_label: Label = Label()
    digits: int | None = None


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
    groups : tuple of Group
        Labels above columns, from the left; columns beyond the last group have none.
    over_groups : tuple of Group
        A second row of groups above the first.
    heads : tuple of Label
        A line of its own for each column, such as OLS or IV一阶段; empty for none.
    order : tuple of str
        Terms that come first, in this order; the others keep theirs.
    omit : tuple of str
        Terms that get no row.
    row_digits : tuple of (str, int)
        Decimals of one row, by term or statistic.
    effect_rows : tuple of EffectRow
        Instead of one row for each set of effects.
    extra_rows : tuple of ExtraRow
        Rows of your own.
    diagnostics : tuple of DiagnosticRow
        Rows of tests, after N and R2.
    style : Style
        Looks and words.
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
    groups: tuple[Group, ...] = ()
    over_groups: tuple[Group, ...] = ()
    heads: tuple[Label, ...] = ()
    order: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()
    row_digits: tuple[tuple[str, int], ...] = ()
    effect_rows: tuple[EffectRow, ...] = ()
    extra_rows: tuple[ExtraRow, ...] = ()
    diagnostics: tuple[DiagnosticRow, ...] = ()
    style: Style = Style()

    def label(self, name: str) -> Label:
        """The label of a column of the data, or its bare name."""
        for key, label in self.labels:
            if key == name and label:
                return label
        return Label.same(name)

    def digits_of(self, row: str) -> int:
        """Decimals of the row of a term or statistic."""
        return dict(self.row_digits).get(row, self.digits)
