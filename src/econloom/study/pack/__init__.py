"""A study as a zip that reruns itself on a fresh machine: ``econloom pack``."""

from __future__ import annotations

from econloom.study.pack.packing import Packed, contents, pack, study_as_zip

__all__ = ["Packed", "contents", "pack", "study_as_zip"]
