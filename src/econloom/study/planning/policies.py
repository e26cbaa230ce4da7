"""Steps that give the main panel the columns of a policy."""

from __future__ import annotations

from typing import Any

from econloom.core.errors import UsageError, did_you_mean
from econloom.panel.did.rules import RULES
from econloom.study.document import KeyPath
from econloom.study.language.data import Policy
from econloom.study.planning.draft import Draft, PanelDraft
from econloom.study.planning.sources import source, source_columns


def steps(draft: Draft, made: PanelDraft) -> None:
    """Columns of adoption from tables of decisions."""
    for name, policy in draft.spec.policy.items():
        path: KeyPath = ("policy", name)
        read = source(draft, policy.file, (*path, "file"))
        draft.column_known(policy.unit, made, (*path, "unit"))
        if read is None:
            continue
        _check_columns(draft, policy, path)
        for kind, column in policy.makes.items():
            if column in made.columns:
                error = UsageError(f"the panel already has a column {column!r}", hint="give it another name")
                draft.problem(error, (*path, "makes", kind))
        params = _params(policy, made) | {"policy": name}
        made.step = draft.add("policy", f"policy {name}", params, (made.step, read), path)
        made.columns += list(policy.makes.values())


def _check_columns(draft: Draft, policy: Policy, path: KeyPath) -> None:
    known = source_columns(draft, policy.file)
    if known is None:
        message = f"{policy.file}: a table of decisions is needed, not inter-country tables"
        draft.problem(UsageError(message), (*path, "file"))
        return
    wanted = {"unit": policy.unit, "date": policy.date} | ({"batch": policy.batch} if policy.batches else {})
    for key, column in wanted.items():
        if column not in known:
            near = did_you_mean(column, known)
            place = path if key == "batch" and "batch" not in policy.model_fields_set else (*path, key)
            draft.problem(UsageError(f"{policy.file}: no column {column!r}{near}"), place)


def _params(policy: Policy, made: PanelDraft) -> dict[str, Any]:
    unit, time = (*made.spec.keys, "")[:2]
    given = policy.model_dump(mode="json")
    return {
        "file": policy.file,
        "rules": {name: given[name] for name in RULES},
        "columns": [policy.unit, policy.date, policy.batch],
        "keys": [policy.unit, time, unit if unit != policy.unit else None],
        "makes": given["makes"],
        "span": made.span,
    }
