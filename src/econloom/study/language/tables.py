"""Tables: regressions, grids of values, descriptions, mediation, causality, sensitivity, families."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from econloom.study.language.balance import BalanceTable as BalanceTable
from econloom.study.language.base import (
    Also,
    ColumnName,
    Columns,
    Count,
    Flag,
    Identifier,
    Labelled,
    Literals,
    Model,
    Names,
    Real,
    RowNames,
    Text,
    Title,
    Whole,
    one_or_many,
)
from econloom.study.language.columns import Column, Variant
from econloom.study.language.robust import Robust
from econloom.study.language.settings import Digits, Show, Ssc, Stars, Vcov, cutoffs
from econloom.study.language.table import Table as Table

Positions = Annotated[
    tuple[Count | Identifier, ...], BeforeValidator(one_or_many), Field(min_length=1), Also(items=True)
]  # columns by number or id


class Group(Labelled):
    """A header over several columns."""

    span: Count


class TableRow(Labelled):
    """A further row: a test, a statistic, or texts.

    ``test`` names an entry of a fit's tests (``at`` which columns), or a comparison of two columns (``of`` against
    ``against``).
    """

    test: Identifier | None = None
    stat: Identifier | None = None
    values: tuple[Title | float, ...] | None = None
    at: Positions | None = None
    of: Identifier | None = None
    against: Identifier | None = None
    options: dict[Identifier, Text] = Field({}, alias="with", description="Options of a comparison of two columns.")
    digits: Digits | None = None

    @model_validator(mode="after")
    def _one_content(self) -> Self:
        if sum(x is not None for x in (self.test, self.stat, self.values)) != 1:
            raise ValueError("a row has one of 'test', 'stat' and 'values'")
        if (self.against is not None) and self.of is None:
            raise ValueError("'against' needs 'of'")
        if self.options and self.against is None:
            raise ValueError("'with' belongs to a comparison of two columns (of, against)")
        if self.values is not None and not self.label:
            raise ValueError("a row of values needs 'zh' or 'en'")
        return self


class RowPanel(Labelled):
    """Panel A, B, …: a block of rows with its own models."""

    columns: tuple[Column, ...] = Field(min_length=1, max_length=40)


class ValuesTable(Table):
    """Values of one variable: units in columns and periods in rows, or the other way round."""

    kind: Literal["values"] = "values"
    values: ColumnName
    rows: ColumnName = Field(description="The key that gives the rows.")
    columns: Literals = Field(min_length=1, description="Values of the other key.")
    names: RowNames | None = Field(None, description="Columns that hold the names of the rows.")


class RegressionTable(Table):
    """Models side by side."""

    kind: Literal["regression"] = "regression"
    define: dict[Identifier, Column] = Field({}, description="Models that columns and rows refer to.")
    columns: tuple[Column, ...] = Field((), max_length=40)
    panels: tuple[RowPanel, ...] = Field((), description="Blocks of rows with their own models.")
    groups: tuple[Group, ...] = Field((), description="Headers over the columns; their spans fill the table.")
    by: Names | None = Field(None, description="Samples: the columns are repeated for each.")
    over: Names | None = Field(None, description="Splits: the columns are repeated for each group.")
    compare: Columns | None = Field(None, description="Terms whose difference between the groups is tested.")
    difference_tests: tuple[Literal["interaction", "suest", "permutation"], ...] = Field(
        ("interaction",), min_length=1, description="How: Chow's interaction, suest, Fisher's permutation."
    )
    draws: Count = Field(1_000, description="Draws of the permutation test.")
    seed: Whole = 1
    permute: ColumnName | None = Field(None, description="Column whose values are dealt together, or 'rows'.")
    vcov: Vcov | None = None
    ssc: Ssc | None = None
    weights: ColumnName | None = None
    stars: Stars | None = None
    show: Show = Show()
    order: Columns | None = Field(None, description="Terms in this order, the others after them.")
    rows: tuple[TableRow, ...] = ()
    row_digits: dict[Text, Digits] = Field({}, description="Decimals of single rows, by term or statistic.")
    scale: dict[Text, Literal["minmax", "minmax_parts", "z", "centre"]] = {}
    variants: tuple[Variant, ...] = Field(
        (), max_length=40, description="Columns after the one column: the same with something changed."
    )
    like: Identifier | None = Field(None, description="Take the columns (and what is not said) of this table.")
    replace: dict[Text, Text] = Field({}, description="Words of the taken formulas to exchange.")
    robust: Robust | None = Field(None, description="Estimators robust to staggered timing beside every column.")
    across_versions: Columns | None = Field(
        None, description="Terms whose estimates in every version stand in a second table."
    )

    _cutoffs = field_validator("stars")(cutoffs)

    @model_validator(mode="after")
    def _has_models(self) -> Self:
        given = [k for k in ("columns", "panels", "like") if getattr(self, k)]
        if len(given) != 1:
            raise ValueError("needs one of 'columns', 'panels' and 'like'" + (f", not {given}" if given else ""))
        if self.variants and (len(self.columns) != 1 or self.columns[0].formula is None):
            raise ValueError("'variants' are of one column with a formula")
        if self.replace and self.like is None:
            raise ValueError("'replace' belongs to 'like'")
        if self.by and self.over:
            raise ValueError("'by' (samples) and 'over' (splits) do not go together")
        if self.compare and not (self.by or self.over):
            raise ValueError("'compare' needs 'by' or 'over'")
        beside = {"difference_tests", "draws", "seed", "permute"} & self.model_fields_set
        if beside and not self.compare:
            raise ValueError(f"'{min(beside)}' belongs to 'compare'")
        if self.draws < 19:
            raise ValueError(f"draws: {self.draws} draws cannot reach a p value of 0.05")
        if (self.by or self.over) and self.panels:
            raise ValueError("'panels' and 'by' or 'over' do not go together")
        return self


class DescriptiveTable(Table):
    """N, mean, spread of variables."""

    kind: Literal["descriptive"]
    of: Literal["all"] | Columns = "all"
    stats: tuple[Literal["n", "mean", "sd", "min", "p25", "median", "p75", "max"], ...] = (
        "n",
        "mean",
        "sd",
        "min",
        "max",
    )
    name_extremes: Flag = Field(False, description="Name the unit and period of minimum and maximum.")


class CountRow(Labelled):
    """One count: the rows, or the units, where a condition holds."""

    where: Text
    of: ColumnName | None = Field(None, description="Count the values of this column, such as cities, not the rows.")
    names: Flag = Field(False, description="Name the values counted; needs 'of'.")

    @model_validator(mode="after")
    def _labelled(self) -> Self:
        if not self.label:
            raise ValueError("a count needs 'zh' or 'en'")
        if self.names and self.of is None:
            raise ValueError("'names' needs 'of': the column whose values are named")
        return self


class CountsTable(Table):
    """How many rows, or units, meet conditions; their share of those for which the condition is known."""

    kind: Literal["counts"]
    rows: tuple[CountRow, ...] = Field(min_length=1)


class CorrelationTable(Table):
    """Correlations of variables."""

    kind: Literal["correlation"]
    of: Columns
    stars: Stars | None = None

    _cutoffs = field_validator("stars")(cutoffs)


class VifTable(Table):
    """Variance inflation factors of a model's regressors."""

    kind: Literal["vif"]
    of: Text = Field(description="A formula.")


