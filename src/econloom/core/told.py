"""What a reader of a run's tables should know, from its record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def noteworthy(events: Iterable[Mapping[str, Any]], warnings: Iterable[str]) -> list[str]:
    """Rows dropped, cells filled, joins with unmatched rows, warnings.

    Of warnings that are alike but for names and numbers the first is told, with how many more there are.
    """
    lines = [e["message"] for e in events if e["kind"] in {"drop", "fill"} or e["detail"].get("panel_only")]
    alike: dict[str, list[str]] = {}
    for warning in warnings:
        words = [w for w in warning.split() if not any(c.isdigit() for c in w)]
        alike.setdefault(" ".join(words[:3]), []).append(warning)
    for first, *others in alike.values():
        more = f" ({len(others)} more of this kind in run.json)" if others else ""
        lines.append(f"warning: {first}{more}")
    return lines
