"""Models of a study: requests to fits, and fits to the columns and rows of tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import polars as pl

from econloom.core.covariances import Draws, Space, VcovSpec
from econloom.core.errors import EstimationError
from econloom.core.estimate import Test, Tidy, Unavailable
from econloom.core.frame import Panel
from econloom.core.labels import Label
from econloom.core.spec import Diagnostic, DiagnosticRow, ExtraRow, Group, TableSpec
from econloom.core.table import Table
from econloom.data import expressions
from econloom.data.expressions import Scope
from econloom.panel import comparisons, fit
from econloom.panel.columns import Columns
from econloom.panel.designs import influence, moderation
from econloom.panel.fit import Fit
from econloom.panel.formula import parse_formula
from econloom.report import about, tables
from econloom.study import estimators
from econloom.study.divided import Compared
from econloom.study.estimators import ESTIMATORS

Fits = Mapping[str, Fit]
Numbers = tuple[float, float, float]
_METHODS: Mapping[str, Literal["2sls", "liml", "gmm"]] = {"liml": "liml", "gmm": "gmm"}
_BY_VARIABLE = {"first_stage_f", "sanderson_windmeijer_f"}


def fit_all(
    panel: Panel, models: Sequence[Mapping[str, Any]], where: str | pl.Series | None, scope: Scope
) -> dict[str, Fit]:
    """Fit models that share rows and effects; the numbers of each are those that it has alone.

    Parameters
    ----------
    panel : Panel
    models : sequence of mapping
        As planned: key, formula, vcov, ssc, weights, estimator.
    where : str or Series, optional
        Condition of the rows that all share, or the rows themselves.
    scope : Scope
        Lists and samples of the condition.

    Returns
    -------
    dict of str to Fit
        By key.
    """
    linear = [m for m in models if m["estimator"] not in ESTIMATORS]
    requests = [asked(panel, model, where, scope) for model in linear]
    made = fit.fit_many(requests, apart=True)
    found: dict[str, Any] = {m["key"]: _scaled(f, m["scale"]) for m, f in zip(linear, made, strict=True)}
    others = [m for m in models if m["estimator"] in ESTIMATORS]
    inside = expressions.condition(panel, where, scope) if isinstance(where, str) else where
    return found | {m["key"]: estimators.fit(panel, m, covariance(m["vcov"]), inside) for m in others}


def _scaled(made: Fit, scale: Mapping[str, Any]) -> Fit:
    """The fit with the products that it has scaled as the table says."""
    for product, how in scale.items():
        if product in {t.name for t in made.request.model.regressors}:
            made = moderation.rescaled(made, product, how)
    return made


def asked(panel: Panel, model: Mapping[str, Any], where: str | pl.Series | None, scope: Scope | None) -> fit.Request:
    """A planned model as a request."""
    return fit.request(
        model["formula"],
        panel,
        vcov=covariance(model["vcov"]),
        weights=model["weights"],
        where=where,
        scope=scope,
        unit=panel.unit,
        ssc=model["ssc"],
        method=_METHODS.get(model["estimator"], "2sls"),
    )


def covariance(planned: Mapping[str, Any]) -> VcovSpec:
    """The covariance as it was planned."""
    space = Space(**planned["space"]) if planned["space"] else None
    draws = Draws(**planned["draws"]) if planned["draws"] else None
    return VcovSpec(planned["kind"], tuple(planned["clusters"]), planned["lags"], space, draws)


def stage(fits: Fits, column: Mapping[str, Any]) -> Fit:
    """The fit that a column shows: a model, or one of its stages."""
    made = fits[column["key"]]
    if column["stage"] == "first":
        return made.first_stage[column["endogenous"] or next(iter(made.first_stage))]
    return made.reduced_form if column["stage"] == "reduced" else made


def tidy(fits: Fits, column: Mapping[str, Any]) -> Tidy:
    """The rows of one column, which remember the sample by which it is repeated."""
    found = stage(fits, column).summary
    shown = column["stage"] if column["stage"] != "main" else found.stage
    return replace(found, stage=shown, extra={**found.extra, "group": column["group"]})


def table(
    fits: Fits, params: Mapping[str, Any], spec: TableSpec, compared: Compared | None = None
) -> tuple[Table, tuple[Tidy, ...]]:
    """A regression table and the models in its columns.

    Parameters
    ----------
    fits : mapping of str to Fit
    params : mapping
        As planned: columns, rows, groups, panels.
    spec : TableSpec
        Title, labels and looks.
    compared : Compared, optional
        Tests of the differences between groups of columns.
    """
    models = _adjusted(tuple(tidy(fits, c) for c in params["columns"]))
    if params["panels"]:
        return _in_panels(models, params, spec), models
    said = dict.fromkeys(m.extra["note"] for m in models if "note" in m.extra)
    whole = _whole(replace(spec, notes=(*spec.notes, *said)), params, fits, models)
    return tables.regression(models, whole if compared is None else compared.within(whole)), models


def _adjusted(models: tuple[Tidy, ...]) -> tuple[Tidy, ...]:
    """The columns; of an estimator beside another column, without the controls that the other could not estimate."""
    found: list[Tidy] = []
    removed: set[str] = set()
    for model in models:
        if "companion" in model.extra:
            held = tuple(t for t in model.extra["adjusted"] if t not in removed)
            found.append(replace(model, extra={**model.extra, "adjusted": held}))
        else:
            removed = {name for name, _ in model.removed}
            found.append(model)
    return tuple(found)


def _in_panels(models: tuple[Tidy, ...], params: Mapping[str, Any], spec: TableSpec) -> Table:
    parts, start = [], 0
    for number, panel in enumerate(params["panels"]):
        end = start + panel["columns"]
        label = Label(zh=panel["zh"] or panel["en"], en=panel["en"] or panel["zh"])
        parts.append(tables.Panel(f"p{number + 1}", label, models[start:end]))
        start = end
    width = params["panels"][0]["columns"]
    head = {**params, "columns": params["columns"][:width], "rows": []}
    return tables.panels(parts, _whole(spec, head, {}, models[:width]))


def _whole(spec: TableSpec, params: Mapping[str, Any], fits: Fits, models: tuple[Tidy, ...]) -> TableSpec:
    """The table's spec with its groups, heads and further rows."""
    heads = [c["head"] for c in params["columns"]]
    digits = spec.digits
    return replace(
        spec,
        groups=tuple(Group(_text(g), g["span"]) for g in params["groups"]),
        over_groups=tuple(Group(_text(g), g["span"]) for g in params["over_groups"]),
        heads=tuple(_text(h) if h else Label() for h in heads) if any(heads) else (),
        order=tuple(params["order"]),
        extra_rows=tuple(_extra(r, models, digits) for r in params["rows"] if not {"test", "comparison"} & set(r)),
        diagnostics=tuple(
            _comparison(r, len(params["columns"]), fits)
            if "comparison" in r
            else _diagnostic(r, params["columns"], fits)
            for r in params["rows"]
            if "comparison" in r or "test" in r
        ),
    )