class MediationTable(Table):
    """Stepwise mediation on one sample."""

    kind: Literal["mediation"]
    y: ColumnName
    x: ColumnName
    m: Columns
    rest: Text = Field(description="Controls and effects: '$controls | city + year'.")
    rows_of: Literal["common", "each"] = Field("common", description="One sample for all steps, or each its own.")
    lead_y: tuple[Whole, ...] = (0,)
    merge_rows: dict[Text, Columns] = {}
    tests: tuple[Literal["ab", "sobel", "bootstrap", "bootstrap_bc", "share", "rho"], ...] = Field(
        ("ab",), min_length=1, description="Rows below the columns."
    )
    draws: Count = Field(1_000, description="Draws of the bootstrap.")
    seed: Whole = 1
    vcov: Vcov | None = None
    ssc: Ssc | None = None
    weights: ColumnName | None = None
    stars: Stars | None = None
    show: Show = Show()

    _cutoffs = field_validator("stars")(cutoffs)

    @model_validator(mode="after")
    def _draws_enough(self) -> Self:
        if self.draws < 99:
            raise ValueError(f"draws: {self.draws} draws are too few for an interval")
        return self


class GrangerTable(Table):
    """Panel causality tests (Dumitrescu and Hurlin)."""

    kind: Literal["granger"]
    pairs: tuple[tuple[ColumnName, ColumnName], ...] = Field(min_length=1, description="[effect, cause] each.")
    lags: Count | Literal["aic", "bic", "hqic"] = 1
    draws: Whole = Field(0, description="Of the bootstrap; 0 for none, else at least 99.")
    seed: Whole = 1

    @field_validator("draws")
    @classmethod
    def _enough(cls, draws: int) -> int:
        if 0 < draws < 99:
            raise ValueError("at least 99 draws, or 0 for none")
        return draws


Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[Real, Field(gt=0)]


