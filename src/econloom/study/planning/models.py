"""From the columns of a table to models: references resolved, formulas expanded and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from econloom.core.errors import ExpressionError, UsageError, did_you_mean
from econloom.core.expressions import tokenize
from econloom.data import expressions
from econloom.data.expressions import Scope
from econloom.panel.formula import ModelSpec, parse_formulas
from econloom.study.document import KeyPath
from econloom.study.estimators import ESTIMATORS, check_options
from econloom.study.language.columns import Column
from econloom.study.language.settings import Vcov
from econloom.study.language.tables import RegressionTable
from econloom.study.planning import companions, placebos, prepared
from econloom.study.planning.draft import Draft, PanelDraft
from econloom.study.planning.shown import Shown as Shown
from econloom.study.planning.shown import keyed

_POOLED_SSC = "fixest"  # without effects: (n - 1) / (n - k), as every program has it


@dataclass(frozen=True)
class Repeat:
    """What the columns of a table are repeated for: nothing, a sample, or a group of a split.

    Attributes
    ----------
    sample, split : str or None
    place : int
        Of the group among those of the split, from the lowest.
    name : str
        In results: the sample, or ``size: low``.
    """

    sample: str | None = None
    split: str | None = None
    place: int = 0
    name: str = ""


ONCE = Repeat()


class TableModels:
    """The models of one regression table."""

    def __init__(self, draft: Draft, table: str, spec: RegressionTable, path: KeyPath) -> None:
        self.draft = draft
        self.table = table
        self.spec = spec
        self.path = path
        self.words = spec.replace

    def named(self) -> dict[str, tuple[Column, KeyPath]]:
        """Models that columns and rows may refer to: those under ``define`` and the columns with an id."""
        found = {n: (c, (*self.path, "define", n)) for n, c in self.spec.define.items()}
        for column, path in self.columns():
            if column.id is not None:
                if column.id in found:
                    self.draft.problem(UsageError(f"the id {column.id!r} is there twice"), path)
                found[column.id] = (column, path)
        return found

    def columns(self) -> Iterator[tuple[Column, KeyPath]]:
        """The written columns with their places, panel by panel."""
        for number, column in enumerate(self.spec.columns):
            yield column, (*self.path, "columns", number)
        for number, variant in enumerate(self.spec.variants):
            yield variant.of(self.spec.columns[0]), (*self.path, "variants", number)
        for block, panel in enumerate(self.spec.panels):
            for number, column in enumerate(panel.columns):
                yield column, (*self.path, "panels", block, "columns", number)

    def shown(self) -> list[Shown]:
        """Every column of the table, stepwise formulas, samples and splits multiplied out."""
        found: list[Shown] = []
        for repeat in self.repeats():
            for column, path in self.columns():
                for made in self.column(column, path, repeat):
                    found += companions.beside(self.draft, self.spec, column, made, path)
        return [c for column in found for c in (*self.first_stages(column), column)]

    def repeats(self) -> list[Repeat]:
        """What the columns are repeated for."""
        spec, known = self.spec, self.draft.spec
        if spec.over:
            splits = [
                (name, known.splits[name].rule)
                for number, name in enumerate(spec.over)
                if self.draft.one_of(name, known.splits, "split", (*self.path, "over", number))
            ]
            return [
                Repeat(None, name, place, f"{name}: {label.text('en')}")
                for name, rule in splits
                for place, label in enumerate(rule.names)
            ]
        if not spec.by:
            return [ONCE]
        there = [
            name
            for number, name in enumerate(spec.by)
            if self.draft.one_of(name, known.samples, "sample", (*self.path, "by", number))
        ]
        return [Repeat(sample=name, name=name) for name in there]

    def compared(self) -> dict[str, Shown]:
        """Models that rows name (``of``, ``against``), by name; they need not be shown."""
        found: dict[str, Shown] = {}
        for number, row in enumerate(self.spec.rows):
            for key in ("of", "against"):
                name = getattr(row, key)
                path = (*self.path, "rows", number, key)
                if name is None or name in found or not self.draft.one_of(name, self.named(), "model", path):
                    continue
                made = self.column(Column(of=name), path, ONCE)
                if len(made) == 1:
                    found[name] = made[0]
                elif made:
                    self.draft.problem(UsageError(f"{name!r} stands for several models"), path)
        return found

    def first_stages(self, column: Shown) -> list[Shown]:
        """The first stages that ``show: {first_stage: true}`` puts before a column with instruments."""
        wanted = [self.draft.spec.defaults.show.first_stage, self.spec.show.first_stage]
        if not next((w for w in reversed(wanted) if w is not None), False) or column.stage != "main":
            return []
        return [replace(column, stage="first", endogenous=x, id=None, head=None) for x in column.model["endogenous"]]

    def column(self, column: Column, path: KeyPath, repeat: Repeat) -> list[Shown]:
        """One written column: several where its formula is stepwise, none where it has a fault."""
        source, place = column, path
        if column.of is not None:
            named = self.named()
            if not self.draft.one_of(column.of, named, "model", (*path, "of")):
                return []
            source, place = named[column.of]
            if source.of is not None:
                self.draft.problem(UsageError(f"{column.of!r} itself refers to {source.of!r}"), (*path, "of"))
                return []
        models = self.models(source, column, place, repeat)
        head = column.head.label if column.head else None
        stage = column.stage or "main"
        if stage != "main" and models and not all(m["instruments"] for m in models):
            self.draft.problem(UsageError(f"no {stage} stage: the model has no instruments"), path)
            return []
        if stage == "first" and models:
            endogenous = models[0]["endogenous"]
            if column.endogenous is not None and column.endogenous not in endogenous:
                near = did_you_mean(column.endogenous, endogenous)
                self.draft.problem(UsageError(f"{column.endogenous!r} is not endogenous{near}"), (*path, "endogenous"))
                return []
            if column.endogenous is None and len(endogenous) > 1:
                hint = f"endogenous: one of {', '.join(endogenous)}"
                self.draft.problem(UsageError("several first stages: say whose", hint=hint), path)
                return []
        return [Shown(m, stage, column.endogenous, repeat.name, column.id, head, place) for m in models]

    def models(self, source: Column, shown: Column, path: KeyPath, repeat: Repeat) -> list[dict[str, Any]]:
        """What is estimated."""
        assert source.formula is not None
        place = (*path, "formula") if isinstance(self.draft.typed_at(path), dict) else path
        panel = self.panel(source, path)
        if panel is None:
            return []
        written = replaced(self.draft.expand(source.formula, place), self.words)
        names = {token.text for token in tokenize(written) if token.kind == "name"}
        for word in source.replace:
            if word not in names:
                near = did_you_mean(word, names)
                self.draft.problem(UsageError(f"{word!r} is not in the formula {written}{near}"), path)
                return []
        text = replaced(written, source.replace)
        try:
            models = parse_formulas(text)
            for model in models:
                self.check(model, text, panel)
        except UsageError as error:
            self.draft.problem(error, place)
            return []
        common = self.settings(source, shown, path, panel, repeat)
        if common is None:
            return []
        if source.prepare is not None and source.prepare.dates is not None:
            placebos.check_term(self.draft, source.prepare.dates.of, models, (*path, "prepare", "dates", "of"))
        return [keyed(common | _described(m)) for m in models]

    def panel(self, source: Column, path: KeyPath) -> PanelDraft | None:
        """The panel of a column."""
        name = source.panel or self.spec.panel or self.draft.spec.main
        place = (*path, "panel") if source.panel else (*self.path, "panel")
        if not self.draft.one_of(name, self.draft.spec.all_panels, "panel", place):
            return None
        return self.draft.panels.get(name)

    def settings(
        self, source: Column, shown: Column, path: KeyPath, panel: PanelDraft, repeat: Repeat
    ) -> dict[str, Any] | None:
        """Sample, covariance, weights and estimator of a model; None where one of them does not exist."""
        defaults, spec = self.draft.spec.defaults, self.spec
        samples = [s for s in (repeat.sample, source.sample or spec.sample) if s is not None]
        for sample in samples:
            place = (*path, "sample") if source.sample else (*self.path, "sample")
            if not self.draft.one_of(sample, self.draft.spec.samples, "sample", place):
                return None
            drawn = self.draft.spec.samples[sample].match
            whose = (drawn.panel or self.draft.spec.main) if drawn else panel.name
            if whose != panel.name:
                said = f"the sample {sample!r} is drawn from the panel {whose!r}, not {panel.name!r}"
                self.draft.problem(UsageError(said), place)
                return None
        vcov = source.vcov or spec.vcov or defaults.vcov
        owner = path if source.vcov else self.path if spec.vcov else ("defaults",)
        for name in vcov.columns:
            for part in name.split("^"):
                if not self.draft.column_known(part.strip(), panel, (*owner, "vcov", *_said(vcov)), _what(vcov)):
                    return None
        weights = source.weights or spec.weights or defaults.weights
        if weights is not None and not self.draft.column_known(weights, panel, (*path, "weights"), "column of weights"):
            return None
        estimator = source.estimator or "ols"
        for key, error in check_options(estimator, source.options):
            self.draft.problem(error, (*path, "with", key), key=True)
        if spec.scale and estimator in ESTIMATORS:
            hint = "ols, 2sls, liml or gmm; or scale the variables themselves, under variables"
            said = f"scale: interactions are scaled in least squares and with instruments, not in {estimator!r}"
            self.draft.problem(UsageError(said, hint=hint), (*self.path, "scale"))
        if source.prepare is not None:
            prepared.check(self.draft, source.prepare, panel, (*path, "prepare"))
        return {
            "panel": panel.name,
            "samples": samples,
            "where": self.where(samples, panel, source, path),
            "split": [repeat.split, repeat.place] if repeat.split is not None else None,
            "vcov": asdict(vcov.spec),
            "ssc": source.ssc or spec.ssc or (_POOLED_SSC if estimator == "pooled" else defaults.ssc),
            "weights": weights,
            "estimator": estimator,
            "options": dict(source.options),
            "scale": dict(spec.scale),
            "prepare": source.prepare.model_dump(mode="json") if source.prepare else None,
        }

    def where(self, samples: list[str], panel: PanelDraft, source: Column, path: KeyPath) -> str | None:
        """The condition of a model's rows: the span, where more was loaded, its samples, and what the column says."""
        parts = [self.draft.conditions[s] for s in samples if s in self.draft.conditions]
        time = panel.spec.keys[-1]
        for first, last in [s for s in (source.period, panel.span) if s is not None]:
            parts.insert(0, f"`{time}` >= {first} and `{time}` <= {last}")
        if source.where is not None:
            place = (*path, "where")
            parts.append(self.draft.expand(source.where, place))
            self.draft.check(parts[-1], place, panel.known)
        if source.prepare is not None and source.prepare.dates is not None:
            parts += placebos.rows_before(source.prepare.dates)
        return " and ".join(f"({p})" for p in parts) if parts else None

    def check(self, parsed: ModelSpec, text: str, panel: PanelDraft) -> None:
        """Refuse names and functions of a formula that do not exist."""
        for term in (*parsed.columns, *parsed.slopes):
            for factor in term.factors:
                try:
                    expressions.check(factor.text, panel.known, Scope(self.draft.scope.lists))
                except ExpressionError as error:
                    at = factor.position + error.position
                    raise ExpressionError(error.problem, text, at, error.hint) from None
        for effect in parsed.effects:
            for name in effect.columns:
                if name not in panel.known:
                    near = did_you_mean(name, panel.columns)
                    raise ExpressionError(f"no column {name!r} for fixed effects{near}", text, text.rfind(name))


def _said(vcov: Vcov) -> tuple[str, ...]:
    """The key of a covariance's own settings."""
    return tuple(k for k in vcov.model_fields_set if k not in {"draws", "seed"})[:1]


def _what(vcov: Vcov) -> str:
    return "column of places" if vcov.conley else "cluster column"


def _described(parsed: ModelSpec) -> dict[str, Any]:
    """The parts of a formula that planning needs."""
    return {
        "formula": parsed.text,
        "outcome": parsed.outcome.name,
        "terms": [t.name for t in parsed.regressors],
        "effects": [e.name for e in parsed.effects],
        "endogenous": [t.name for t in parsed.endogenous],
        "instruments": [t.name for t in parsed.instruments],
    }


def replaced(text: str, words: Mapping[str, str]) -> str:
    """A formula with some names exchanged for other expressions."""
    if not words:
        return text
    made, end = "", 0
    for token in tokenize(text):
        if token.kind == "name" and token.text in words:
            made += text[end : token.position] + words[token.text]
            end = token.position + len(token.text) + (2 if text[token.position] == "`" else 0)
    return made + text[end:]