def _text(label: Mapping[str, Any]) -> Label:
    return Label(zh=label["zh"], en=label["en"])


def _extra(row: Mapping[str, Any], models: tuple[Tidy, ...], digits: int) -> ExtraRow:
    if "compared" in row:
        ways = zip(row["compared"], models, strict=True)
        return ExtraRow(_text(row["label"]), tuple(m.extra.get("compared", _text(w) if w else None) for w, m in ways))
    if "stat" in row:
        found = [m.glance.get(row["stat"]) for m in models]
        cells: list[Any] = [v if n in row["at"] else None for n, v in enumerate(found, 1)]
    else:
        values = dict(zip(row["at"], row["values"], strict=True))
        given = [values.get(n) for n in range(1, len(models) + 1)]
        cells = [_text(v) if isinstance(v, Mapping) else v for v in given]
    return ExtraRow(_text(row["label"]), tuple(cells), digits=row["digits"] or digits, name=row.get("stat", ""))


def _diagnostic(row: Mapping[str, Any], columns: Sequence[Mapping[str, Any]], fits: Fits) -> DiagnosticRow:
    """A test of the models in the columns that it is asked for."""
    cells: list[Diagnostic | Unavailable | None] = [None] * len(columns)
    for place in row["at"]:
        column = columns[place - 1]
        name = row["test"]
        made = fits[column["key"]]
        variable = column["endogenous"] or next(iter(made.summary.extra.get("endogenous", ())), None)
        if name in _BY_VARIABLE and variable:
            name = f"{name}[{variable}]"
        if len(row["at"]) == len(columns) and name not in getattr(made, "tests", ()):
            continue  # a row for all columns stays empty where the estimator has no such test
        cells[place - 1] = _result(made, name)
    return DiagnosticRow(row["test"], _text(row["label"]), tuple(cells), digits=row["digits"])


