"""The terms that a value is made of, and the share of each: they add up to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from econloom import iot
from econloom.core.frame import Panel
from econloom.core.labels import Label
from econloom.iot import leontief, regionalise
from econloom.study.catalog import Facts
from econloom.study.plan import Plan
from econloom.study.step import Step
from econloom.study.steps.context import in_span
from econloom.study.why import again
from econloom.study.why.sections import Section, exact, line
from econloom.study.why.trace import used

MOST = 8
"""Terms that are shown; the others are summed up."""


@dataclass(frozen=True)
class Terms:
    """Terms of a value.

    Attributes
    ----------
    what : Label
        What they are, with the formula.
    terms : tuple of (str, float)
        Name and contribution, in units of the value; they add up to it.
    """

    what: Label
    terms: tuple[tuple[str, float], ...]

    @property
    def total(self) -> float:
        """Their sum."""
        return float(sum(value for _, value in self.terms))

    def section(self) -> Section:
        """The largest terms with their shares, and the sum of the others."""
        order = sorted(self.terms, key=lambda t: -abs(t[1]))
        shown, rest = order[:MOST], order[MOST:]
        lines = line("公式", "formula", self.what)
        for name, value in shown:
            lines += line(name, name, f"{exact(value)}  ({self._share(value)})")
        if rest:
            other = float(sum(v for _, v in rest))
            lines += line(f"其余{len(rest)}项", f"{len(rest)} others", f"{exact(other)}  ({self._share(other)})")
        lines += line("合计", "sum", self.total)
        return Section(Label("贡献最大的项", "Terms that contribute most"), tuple(lines))

    def _share(self, value: float) -> str:
        return f"{value / self.total:.1%}" if self.total else "—"


def of_value(
    plan: Plan, facts: Mapping[str, Facts], version: str, variable: str, step: Step, unit: Any, time: Any
) -> Terms | None:
    """Terms of a measure in one cell; None where it is not made of terms that are known.

    Parameters
    ----------
    variable : str
    step : Step
        Of the table of values.
    unit, time : object
        Keys of the cell.
    """
    steps = {s.digest: s for s in plan.steps}
    attach = _attached(steps, step.inputs[0], variable)
    if attach is None:
        return None
    made = steps[attach.inputs[1]]
    find = _MEASURES.get(made.params["measure"])
    return None if find is None else find(_Cell(plan, facts, made, [steps[d] for d in made.inputs], unit, time))


def _attached(steps: Mapping[str, Step], digest: str, variable: str) -> Step | None:
    """The step that brought a measure to a panel."""
    step: Step | None = steps.get(digest)
    while step is not None and step.kind not in {"start", "aggregate"}:
        if step.kind == "attach" and step.params["name"] == variable:
            return step
        step = steps.get(step.inputs[0]) if step.inputs else None
    return None


@dataclass(frozen=True)
class _Cell:
    plan: Plan
    facts: Mapping[str, Facts]
    made: Step
    inputs: list[Step]
    unit: Any
    time: Any

    @property
    def options(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.made.params["options"]
        return found

    def values(self) -> list[Any]:
        """Of the measure's inputs."""
        found = again.values(self.plan, self.facts, [s.digest for s in self.inputs])
        return [found[s.digest] for s in self.inputs]

    def tables(self) -> iot.YearlyTables:
        """The inter-country tables."""
        found = again.values(self.plan, self.facts, [self.inputs[0].digest])[self.inputs[0].digest]
        assert isinstance(found, iot.YearlyTables)
        return found


