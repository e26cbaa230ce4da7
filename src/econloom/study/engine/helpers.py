"""Processes that do units beside this one."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import econloom
from econloom.core.errors import EconloomError
from econloom.study.cache.facts import Facts
from econloom.study.engine.bench import Bench
from econloom.study.engine.board import Board
from econloom.study.engine.units import Unit

PATIENCE = 1.0
"""Seconds of work after which helpers are started, where nobody asked for them by number."""


@dataclass(frozen=True)
class Task:
    """A unit, with what is known of the steps before it."""

    unit: Unit
    facts: Mapping[str, Facts]


@dataclass(frozen=True)
class Answer:
    """What a helper sends back.

    Attributes
    ----------
    facts : mapping of str to Facts
        Of the steps done.
    said : tuple of str
        Warnings of the cache.
    memory : int
        Largest size of the helper so far, in bytes.
    fault : exception or None
    trace : str
        Of a fault that is econloom's own.
    """

    facts: Mapping[str, Facts]
    said: tuple[str, ...] = ()
    memory: int = 0
    fault: BaseException | None = None
    trace: str = ""


class DeathError(EconloomError):
    """A helper's process ended while it was at work."""

    exit_code = 1


@dataclass
class Helpers:
    """Threads of this process, each with a process that it hands units to.

    Attributes
    ----------
    bench : Bench
        Of this process; helpers get one like it.
    board : Board
    number : int
        Helpers at most.
    jobs : int
        Processes in all, for the threads that each may have.
    finished : callable
        Told of each unit that a helper has done, with its answer.
    patience : float
        Seconds to wait before the first helper starts.
    """

    bench: Bench
    board: Board
    number: int
    jobs: int
    finished: Callable[[Unit, Answer], object]
    patience: float = PATIENCE
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)
    active: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    closing: bool = False

    def __enter__(self) -> Helpers:
        for n in range(self.number):
            thread = threading.Thread(target=self._serve, name=f"econloom-helper-{n + 1}", daemon=True)
            self.threads.append(thread)
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Let helpers end: at once where this process was interrupted, and those whose units a fault made idle."""
        if kind is not None:
            self.closing = True
            self.board.stop()
            for process in self.processes:
                process.kill()
        for thread in self.threads:
            while thread.is_alive():
                self._cut()
                thread.join(0.1)

    def _cut(self) -> None:
        """End helpers at work on units behind a fault: their values are not waited for."""
        if self.board.fault is not None:
            for number, process in list(self.active.items()):
                if number > self.board.fault[0]:
                    process.kill()

    def _serve(self) -> None:
        if not self.board.pause(self.patience):
            return
        process = self._started()
        try:
            while (unit := self.board.take()) is not None:
                self._hand(process, unit)
                if process.poll() is not None:
                    return
        finally:
            _ended(process)

    def _hand(self, process: subprocess.Popen[bytes], unit: Unit) -> None:
        """Give a unit to a process and wait for its answer."""
        unkept = {d: f for d, f in list(self.bench.facts.items()) if d not in self.bench.kept}
        self.active[unit.number] = process
        try:
            assert process.stdin is not None and process.stdout is not None
            _send(process.stdin, Task(unit, unkept))
            answer: Answer = pickle.load(process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError, ValueError):
            self.board.fail(unit, _death(process, unit))
            return
        finally:
            del self.active[unit.number]
        if answer.fault is not None:
            if answer.trace:
                answer.fault.add_note(answer.trace)
            self.board.fail(unit, answer.fault)
            return
        self.finished(unit, answer)
        self.board.finish(unit)

    def _started(self) -> subprocess.Popen[bytes]:
        code = "from econloom.study.engine.worker import main; main()"
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(self.jobs),
            start_new_session=os.name != "nt",  # Ctrl-C on the terminal is this process's to handle
        )
        self.processes.append(process)
        if self.closing:
            process.kill()
        assert process.stdin is not None
        bench = self.bench
        shelf = replace(bench.shelf, said={})
        mine = Bench(bench.known, bench.sources, shelf, bench.exchange, bench.kept, bench.sent)
        with suppress(OSError):  # it died at its start, which the first unit finds
            _send(process.stdin, mine)
        return process


def _environment(jobs: int) -> dict[str, str]:
    """Threads are shared out, and the helper sees the econloom of this process."""
    cores = max(1, (os.cpu_count() or 1) // max(jobs, 1))
    home = str(Path(econloom.__file__).resolve().parents[1])
    path = os.pathsep.join(dict.fromkeys([home, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]))
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    return {**os.environ, **threads, "POLARS_MAX_THREADS": str(cores), "PYTHONPATH": path}


def _send(stream: Any, message: Any) -> None:
    pickle.dump(message, stream, protocol=5)
    stream.flush()


def _death(process: subprocess.Popen[bytes], unit: Unit) -> DeathError:
    try:
        code = process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    how = f"was ended by signal {-code} ({_signal(-code)})" if code < 0 else f"ended with code {code}"
    hint = "likely too little memory: run with --jobs 1; what was finished is kept"
    return DeathError(f"{unit.name}: the process that did it {how}", hint=hint)


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def _ended(process: subprocess.Popen[bytes]) -> None:
    """Close a helper's input, which ends it."""
    for stream in (process.stdin, process.stdout):
        try:
            if stream is not None:
                stream.close()
        except OSError:
            continue
    deadline = time.monotonic() + 5
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    if process.poll() is None:
        process.kill()
        process.wait()
