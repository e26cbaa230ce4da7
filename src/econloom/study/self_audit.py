"""The tables of a run against arithmetic, before they are written: a run that fails its own audit fails."""

from __future__ import annotations

from dataclasses import replace

from econloom.audit.auditing import audit
from econloom.core.errors import EconloomError, plural
from econloom.study.run import Run

_HINT = "this is a defect of econloom or of a number put in by hand: please report it with the study file"


def audited(run: Run) -> Run:
    """The run with what its audit found under a condition as warnings.

    Raises
    ------
    EconloomError
        A table prints something that is certainly impossible (exit code 1); nothing is written then.
    """
    done = audit(run.tables.values())
    certain = [f for f in done.findings if f.level == "certain"]
    if certain:
        head = f"the run fails its own audit: {plural(len(certain), 'number')} cannot be"
        raise EconloomError("\n".join([head, *(f"  {f}" for f in certain[:10])]), hint=_HINT)
    found = tuple(f"audit: {f}" for f in done.findings if f.level == "conditional")
    return replace(run, warnings=(*run.warnings, *found))