def _trade_benefit(cell: _Cell) -> Terms:
    """By sector of origin, of value added absorbed; by partner, of domestic value added in exports."""
    tables, options = cell.tables(), cell.options
    t = tables.table(int(cell.time))
    i = list(t.countries).index(cell.unit)
    if options.get("flows", "absorbed") != "absorbed":
        flows = iot.domestic_value_added_exported(t)
        net, gross = flows[i] - flows[:, i], float(flows[i].sum() + flows[:, i].sum() - 2 * flows[i, i])
        terms = [(c, float(n) / gross) for c, n in zip(t.countries, net, strict=True) if c != cell.unit]
        return Terms(Label("按贸易伙伴：(流出−流入)/(流出+流入)", "by partner: (out − in) / (out + in)"), tuple(terms))
    absorbed = leontief.factor(t).solve(t.Y) * t.v[:, None]
    by = absorbed.reshape(len(t.countries), len(t.sectors), -1)
    out = by[i].sum(axis=1) - by[i, :, i]
    into = by[:, :, i].sum(axis=0) - by[i, :, i]
    form = options.get("form") or "known_totals"
    known = tables.known_totals(int(cell.time)) if form == "known_totals" else None
    gross = float(out.sum() + into.sum())
    rest: list[tuple[str, float]] = []
    if known is not None:
        home = float(by[i, :, i].sum())
        VA, FD = float(known.value_added[i]), float(known.final_demand[i])
        gross = VA + FD - 2 * home
        rest = [("national totals less the table's", (VA - FD - float(out.sum() - into.sum())) / gross)]
    terms = [(s, float(n) / gross) for s, n in zip(t.sectors, out - into, strict=True)]
    words = (
        "(VA absorbed abroad − foreign VA absorbed here) / (VA + FD − 2 VAᵢᵢ)" if known else "(out − in) / (out + in)"
    )
    return Terms(Label(f"按增加值来源部门：{words}", f"by sector of origin: {words}"), (*terms, *rest))


def _linkage(cell: _Cell) -> Terms | None:
    """By sector: employment weight times the sector's index."""
    options, names = cell.options, cell.made.params.get("sources", [])
    if "employment" not in names:
        return None
    unit, time = cell.made.params["keys"]
    _, found, *further = cell.values()
    more: dict[str, Any] = dict(zip(names, further, strict=True))
    match = more["concordance"].frame if "concordance" in more else options.get("concordance")
    index = found.filter(pl.col("flow") == options["flow"], pl.col("year") == cell.time)
    index = index.select(pl.col("year").alias(time), "sector", "value")
    frame = more["employment"].frame.filter(pl.col(time) == cell.time)
    form = options.get("form", "ratio")
    weights = regionalise.employment_weights(frame, form, match=match, region=unit, time=time)
    joined = weights.filter(pl.col(unit) == cell.unit).join(index, on=[time, "sector"], how="inner")
    terms = [(s, w * v) for s, w, v in joined.select("sector", "weight", "value").iter_rows()]
    return Terms(
        Label(f"按部门：就业权重（{form}）×部门指数", f"by sector: employment weight ({form}) × index"), tuple(terms)
    )


_MEASURES: Mapping[str, Callable[[_Cell], Terms | None]] = {"trade_benefit_index": _trade_benefit, "linkage": _linkage}


# values and means of columns -----------------------------------------------------------------------------------------


def ingredients(panel: Panel, names: list[str], unit: Any, time: Any) -> Section | None:
    """The values of some columns in one row."""
    keys = panel.keys
    row = panel.frame.filter(pl.col(keys[0]) == unit, *([pl.col(keys[1]) == time] if len(keys) > 1 else []))
    if row.height != 1:
        return None
    lines = [x for n in dict.fromkeys(names) if n in panel.columns and n not in keys for x in line(n, n, row[n][0])]
    return Section(Label("该行各成分的值", "Values that it is made of"), tuple(lines)) if lines else None


def of_mean(plan: Plan, facts: Mapping[str, Facts], step: Step, variable: str) -> tuple[Terms, Section] | None:
    """The rows behind a mean: how many, the smallest and the largest with their keys, and each row's part of it."""
    from econloom.data import expressions
    from econloom.study.steps.context import scope_of

    panel = in_span(again.values(plan, facts, [step.inputs[0]])[step.inputs[0]], step.params["span"])
    if step.params["where"] is not None:
        kept = expressions.condition(panel, step.params["where"], scope_of(step.params)).fill_null(False)
        panel = panel.with_rows(panel.frame.filter(kept))
    known = panel.frame.filter(pl.col(variable).is_not_null())
    x = known[variable].cast(pl.Float64).to_numpy()
    if not len(x):
        return None
    names = [" ".join(map(str, row)) for row in known.select(panel.keys).iter_rows()]
    low, high = int(np.argmin(x)), int(np.argmax(x))
    lines = line("行数", "rows", len(x))
    lines += line("最小值", "smallest", f"{exact(float(x[low]))}  ({names[low]})")
    lines += line("最大值", "largest", f"{exact(float(x[high]))}  ({names[high]})")
    terms = Terms(Label("xᵢ/n，按行", "xᵢ / n, by row"), tuple(zip(names, (x / len(x)).tolist(), strict=True)))
    return terms, Section(Label("其行", "Its rows"), tuple(lines))


def formula_names(text: str) -> list[str]:
    """Columns that a formula names."""
    return used(text)
