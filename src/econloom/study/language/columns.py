"""The columns of regression tables: models, and variants of one model."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from econloom.study.language.base import (
    ColumnName,
    Columns,
    Count,
    Identifier,
    Labelled,
    Model,
    ShortForm,
    Text,
    Title,
    Whole,
)
from econloom.study.language.robust import Robust
from econloom.study.language.settings import Ssc, Vcov

Estimator = Literal[
    "ols",
    "iv",
    "liml",
    "gmm",
    "pooled",
    "random_effects",
    "between",
    "first_difference",
    "difference_gmm",
    "system_gmm",
    "bias_corrected",
    "tobit",
    "tobit_re",
    "fractional",
    "poisson",
    "logit",
]


def _ordered(period: tuple[int, int]) -> tuple[int, int]:
    if period[0] > period[1]:
        raise ValueError(f"the first period {period[0]} is after the last {period[1]}")
    return period


Period = Annotated[tuple[Whole, Whole], AfterValidator(_ordered)]
Tail = Annotated[float, Field(ge=0, le=1)]


class PlaceboDates(Model):
    """Dates of a treatment moved to earlier periods: a placebo test in time (docs/placebo.md)."""

    of: ColumnName = Field(description="The treatment, a term of the model.")
    earlier: Count = Field(1, description="Periods.")
    real_treatment: Literal["drop", "keep"] = Field("drop", description="Rows under real treatment.")
    unit: ColumnName | None = Field(None, description="What treatment is assigned to: the policy's, or the panel's.")
    cohort: ColumnName | None = Field(None, description="Column of the batch, where rows do not show a date.")


class Prepare(Model):
    """What is done to the columns of a model before it is estimated."""

    dates: PlaceboDates | None = None
    winsorise: tuple[Tail, Tail] | None = None
    trim: tuple[Tail, Tail] | None = None
    of: Columns | None = Field(None, description="Only these columns; else all that the model uses.")
    by: ColumnName | None = Field(None, description="Percentiles within the groups of this column.")
    rule: Literal["winsor", "pctile", "centile", "linear"] = Field("winsor", description="docs/cleaning.md")

    @model_validator(mode="after")
    def _tails_ordered(self) -> Self:
        if self.winsorise is not None and self.trim is not None:
            raise ValueError("'winsorise' and 'trim' do not go together")
        if self.winsorise is None and self.trim is None:
            if self.dates is None:
                raise ValueError("needs 'winsorise', 'trim' or 'dates'")
            if beside := {"of", "by", "rule"} & self.model_fields_set:
                raise ValueError(f"'{min(beside)}' belongs to 'winsorise' or 'trim'")
        for tails in (self.winsorise, self.trim):
            if tails is not None and tails[0] >= tails[1]:
                raise ValueError(f"the lower percentile ({tails[0]}) is not below the upper ({tails[1]})")
            if tails == (0, 1):
                raise ValueError("percentiles 0 and 1 cut nothing")
        return self


class Column(ShortForm):
    """One model of a table, or one stage of a named model."""

    id: Identifier | None = None
    formula: Text | None = None
    of: Identifier | None = Field(None, description="A model under 'define', or the id of another column.")
    stage: Literal["first", "second", "reduced"] | None = None
    endogenous: ColumnName | None = Field(None, description="Whose first stage, where there are several.")
    head: Title | None = Field(None, description="Header in place of the outcome.")
    estimator: Estimator | None = None
    options: dict[Identifier, Any] = Field({}, alias="with", description="Options of the estimator.")
    panel: Identifier | None = None
    sample: Identifier | None = None
    vcov: Vcov | None = None
    ssc: Ssc | None = None
    weights: ColumnName | None = None
    prepare: Prepare | None = None
    where: Text | None = Field(None, description="Rows of this column, within its sample.")
    period: Period | None = Field(None, description="First and last period of this column.")
    replace: dict[Text, Text] = Field({}, description="Words of the formula to exchange, macros spelt out.")
    robust: Robust | None = Field(None, description="Estimators robust to staggered timing, in columns beside it.")

    @classmethod
    def short_form(cls) -> str:
        """A text is the formula."""
        return "formula"

    @model_validator(mode="after")
    def _formula_or_reference(self) -> Self:
        if (self.formula is None) == (self.of is None):
            raise ValueError("needs either 'formula' or 'of'")
        if self.stage is not None and self.of is None and self.estimator not in {None, "iv", "liml", "gmm"}:
            raise ValueError(f"{self.estimator} has no stages")
        if self.endogenous is not None and self.stage != "first":
            raise ValueError("'endogenous' belongs to a first stage")
        if self.robust is not None and self.stage is not None:
            raise ValueError("'robust' stands beside a two-way estimate, not a stage of instruments")
        return self


class Variant(Labelled):
    """A column that is another one with something changed: a line of a robustness table."""

    outcome: Text | None = Field(None, description="Another outcome.")
    lag: dict[ColumnName, Count] = Field({}, description="{trade: 1}: l(trade, 1) in place of trade.")
    replace: dict[Text, Text] = Field({}, description="Words of the formula to exchange.")
    sample: Identifier | None = None
    where: Text | None = None
    period: Period | None = None
    prepare: Prepare | None = Field(None, description="Winsorising, trimming, or dates moved earlier.")
    estimator: Estimator | None = None
    options: dict[Identifier, Any] = Field({}, alias="with", description="Options of the estimator.")
    vcov: Vcov | None = None
    ssc: Ssc | None = None
    weights: ColumnName | None = None

    @model_validator(mode="after")
    def _named_and_different(self) -> Self:
        if not self.label:
            raise ValueError("a variant needs 'zh' or 'en': what is different")
        if not self.model_fields_set - {"zh", "en"}:
            raise ValueError("a variant changes something: outcome, lag, replace, sample, where, period, prepare, ...")
        return self

    def of(self, base: Column) -> Column:
        """The column that this variant of another one is."""
        assert base.formula is not None
        left, _, right = base.formula.partition("~")
        words = dict(base.replace) | {n: f"l({n}, {k})" for n, k in self.lag.items()} | self.replace
        kept = {"sample", "where", "period", "prepare", "estimator", "options", "vcov", "ssc", "weights"}
        changes: dict[str, Any] = {k: getattr(self, k) for k in kept & self.model_fields_set}
        formula = f"{self.outcome or left.strip()} ~ {right.strip()}"
        head = Title(zh=self.zh, en=self.en)
        return base.model_copy(
            update={"id": None, "robust": None, "formula": formula, "head": head, "replace": words, **changes}
        )