def _comparison(row: Mapping[str, Any], width: int, fits: Fits) -> DiagnosticRow:
    """A test of one model against another, in its columns."""
    compare: Callable[..., Any] = (
        comparisons.hausman if row["comparison"] == "hausman" else comparisons.likelihood_ratio
    )
    result = _shown(compare(fits[row["of"]], fits[row["against"]], **row["options"]))
    cells = tuple(result if n in row["at"] else None for n in range(1, width + 1))
    return DiagnosticRow(row["comparison"], _text(row["label"]), cells, digits=row["digits"])


def _result(made: Fit, test: str) -> Diagnostic | Unavailable:
    if test not in getattr(made, "tests", ()):
        return Unavailable(f"the model {made.summary.formula} has no {test}")
    return _shown(made.tests[test])


def _shown(found: Test | Unavailable) -> Diagnostic | Unavailable:
    if isinstance(found, Unavailable):
        return found
    critical = found.critical_values[0][1] if found.critical_values else None
    p_value = found.p_value if found.p_value == found.p_value else None
    return Diagnostic(found.statistic, p_value, critical, about=about.tested(found))


def regressors(panel: Panel, formula: str) -> dict[str, Any]:
    """The columns of a formula's regressors by name, (n,) each, NaN where missing."""
    model = parse_formula(formula)
    columns = Columns(panel)
    return {term.name: columns.term(term, formula) for term in model.regressors}


@dataclass(frozen=True)
class LeftOut:
    """A coefficient on the whole sample and without each value of a column.

    Attributes
    ----------
    whole : (estimate, conf_low, conf_high)
    points : tuple of (name, numbers)
    lacking : tuple of (name, reason)
        Values without which it has no estimate or no standard error.
    """

    whole: Numbers
    points: tuple[tuple[str, Numbers], ...]
    lacking: tuple[tuple[str, str], ...]


def leave_one_out(fits: Fits, params: Mapping[str, Any], progress: Callable[[int, int], object]) -> LeftOut:
    """One coefficient on the whole sample, and with each value of a column left out.

    Parameters
    ----------
    fits : mapping of str to Fit
        By key.
    params : mapping
        As planned: column, term, leave.

    Raises
    ------
    EstimationError
        No coefficient on all rows.
    """
    made, term = stage(fits, params["column"]), params["term"]
    whole = made.summary.coefficient(term)
    if whole is None:
        raise EstimationError(f"{term!r} has no coefficient in {made.request.model.text}")
    frame = influence.leave_one_out(made, params["leave"], term, progress=progress).tidy()
    known = frame.filter(pl.col("std_error").is_not_null())
    lost = frame.filter(pl.col("std_error").is_null())
    return LeftOut(
        (whole.estimate, whole.conf_low, whole.conf_high),
        tuple((str(v), (b, low, high)) for v, b, low, high in
              known.select("left_out", "estimate", "conf_low", "conf_high").rows()),
        tuple((str(v), note) for v, note in lost.select("left_out", "note").rows()),
    )  # fmt: skip
