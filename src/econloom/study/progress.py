"""A progress bar of a run, on a terminal only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from econloom.study.run import Listener, Tick


@contextmanager
def bar(enabled: bool) -> Iterator[Listener | None]:
    """A listener for :meth:`Study.run` that draws a bar on standard error; None when not ``enabled``."""
    if not enabled:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("planning", total=None)

        def show(tick: Tick) -> None:
            inside = f" {tick.done}/{tick.size}" if tick.size else ""
            progress.update(task, total=tick.total, completed=tick.number - 1, description=f"{tick.name}{inside}")

        yield show
