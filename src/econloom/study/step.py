"""One thing to do, addressed by its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from econloom.study.cache import code
from econloom.study.document import KeyPath


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One thing to do.

    Attributes
    ----------
    kind : str
        Key of the wiring table in :mod:`econloom.study.steps`.
    name : str
        For readers: ``join kof``, ``variable lnGDP``.
    params : mapping
        JSON-ready; with ``inputs`` they fix the result.
    inputs : tuple of str
        Digests of the steps it needs.
    digest : str
        64 hexadecimal digits, of kind, parameters, inputs and the code (:mod:`econloom.study.cache.code`).
    path : tuple
        Its place in the study file, for errors.
    recipe : str
        As ``digest``, whatever the code: it stays when only the code has changed.
    """

    kind: str
    name: str
    params: Mapping[str, Any]
    inputs: tuple[str, ...]
    digest: str
    path: KeyPath = ()
    recipe: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Step) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @classmethod
    def make(
        cls,
        kind: str,
        name: str,
        params: Mapping[str, Any],
        inputs: Iterable[Step] = (),
        path: KeyPath = (),
    ) -> Step:
        """A step with its digest."""
        needed = tuple(inputs)
        before = tuple(i.digest for i in needed)
        digest = _digest([code.current().identity, kind, params, before])
        recipe = _digest([kind, params, [i.recipe for i in needed]])
        return cls(kind, name, params, before, digest, path, recipe)


def _digest(parts: list[Any]) -> str:
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
