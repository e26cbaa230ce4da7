"""Columns of regression tables as planned."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from econloom.core.labels import Label
from econloom.study.document import KeyPath


@dataclass(frozen=True)
class Shown:
    """A column as it is shown: a model's key, its stage and its place in the file.

    Attributes
    ----------
    model : dict
        What is estimated, JSON-ready; columns with an equal ``key`` share one estimate.
    stage : str
        ``main``, ``first``, ``second`` or ``reduced``.
    endogenous : str or None
        Whose first stage.
    group : str
        Sample, or group of a split, by which the columns are repeated, or ``""``.
    id : str or None
    head : Label or None
    path : tuple
        Where the column is written.
    """

    model: dict[str, Any]
    stage: str
    endogenous: str | None
    group: str
    id: str | None
    head: Label | None
    path: KeyPath = ("tables",)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready reference to the estimate."""
        head = {"zh": self.head.zh, "en": self.head.en} if self.head else None
        return {"key": self.model["key"], "stage": self.stage, "endogenous": self.endogenous, "group": self.group,
                "id": self.id, "head": head}  # fmt: skip


def keyed(model: dict[str, Any]) -> dict[str, Any]:
    """A model with a key that equal models share."""
    text = json.dumps(model, sort_keys=True, ensure_ascii=False)
    return model | {"key": hashlib.sha256(text.encode()).hexdigest()[:16]}
