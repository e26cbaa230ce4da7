"""The shape that ``run.json`` and ``plan.json`` must have where a comparison looks into them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

STEP: Mapping[str, Any] = {
    "kind": str,
    "name": str,
    "params": dict,
    "inputs": [str],
    "digest": str,
    "path": [(str, int)],
}
RECORD: Mapping[str, Any] = {
    "econloom": str,
    "study": str,
    "files": [str],
    "tables": {dict: None},
}
RECORD_MAY: Mapping[str, Any] = {"figures": {dict: None}, "code": dict}
PLAN_MAY: Mapping[str, Any] = {"outputs": {dict: None}, "written": dict, "places": [list]}
_MODEL = {"key": str, "formula": str, "outcome": str, "terms": [str], "effects": [str], "endogenous": [str],
          "instruments": [str], "samples": [str]}  # fmt: skip
_PARAMS: Mapping[str, Mapping[str, Any]] = {
    "variable": {"name": str, "formula": str, "samples": dict, "lists": dict},
    "attach": {"name": str, "measure": str},
    "join": {"source": str, "columns": dict, "on": [str], "kind": str},
    "drop": {"where": str, "why": str, "lists": dict},
    "aggregate": {"make": dict, "by": [str]},
    "policy": {"makes": dict},
    "keys": {"keys": [str]},
    "estimate": {"models": [dict], "samples": dict, "lists": dict},
    "table": {"columns": [dict]},
    "read_frame": {"source": str, "digest": str},
    "read_tables": {"source": str, "digest": str},
    "read_places": {"source": str, "digest": str},
    "simulate": {"source": str},
}
_NEEDED = {"variable": ("name", "formula"), "attach": ("name", "measure"), "join": ("source",), "drop": ("where",)}


def wrong_step(step: Any) -> str | None:
    """What is wrong with a step, or None."""
    if not isinstance(step, dict):
        return "no mapping"
    return next(_faults(step), None)


def _faults(step: Mapping[str, Any]) -> Iterator[str]:
    yield from absent_or_other(step, STEP, needed=True)
    params = step.get("params")
    if not isinstance(params, dict):
        return
    kind = str(step.get("kind"))
    yield from (f"params.{k} is absent" for k in _NEEDED.get(kind, ()) if params.get(k) is None)
    yield from (f"params.{fault}" for fault in absent_or_other(params, _PARAMS.get(kind, {}), needed=False))
    if kind == "estimate":
        models = params.get("models")
        for model in models if isinstance(models, list) else ():
            yield from (f"params.models: {f}" for f in absent_or_other(model, _MODEL, needed=False))


def absent_or_other(found: Any, shape: Mapping[str, Any], *, needed: bool) -> Iterator[str]:
    """Keys that are absent (where they are needed) or hold another kind of value."""
    if not isinstance(found, dict):
        yield "no mapping"
        return
    for key, kind in shape.items():
        value = found.get(key)
        if value is None and not needed:
            continue
        if not _is(value, kind):
            yield f"{key!r} is absent or of another kind" if needed else f"{key!r} is of another kind"


def _is(value: Any, kind: Any) -> bool:
    if isinstance(kind, list):
        return isinstance(value, list) and all(isinstance(v, kind[0]) for v in value)
    if isinstance(kind, dict):
        return isinstance(value, dict) and all(isinstance(v, next(iter(kind))) for v in value.values())
    return isinstance(value, kind)


def is_place(entry: Any) -> bool:
    """Whether an entry of ``places`` is a path of the study file and where it stands."""
    if not (isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], list)):
        return False
    return isinstance(entry[1], str) and all(isinstance(part, str | int) for part in entry[0])
