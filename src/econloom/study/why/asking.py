"""``Study.why``: an explanation from the folder of a run, with what only the study itself can add."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from econloom.core.errors import EconloomError, UsageError
from econloom.core.labels import Label
from econloom.study.schema import DEFAULT, grid_id
from econloom.study.store import write_text
from econloom.study.why import again, contributions
from econloom.study.why.answer import Explanation, explained
from econloom.study.why.sections import Section
from econloom.study.why.told import Told

if TYPE_CHECKING:
    from econloom.study import Study
    from econloom.study.plan import Plan

UNREADABLE = Label(
    "研究文件现在无法规划（{}），以下是已印出的那次运行。",
    "The study cannot be planned now ({}); of the run as printed:",
)
STALE = Label(
    "此表运行之后，研究、数据或econloom已有改变；以下是已印出的那次运行。",
    "The study, its data or econloom have changed since this table was run; this is of the run as printed.",
)
AGAIN = Label("再现的值与印出的不同（{}）。", "Made again the value differs from the printed one ({}).")


@dataclass(frozen=True)
class Why(Explanation):
    """An explanation from a run's folder.

    Attributes
    ----------
    rows : int or None
        Rows that were written to a csv file.
    stale : bool
        The study has changed since.
    """

    rows: int | None = None
    stale: bool = False


def why(study: Study, address: str, folder: Path, version: str, csv: Path | None) -> Why:
    """The explanation of a number of a run.

    Raises
    ------
    OutputError, UsageError
        As :meth:`econloom.study.why.told.Told.read` and :func:`econloom.study.why.answer.explained`.
    """
    told = Told.read(folder, study.spec.study)
    plan, fault = _plan(study)
    base = explained(told, address, version)
    table = _table_of(told, base)
    stale = plan is None or _digest(plan, base.version, table) != told.tables(base.version).get(table, {}).get("digest")
    notes: tuple[Label, ...] = ()
    if plan is None:
        notes = (Label(UNREADABLE.text("zh").format(fault), UNREADABLE.text("en").format(fault)),)
    elif stale and table in {**study.spec.tables, **study.spec.figures, **told.tables(version)}:
        notes = (STALE,)
    more = [] if plan is None or notes else _more(study, plan, told, base, table)
    given = {f: getattr(base, f) for f in Explanation.__dataclass_fields__}
    made = Why(**given | {"sections": (base.sections[0], *more, *base.sections[1:]), "notes": notes}, stale=bool(notes))
    return made if csv is None else replace(made, rows=_written(study, plan, told, base, csv))


def _plan(study: Study) -> tuple[Plan | None, str]:
    try:
        return study.plan(), ""
    except EconloomError as error:
        return None, error.message.splitlines()[0]


def _table_of(told: Told, made: Explanation) -> str:
    known: list[str] = [*told.tables(made.version), *dict.fromkeys(c["table"] for c in told.why["cells"].values())]
    return max((t for t in known if made.address == t or made.address.startswith(f"{t}.")), key=len)


def _digest(plan: Plan, version: str, table: str) -> str | None:
    outputs = plan.outputs.get(version)
    grids = {grid_id(t): d for t, d in plan.grids.items()} if version == DEFAULT else {}
    return None if outputs is None else {**grids, **outputs.figures, **outputs.tables}.get(table)


def _more(study: Study, plan: Plan, told: Told, made: Explanation, table: str) -> list[Section]:
    """What a value is made of, where it is of a table of values or a mean."""
    record = told.tables(made.version).get(table, {})
    rest = made.address[len(table) + 1 :]
    if made.value is None or record.get("kind") not in {"values", "describe"}:
        return []
    step = again.step_of(plan, made.version, table)
    column, row = _cut(record["params"], rest)
    if record["kind"] == "describe":
        if column not in {"mean", "min", "max"}:
            return []
        found = contributions.of_mean(plan, study.facts, step, row)
        if found is None:
            return []
        return [found[1], found[0].section()] if column == "mean" else [found[1]]
    return _of_value(study, plan, told, made, step, (column, row))


def _of_value(
    study: Study, plan: Plan, told: Told, made: Explanation, step: Any, place: tuple[str, str]
) -> list[Section]:
    p, (column, row) = step.params, place
    panel = again.values(plan, study.facts, [step.inputs[0]])[step.inputs[0]]
    keys = {p["rows"]: row, p["across"]: column}
    unit, time = (_typed(panel, k, keys[k]) for k in (panel.unit, panel.time))
    found = contributions.of_value(plan, study.facts, made.version, p["values"], step, unit, time)
    if found is not None:
        return [found.section()]
    traced = next(
        (v for v in told.why["variables"].values() if v["name"] == p["values"] and v["how"] == "formula"), None
    )
    if traced is None:
        return []
    part = contributions.ingredients(panel, contributions.formula_names(traced["text"]), unit, time)
    return [part] if part is not None else []


def _typed(panel: Any, key: str, text: str) -> Any:
    """A key as the panel holds it."""
    return int(float(text)) if panel.frame.schema[key].is_integer() else text


def _cut(params: dict[str, Any], rest: str) -> tuple[str, str]:
    names = sorted((str(c) for c in params.get("columns", ())), key=len, reverse=True)
    column = next((c for c in names if rest.startswith(f"{c}.")), rest.partition(".")[0])
    return column, rest[len(column) + 1 :]


def _written(study: Study, plan: Plan | None, told: Told, made: Explanation, csv: Path) -> int:
    from econloom.study.why.rows import rows

    if made.column is None:
        hint = "a coefficient or column of a regression: t3.c2, t3.c2.x"
        raise UsageError(f"{made.address}: no model is behind it, so it has no rows of its own", hint=hint)
    if plan is None:
        raise UsageError("the study cannot be planned now, so its rows cannot be made", hint="econloom check STUDY")
    found = rows(plan, study.facts, told, made.version, made.column)
    write_text(csv, found.write_csv())
    return found.height
