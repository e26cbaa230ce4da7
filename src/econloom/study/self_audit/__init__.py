"""The audit of a run's own tables before any file of them is moved: a run that fails its own audit fails."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from econloom.audit.auditing import Audit, audit
from econloom.audit.checks.registry import LABELS
from econloom.audit.findings import Finding
from econloom.audit.paper import PaperTable
from econloom.audit.read.interpret import interpret
from econloom.audit.read.own import grid_of
from econloom.core.errors import EstimationError, plural
from econloom.core.labels import Lang
from econloom.core.table import Table
from econloom.study import codebook, schema
from econloom.study.self_audit.conditions import holds
from econloom.study.self_audit.known import Known, Models, informed, known
from econloom.study.store import write_text

if TYPE_CHECKING:
    from econloom.study.run import Run

__all__ = ["AUDIT_FILE", "SelfAudit", "audited", "examined", "write"]

AUDIT_FILE = "audit.json"
VERSION = 1
_SHOWN = 10
_JUDGED = ("copy", "repeated")  # suspicious findings that the run knows to be so or not
_HINT = (
    "nothing was written; a table of econloom's own numbers cannot say this: report it with the study file"
    " (numbers of `values` or notes put in by hand may be the cause)"
)


@dataclass(frozen=True)
class SelfAudit:
    """What the audit of a run found.

    Attributes
    ----------
    done : Audit
        Of the run's tables, with the findings that stand.
    aside : tuple of Finding
        Findings whose condition the run knows to be false.
    """

    done: Audit
    aside: tuple[Finding, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line for each table and check."""
        found: dict[tuple[str, str], list[Finding]] = {}
        for f in self.done.findings:
            found.setdefault((f.table, f.check), []).append(f)
        return tuple(_line(table, check, of) for (table, check), of in found.items())

    def to_dict(self, earlier: Mapping[str, Any] | None = None, order: Iterable[str] = ()) -> dict[str, Any]:
        """The content of ``audit.json``.

        Parameters
        ----------
        earlier : mapping, optional
            Entries of tables that were carried over from an earlier run.
        order : iterable of str
            Tables in the order of the study; others follow.
        """
        held = {**(earlier or {}), **{t.name: self._entry(t) for t in self.done.tables}}
        tables = {t: held[t] for t in dict.fromkeys((*order, *held)) if t in held}
        counts = {k: sum(f["level"] == k for t in tables.values() for f in t["findings"])
                  for k in ("certain", "conditional", "suspicious")}  # fmt: skip
        checked = {"tables": len(tables), "numbers": sum(t["numbers"] for t in tables.values()), "checks": list(LABELS)}
        return {"audit": VERSION, "checked": checked, "findings": counts, "tables": tables}

    def _entry(self, table: PaperTable) -> dict[str, Any]:
        return {
            "kind": table.kind,
            "numbers": table.numbers,
            "findings": [f.to_dict() for f in self.done.findings if f.table == table.name],
            "set_aside": [f.to_dict() for f in self.aside if f.table == table.name],
            "unread": [{"where": u.where, "text": u.text, "why": u.why} for u in table.unread],
        }


def audited(tables: Iterable[Table], models: Models, lang: Lang = "zh") -> SelfAudit:
    """Audit the tables of a run as they are printed.

    Parameters
    ----------
    tables : iterable of Table
    models : mapping of (version, table) to models
        They say on which degrees of freedom stars rest, and whether the condition of a finding holds.
    lang : {"zh", "en"}
        The language in which the tables are written.

    Returns
    -------
    SelfAudit
        What is suspicious, and what is impossible under a condition that the run cannot judge.

    Raises
    ------
    EstimationError
        A table prints something impossible, by itself or under a condition that holds.
    """
    made = tuple(tables)
    about = {t.id: known(t, models, lang) for t in made}
    papers = {t.id: informed(interpret(grid_of(t, lang), t.id), about[t.id]) for t in made}
    done = audit(papers.values())
    judged = [(f, _stands(f, papers, about)) for f in done.findings]
    wrong = [f for f, stands in judged if stands is True]
    if wrong:
        raise _failed(wrong, lang)
    kept = tuple(f for f, stands in judged if stands is None)
    return SelfAudit(replace(done, findings=kept), tuple(f for f, stands in judged if stands is False))


def examined(run: Run, lang: Lang = "zh", more: Iterable[Table] = ()) -> Run:
    """The run with its audit, and a warning for each table and check that has findings.

    Parameters
    ----------
    run : Run
    lang : {"zh", "en"}
    more : iterable of Table
        Tables that are written beside those of the study, such as the codebook.

    Raises
    ------
    EstimationError
        As :func:`audited`.
    """
    found = audited((*run.tables.values(), *more), run.models, lang)
    return replace(run, audit=found, warnings=(*run.warnings, *found.warnings))


def write(run: Run, staging: Path, folder: Path, carried: Iterable[str] = ()) -> None:
    """Write ``audit.json`` of a run, with the entries that an earlier run in ``folder`` has of carried tables."""
    if run.audit is None:
        return
    order = (*run.plan.spec.tables, *(schema.grid_id(t) for t in run.plan.grids))
    text = json.dumps(run.audit.to_dict(_entries(folder, carried), order), ensure_ascii=False, indent=1)
    write_text(staging / AUDIT_FILE, text + "\n")


def _entries(folder: Path, tables: Iterable[str]) -> dict[str, Any]:
    """Of some tables in the ``audit.json`` of an earlier run; none where it has no such file."""
    try:
        held = json.loads((folder / AUDIT_FILE).read_text(encoding="utf-8"))["tables"]
        return {t: held[t] for t in tables if t in held}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _stands(finding: Finding, papers: Mapping[str, PaperTable], about: Mapping[str, Known]) -> bool | None:
    """True: impossible. False: its condition does not hold. None: worth a look."""
    if finding.level == "certain":
        return True
    if finding.table == codebook.ID and finding.check == "copy":
        return False  # the codebook lists a variable and the column that it was made of
    if finding.table not in papers or (finding.level == "suspicious" and finding.check not in _JUDGED):
        return None
    return holds(finding, papers[finding.table], about[finding.table])


def _failed(wrong: list[Finding], lang: Lang) -> EstimationError:
    head = f"the run fails its own audit: {plural(len(wrong), 'printed number')} cannot be"
    more = [f"  and {len(wrong) - _SHOWN} more"] if len(wrong) > _SHOWN else []
    return EstimationError("\n".join([head, *(f"  {f.text(lang)}" for f in wrong[:_SHOWN]), *more]), hint=_HINT)


def _line(table: str, check: str, found: list[Finding]) -> str:
    levels = ", ".join(f"{sum(f.level == k for f in found)} {k}" for k in dict.fromkeys(f.level for f in found))
    return f"audit of {table}: {LABELS[check].text('en')}: {levels} ({found[0].where.removeprefix(f'{table}: ')})"
