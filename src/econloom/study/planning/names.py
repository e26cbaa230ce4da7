"""What names may stand for while a study is planned."""

from __future__ import annotations


def matched_columns(sample: str) -> tuple[str, str, str]:
    """Columns of a matched sample: whether a row is in it, its weight, its score.

    Examples
    --------
    >>> matched_columns("matched")
    ('matched_row', 'matched_weight', 'matched_score')
    """
    return f"{sample}_row", f"{sample}_weight", f"{sample}_score"
