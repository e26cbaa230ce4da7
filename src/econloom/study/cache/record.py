"""``plan.json``: what a run needed, step by step, for those who ask of its numbers later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from econloom.core.errors import Location

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
        seconds, cached, rows; steps of carried tables come last, with ``carried`` true. ``outputs``: by version, the
        digests of the panel, the tables and the figures; ``written`` and ``places``: the study file as data, and where
        its keys stand.
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
    older = _needed(previous, _every_version(previous, set(carried)), known)
    return {
        "study": run.plan.spec.study,
        "steps": steps + [{**s, "number": len(steps) + n, "carried": True} for n, s in enumerate(older, 1)],
        "outputs": _outputs(run, previous, known | {str(s["digest"]) for s in older}),
        "written": document.data,
        "places": [[list(path), _place(document.at(path, key=True))] for path in document.marks if path],
    }


def _place(where: Location) -> str:
    return f"{Path(where.file).name}:{where.line}"


def _outputs(run: Run, previous: Mapping[str, Any], known: set[str]) -> dict[str, Any]:
    """By version what gives its panel, tables and figures, now or, of what is carried over, in the last run."""
    found: dict[str, Any] = {}
    for version, made in run.plan.outputs.items():
        last = (previous.get("outputs") or {}).get(version) or {}
        found[version] = {"panel": made.panel}
        for part, digests in (("tables", made.tables), ("figures", made.figures)):
            old = last.get(part) or {}
            chosen = {name: d if d in known else old.get(name) for name, d in digests.items()}
            found[version][part] = {name: d for name, d in chosen.items() if d in known}
    return found


def _every_version(previous: Mapping[str, Any], carried: set[str]) -> set[str]:
    """Digests of carried tables, in all versions of the study."""
    versions = [v for v in (previous.get("outputs") or {}).values() if isinstance(v, dict)]
    names = {(part, n) for v in versions for part in ("tables", "figures") for n, d in (v.get(part) or {}).items()
             if d in carried}  # fmt: skip
    return carried | {v[part][n] for v in versions for part, n in names if n in (v.get(part) or {})}


def _needed(previous: Mapping[str, Any], carried: Iterable[str], known: set[str]) -> list[dict[str, Any]]:
    """Steps of the last run behind some digests, in its order, without those that are known."""
    last: list[dict[str, Any]] = [s for s in previous.get("steps", ()) if isinstance(s, dict) and "digest" in s]
    wanted = set(carried)
    for step in reversed(last):
        if step["digest"] in wanted:
            wanted |= set(step.get("inputs", ()))
    return [s for s in last if s["digest"] in wanted - known]
