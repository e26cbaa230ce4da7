"""Steps that read or draw sources, and what is known of their columns beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from econloom.core.errors import listed
from econloom.lights.tables import LAYOUTS as PLACES
from econloom.study.catalog import simulated_by
from econloom.study.document import KeyPath
from econloom.study.planning.draft import Draft
from econloom.study.step import Step


def source(draft: Draft, name: str, path: KeyPath) -> Step | None:
    """The step that reads a source, or draws it."""
    if not draft.one_of(name, draft.spec.sources, "source", path):
        return None
    draft.used.add(name)
    spec, facts = draft.spec.sources[name], draft.facts[name]
    here: KeyPath = ("sources", name)
    params: dict[str, Any] = {"source": name, "where": spec.where, "columns": spec.columns, "digest": facts.digest}
    if spec.where is not None:
        params["lists"] = draft.lists_in(spec.where)
        if facts.columns is not None:
            draft.check(spec.where, (*here, "where"), facts.columns, samples=False)
    if spec.simulate is not None:
        simulator, seed, process = simulated_by(spec)
        params |= {"simulate": simulator, "seed": seed, "process": process}
        return draft.add("simulate", f"simulate {name}", params, (), here)
    if spec.layout in PLACES:
        return draft.add("read_places", f"read {name}", params | {"layout": spec.layout}, (), here)
    if facts.columns is None:
        return draft.add("read_tables", f"read {name}", params | {"layout": spec.layout}, (), here)
    return draft.add("read_frame", f"read {name}", params | {"reading": spec.reading}, (), here)


def source_columns(draft: Draft, name: str) -> Sequence[str] | None:
    """Columns that a source will have; None for inter-country tables."""
    spec, facts = draft.spec.sources[name], draft.facts[name]
    if spec.columns is not None:
        return list(spec.columns)
    return list(facts.columns) if facts.columns is not None else None


def unused_sources(drafts: Iterable[Draft]) -> tuple[str, ...]:
    """A warning where no version uses a source."""
    known: dict[str, None] = {}
    used: set[str] = set()
    for draft in drafts:
        known |= dict.fromkeys(draft.spec.sources)
        used |= draft.used
    unused = [s for s in known if s not in used]
    return (f"sources that nothing uses: {listed(unused)}",) if unused else ()
