"""What names may stand for while a study is planned."""

from __future__ import annotations

from collections.abc import Collection, Iterator


class Anything(Collection[str]):
    """The columns of a source that nobody knows yet: every name is among them."""

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def matched_columns(sample: str) -> tuple[str, str, str]:
    """Columns of a matched sample: whether a row is in it, its weight, its score.

    Examples
    --------
    >>> matched_columns("matched")
    ('matched_row', 'matched_weight', 'matched_score')
    """
    return f"{sample}_row", f"{sample}_weight", f"{sample}_score"