class FlatPrior(Model):
    """A prior that is flat between two ends."""

    uniform: tuple[Real, Real]

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if self.uniform[0] >= self.uniform[1]:
            raise ValueError(f"uniform: [low, high], not [{self.uniform[0]:g}, {self.uniform[1]:g}]")
        return self


class SensitivityTable(Table):
    """How strong an omitted variable would have to be: Oster's delta, robustness values, bounds by controls.

    Of a column with instruments: bounds where they have direct effects (Conley, Hansen and Rossi).
    """

    kind: Literal["sensitivity"]
    of: Text = Field(description="A column of a table, such as t3.c1, or a formula.")
    term: ColumnName = Field(description="The treatment.")
    benchmarks: Columns = Field((), description="Controls, or $macros of controls, that an omitted one is likened to.")
    times: tuple[Positive, ...] = Field((1, 2, 3), min_length=1, description="How many times as strong.")
    q: Positive = Field(1, description="Share of the estimate that is explained away.")
    alpha: Share = 0.05
    r2_max: Annotated[float, Field(gt=0, le=1)] | None = Field(None, description="1.3 times the controlled R2 if none.")
    delta: Real = Field(1, description="Selection on unobservables, relative to controls, of the adjusted estimate.")
    beta: Real = Field(0, description="The coefficient that Oster's delta leads to.")
    base: Columns = Field((), description="Controls that belong to the short regression too.")
    support: dict[ColumnName, tuple[Real, Real] | Real] = Field(
        {}, description="Range of each instrument's direct effect: the union of confidence intervals."
    )
    prior: dict[ColumnName, tuple[Real, Annotated[Real, Field(ge=0)]] | FlatPrior] = Field(
        {}, description="Prior of it, [mean, sd] or {uniform: [low, high]}: the local-to-zero interval."
    )
    level: Share = Field(0.95, description="Of the intervals with direct effects of instruments.")
    weights: ColumnName | None = None

    @model_validator(mode="after")
    def _own_model(self) -> Self:
        given = {"panel", "sample", "weights"} & self.model_fields_set
        if given and "~" not in self.of:
            raise ValueError(f"'{min(given)}' belongs to a formula: the model {self.of!r} has its own")
        for name, ends in self.support.items():
            if isinstance(ends, tuple) and ends[0] > ends[1]:
                raise ValueError(f"support of {name}: [low, high], not [{ends[0]:g}, {ends[1]:g}]")
        direct, omitted = self.model_fields_set & DIRECT, self.model_fields_set & OMITTED
        if direct and omitted:
            raise ValueError(f"'{min(direct)}' (instruments) and '{min(omitted)}' (controls) do not go together")
        if direct == {"level"}:
            raise ValueError("'level' belongs to 'support' or 'prior'")
        return self


DIRECT = {"support", "prior", "level"}
OMITTED = {"benchmarks", "times", "q", "alpha", "r2_max", "delta", "beta", "base"}


Adjustment = Literal["romano_wolf", "holm", "bonferroni", "benjamini_hochberg"]


class FamilyMember(Labelled):
    """Hypotheses of a family: a term of one column of a table, or of every column that has it."""

    table: Identifier
    column: Count | Identifier | None = Field(None, description="Number or id; every column with the term if none.")
    term: ColumnName

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        parts = value.split(".", 2)
        if len(parts) != 3:
            raise ValueError("a member is table.column.term, such as t3.c2.x")
        return dict(zip(("table", "column", "term"), parts, strict=True))


class FamilyTable(Table):
    """P values adjusted for a family of hypotheses, from models of other tables."""

    kind: Literal["family"]
    name: Title | None = Field(None, description="Of the family, for the note; the title if none.")
    members: Annotated[tuple[FamilyMember, ...], Field(min_length=1), Also({"type": "array"})]
    methods: tuple[Adjustment, ...] = Field(("romano_wolf", "holm", "benjamini_hochberg"), min_length=1)
    draws: Count = Field(999, description="Draws of Romano and Wolf's bootstrap.")
    seed: Whole = 1
    bootstrap: Literal["wild", "pairs"] = "wild"
    signs: Literal["rademacher", "webb"] = Field("rademacher", description="Of the wild bootstrap.")

    @model_validator(mode="after")
    def _drawn(self) -> Self:
        if len(set(self.methods)) < len(self.methods):
            raise ValueError("a method is listed twice")
        beside = {"draws", "seed", "bootstrap", "signs"} & self.model_fields_set
        if beside and "romano_wolf" not in self.methods:
            raise ValueError(f"'{min(beside)}' belongs to the method romano_wolf")
        if "signs" in self.model_fields_set and self.bootstrap == "pairs":
            raise ValueError("'signs' belong to the wild bootstrap")
        if self.draws < 99:
            raise ValueError(f"draws: {self.draws} draws are too few")
        return self
