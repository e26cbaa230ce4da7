"""``plan.json``: what a run needed, step by step, for those who ask of its numbers later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from econloom.study.run import Run

PLAN_FILE = "plan.json"


def rows_of(value: Any) -> int | None:
    """Rows of a step's value, where it is a panel, a divided panel or a frame."""
    held = getattr(value, "panel", value)
    held = getattr(held, "frame", held)
    return held.height if isinstance(held, pl.DataFrame) else None


def plan_record(run: Run, previous: Mapping[str, Any], carried: Iterable[str]) -> dict[str, Any]:
    """The content of ``plan.json``.

    Parameters
    ----------
    run : Run
    previous : mapping
        The ``plan.json`` of the last run; empty where there is none.
    carried : iterable of str
        Digests of the steps of tables and figures that are carried over: they and what they needed stay recorded.

    Returns
    -------
    dict
        ``steps``: number, kind, name, params, inputs (digests), digest, recipe, path and line in the study file,
        seconds, cached, rows; steps of carried tables come last, with ``carried`` true.
    """
    done = [s for s in run.plan.steps if s.digest in run.seconds]
    document = run.plan.spec.document
    steps = [
        {
            "number": number,
            "kind": s.kind,
            "name": s.name,
            "params": dict(s.params),
            "inputs": list(s.inputs),
            "digest": s.digest,
            "recipe": s.recipe,
            "path": list(s.path),
            "line": document.at(s.path).line,
            "seconds": round(run.seconds[s.digest], 4),
            "cached": s.digest in run.cached,
            "rows": run.rows.get(s.digest),
            "carried": False,
        }
        for number, s in enumerate(done, 1)
    ]
    known = {str(s["digest"]) for s in steps}
    older = _needed(previous, carried, known)
    return {
        "study": run.plan.spec.study,
        "steps": steps + [{**s, "number": len(steps) + n, "carried": True} for n, s in enumerate(older, 1)],
    }


def _needed(previous: Mapping[str, Any], carried: Iterable[str], known: set[str]) -> list[dict[str, Any]]:
    """Steps of the last run behind some digests, in its order, without those that are known."""
    last: list[dict[str, Any]] = [s for s in previous.get("steps", ()) if isinstance(s, dict) and "digest" in s]
    wanted = set(carried)
    for step in reversed(last):
        if step["digest"] in wanted:
            wanted |= set(step.get("inputs", ()))
    return [s for s in last if s["digest"] in wanted - known]
