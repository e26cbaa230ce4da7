"""Which units wait, which are being done, which are done: what this process and its helpers take work from."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from econloom.study.engine.units import Unit


@dataclass
class Board:
    """The units of a run, taken by several threads.

    Attributes
    ----------
    units : tuple of Unit
        In order.
    """

    units: Sequence[Unit]
    changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        maker = {s.digest: u.number for u in self.units for s in u.steps}
        self.before = {u.number: {maker[d] for d in u.needs} for u in self.units}
        self.waiting = {u.number: u for u in self.units}
        self.done: set[int] = set()
        self.fault: tuple[int, BaseException] | None = None
        self.busy = 0

    def ready(self) -> list[Unit]:
        """Units that could be done now; after a fault only those that stand before it."""
        last = self.fault[0] if self.fault else len(self.units)
        return [u for n, u in sorted(self.waiting.items()) if n < last and self.before[n] <= self.done]

    @property
    def over(self) -> bool:
        """Whether nothing more will be done."""
        return not self.busy and not self.ready()

    def take(self) -> Unit | None:
        """The first unit that is ready, as soon as there is one; None when there will be none."""
        with self.changed:
            while not (ready := self.ready()):
                if not self.busy:
                    return None
                self.changed.wait(0.5)
            self.busy += 1
            return self.waiting.pop(ready[0].number)

    def finish(self, unit: Unit) -> None:
        """A unit is done."""
        with self.changed:
            self.busy -= 1
            self.done.add(unit.number)
            self.changed.notify_all()

    def fail(self, unit: Unit, fault: BaseException) -> None:
        """A unit failed; of several faults the one that stands first counts, as it would one by one."""
        with self.changed:
            self.busy -= 1
            if self.fault is None or unit.number < self.fault[0]:
                self.fault = (unit.number, fault)
            self.changed.notify_all()

    def stop(self) -> None:
        """Nothing more is handed out."""
        with self.changed:
            self.waiting.clear()
            self.changed.notify_all()

    def pause(self, seconds: float) -> bool:
        """Wait so many seconds, or until all is handed out; whether there is work for one more."""
        with self.changed:
            self.changed.wait_for(lambda: self.over or not self.waiting, timeout=seconds)
            return len(self.waiting) > 1 and not self.fault
