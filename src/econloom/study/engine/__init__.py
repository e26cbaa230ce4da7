"""How the steps of a plan are done: what must run, in which units, in this process or beside it."""

from econloom.study.engine.execution import Done, perform
from econloom.study.engine.schedule import Schedule, schedule

__all__ = ["Done", "Schedule", "perform", "schedule"]
