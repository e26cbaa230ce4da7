"""One thing to do, addressed by its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from econloom import __version__
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
        64 hexadecimal digits.
    path : tuple
        Its place in the study file, for errors.
    planned : str or None
        Why it cannot be done yet: it, or a step that it needs, is not built.
    """

    kind: str
    name: str
    params: Mapping[str, Any]
    inputs: tuple[str, ...]
    digest: str
    path: KeyPath = ()
    planned: str | None = None

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
        planned: str | None = None,
    ) -> Step:
        """A step with its digest; planned where one of its inputs is."""
        needed = tuple(inputs)
        before = tuple(i.digest for i in needed)
        text = json.dumps([__version__, kind, params, before], sort_keys=True, ensure_ascii=False)
        reason = planned or next((i.planned for i in needed if i.planned), None)
        return cls(kind, name, params, before, hashlib.sha256(text.encode()).hexdigest(), path, reason)
