"""How dates of adoption become columns: the choices, each with its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Literal, get_args

from econloom.core.errors import UsageError, did_you_mean
from econloom.core.labels import Label
from econloom.data.columns.dates import Moment

Exposure = Literal["year", "month", "day"]
Month = Literal["counted", "half", "not_counted"]
Made = Literal["treated", "treatpost", "exposure", "cohort", "batch", "event_time", "single"]
MADE: tuple[Made, ...] = get_args(Made)
LABELS: Mapping[Made, Label] = {
    "treated": Label("处理组", "Treated"),
    "treatpost": Label("处理组×政策后", "Treated × post"),
    "exposure": Label("政策暴露强度", "Exposure"),
    "cohort": Label("政策实施年份", "Year of adoption"),
    "batch": Label("批次", "Batch"),
    "event_time": Label("相对时间", "Event time"),
    "single": Label("处理组×政策后（单时点）", "Treated × post (single date)"),
}
_HELD = {"counted": 1.0, "half": 0.5, "not_counted": 0.0}
_CHOICES = {
    "later": ("controls", "drop"),
    "always": ("error", "keep", "drop"),
    "exposure": get_args(Exposure),
    "month": get_args(Month),
    "unknown": ("near", "error", "ignore"),
    "moves": ("error", "keep", "drop"),
    "earlier": ("break", "own", "drop"),
}


@dataclass(frozen=True)
class Rules:
    """What is done with dates of adoption.

    Attributes
    ----------
    batches : sequence or None
        Those whose units are treated; all by default.
    later : {"controls", "drop"}
        Units of other batches, and those that adopt after the span: untreated in all rows, or left out.
    always : {"error", "keep", "drop"}
        Units that are treated in every period in which they are seen.
    exposure : {"year", "month", "day"}
        The share of the year of adoption under treatment: all of it, by months, by days.
    month : {"counted", "half", "not_counted"}
        How much of the month of the decision is under treatment: exposure is (12 - m + c)/12 with c = 1, 1/2, 0.
    cutoff : int
        Decisions after this month count from the next year on (``treatpost``, ``cohort``); 12: none does.
    unknown : {"near", "error", "ignore"}
        Units of the table that the panel does not have (:func:`~econloom.panel.did.decisions.read_decisions`).
    moves : {"error", "keep", "drop"}
        Rows' units (firms) that lose treatment by moving to another adopting unit (city): refused, taken as they are,
        or left out with all others that move between cohorts.
    single : int or None
        The one period of adoption of the column ``single``.
    earlier : {"break", "own", "drop"}
        Units that adopt before ``single``: from it on, from their own date on, or left out.
    """

    batches: Sequence[Any] | None = None
    later: Literal["controls", "drop"] = "controls"
    always: Literal["error", "keep", "drop"] = "error"
    exposure: Exposure = "month"
    month: Month = "counted"
    cutoff: int = 12
    unknown: Literal["near", "error", "ignore"] = "near"
    moves: Literal["error", "keep", "drop"] = "error"
    single: int | None = None
    earlier: Literal["break", "own", "drop"] = "break"

    def __post_init__(self) -> None:
        for name, known in _CHOICES.items():
            value = getattr(self, name)
            if value not in known:
                near = did_you_mean(value, known)
                raise UsageError(f"{name}: {value!r} is not a choice{near}", hint=f"one of {', '.join(known)}")
        if isinstance(self.cutoff, bool) or not isinstance(self.cutoff, int) or not 1 <= self.cutoff <= 12:
            raise UsageError(f"cutoff: a month from 1 to 12, not {self.cutoff!r}")
        if isinstance(self.batches, str):
            raise UsageError(f"batches: a list, not {self.batches!r}", hint=f"batches=[{self.batches!r}]")
        if self.batches is not None and len(self.batches) == 0:
            raise UsageError("batches: an empty list", hint="leave it out to take every batch")

    def cohort(self, moment: Moment) -> int:
        """The first period that counts as treated."""
        return moment.year + (moment.month > self.cutoff)

    def share(self, moment: Moment, unit: Any) -> float:
        """The share of the decision's year under treatment.

        Raises
        ------
        UsageError
            The date has no month, or no day, where the share needs it.
        """
        if self.exposure == "year":
            return 1.0
        part = moment.month if self.exposure == "month" else moment.day
        if not part:
            raise UsageError(
                f"exposure by {self.exposure}: the date {moment} of {unit} has no {self.exposure}",
                hint="exposure: year, or dates in full",
            )
        if self.exposure == "month":
            return (12 - moment.month + _HELD[self.month]) / 12
        return _share_of_days(moment)


RULES = tuple(f.name for f in fields(Rules))


def _share_of_days(moment: Moment) -> float:
    """Days from the decision to the end of the year, the day itself among them."""
    last = date(moment.year, 12, 31)
    return ((last - date(moment.year, moment.month, moment.day)).days + 1) / last.timetuple().tm_yday
