"""Tables of stored estimates by esttab, in the study's looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from econloom.study.export.stata.words import quoted, wrapped
from econloom.study.schema import StudySpec

_PARENTHESES = {"se": "se", "t": "t", "p": "p"}


def esttab(spec: StudySpec, name: str, table: Any, title: str, ids: Sequence[str]) -> list[str]:
    """``esttab`` to .rtf and .tex, with the table's digits, stars and brackets.

    Parameters
    ----------
    spec : StudySpec
    name : str
        Of the files.
    table : table of the study, or None for a figure
    title : str
    ids : sequence of str
        Stored estimates.
    """
    digits = _chosen(getattr(table, "digits", None), spec.defaults.digits, 3)
    cuts = _chosen(getattr(table, "stars", None), spec.defaults.stars, (0.1, 0.05, 0.01))
    show = [getattr(getattr(table, "show", None), "paren", None), spec.defaults.show.paren]
    shown = _PARENTHESES.get(str(next((s for s in show if s), "se")), "se")
    stars = " ".join(f"{'*' * (n + 1)} {cut:g}" for n, cut in enumerate(sorted(cuts, reverse=True)))
    options = [
        "replace", f"b(%12.{digits}f)", f"{shown}(%12.{digits}f)", f"star({stars})", f"title({quoted(title)})",
        "label nogaps",
    ]  # fmt: skip
    lines: list[str] = []
    for ending, more in (("rtf", ""), ("tex", " booktabs")):
        line = f'capture noisily esttab {" ".join(ids)} using "tables/{name}.{ending}", {" ".join(options)}{more}'
        lines += wrapped(line)
    return lines


def _chosen(own: Any, default: Any, otherwise: Any) -> Any:
    return next((v for v in (own, default) if v is not None), otherwise)
