"""Every construct of the study language: read, planned, and refused where it is misspelt or contradicts itself."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import econloom as el
from econloom.core.errors import EconloomError
from tests.study import small

CONSTRUCTS: dict[str, dict[str, Any]] = YAML(typ="safe", pure=True).load(
    Path(__file__).with_name("constructs.yaml").read_text(encoding="utf-8")
)


def changed(data: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A study's dict with some dotted paths set; None removes."""
    made = copy.deepcopy(data)
    for dotted, value in changes.items():
        here: Any = made
        *parents, last = dotted.split(".")
        for key in parents:
            step: Any = int(key) if isinstance(here, list) else key
            if isinstance(here, dict):
                here.setdefault(step, {})
            here = here[step]
        if isinstance(here, list):
            place = int(last)
            here[place : place + 1] = [value]
        elif value is None:
            here.pop(last, None)
        else:
            here[last] = value
    return made


@pytest.fixture
def data() -> dict[str, Any]:
    return small.data()


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_it_is_read_planned_and_run_or_said_to_be_planned(name: str, folder: Path, data: dict[str, Any]) -> None:
    planned = CONSTRUCTS[name]["planned"]
    study = el.study(changed(data, CONSTRUCTS[name]["set"]), folder)
    plan = study.plan()
    assert plan.planned.get("x") == planned
    run = study.run(["x"])
    assert ("x" in {**run.tables, **run.figures}) == (planned is None)
    assert run.planned == ({} if planned is None else {"x": planned})


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_it_is_refused_where_it_is_wrong(name: str, folder: Path, data: dict[str, Any]) -> None:
    entry = CONSTRUCTS[name]
    with pytest.raises(EconloomError) as caught:
        el.study(changed(changed(data, entry["set"]), entry["wrong"]), folder).plan()
    assert entry["says"] in str(caught.value)
