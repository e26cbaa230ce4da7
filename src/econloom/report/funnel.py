"""Rows of the sample funnel: from the rows offered to each column down to its N."""

from __future__ import annotations

from collections.abc import Sequence

from econloom.core.estimate import Tidy
from econloom.core.labels import Label
from econloom.core.lineage import SampleLog
from econloom.core.spec import ExtraRow

_STAGES: tuple[tuple[str, Label, tuple[str, ...]], ...] = (
    ("rows_outside", Label(zh="样本之外", en="Outside the sample"), ("outside where", "where unknown")),
    ("rows_missing", Label(zh="缺失值", en="Missing values"), ("missing ",)),
    ("rows_alone", Label(zh="单一观测组", en="Alone in a group"), ("singletons",)),
)
_OFFERED = Label(zh="原始观测数", en="Rows offered")
_OTHER = Label(zh="其他原因剔除", en="Dropped for other reasons")


def rows(models: Sequence[Tidy]) -> tuple[ExtraRow, ...]:
    """One row for the rows offered and one for each reason that takes any away; they add up to N.

    Parameters
    ----------
    models : sequence of Tidy
        One a column.

    Examples
    --------
    >>> from econloom.core.lineage import Drop
    >>> log = SampleLog(90, (Drop("missing outcome y", 10), Drop("outside where: year > 2005", 30)), 50)
    >>> made = rows([Tidy("y", (), {"n": 50}, (), "iid", "fixest", "t", 48, log)])
    >>> [(row.label.text("en"), row.cells) for row in made]
    [('Rows offered', (90,)), ('Outside the sample', (-30,)), ('Missing values', (-10,))]
    """
    found = [ExtraRow(_OFFERED, tuple(m.sample.offered for m in models), name="rows_offered")]
    for name, label, openings in _STAGES:
        lost = tuple(-_lost(m.sample, openings) for m in models)
        if any(lost):
            found.append(ExtraRow(label, lost, name=name))
    known = tuple(opening for _, _, openings in _STAGES for opening in openings)
    other = tuple(-(m.sample.offered - m.sample.n - _lost(m.sample, known)) for m in models)
    if any(other):
        found.append(ExtraRow(_OTHER, other, name="rows_other"))
    return tuple(found)


def _lost(log: SampleLog, openings: tuple[str, ...]) -> int:
    return sum(d.rows for d in log.drops if d.reason.startswith(openings))
