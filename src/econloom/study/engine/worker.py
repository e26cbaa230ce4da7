"""The helper process: takes units from its standard input, answers on its standard output."""

from __future__ import annotations

import os
import pickle
import sys
import threading
import time
import traceback
from collections import Counter
from typing import Any, BinaryIO

from econloom.core.errors import EconloomError
from econloom.study.engine.bench import Bench, FailedError, LostError
from econloom.study.engine.helpers import Answer, Task
from econloom.study.engine.memory import largest

KEPT_INPUTS = 6
"""Values that a helper holds between units."""


def main() -> None:
    """Do units until the input ends."""
    stream_in, stream_out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not disturb the answers
    _end_with_parent()
    bench: Bench = pickle.load(stream_in)
    while (task := _next(stream_in)) is not None:
        pickle.dump(_answer(bench, task), stream_out, protocol=5)
        stream_out.flush()


def _next(stream: BinaryIO) -> Task | None:
    try:
        task: Task = pickle.load(stream)
    except EOFError:
        return None
    return task


def _answer(bench: Bench, task: Task) -> Answer:
    bench.facts.update(task.facts)
    bench.uses = Counter(i for s in task.unit.steps for i in s.inputs)
    bench.hold = {*task.unit.needs, *bench.memory}
    fault: BaseException | None = None
    trace = ""
    done: dict[str, Any] = {}
    try:
        done = bench.do(task.unit, lambda name, part, size: None)
    except (FailedError, LostError, EconloomError) as error:
        fault = error
    except MemoryError:
        fault = EconloomError(f"{task.unit.name}: not enough memory for this", hint="run with --jobs 1")
    except Exception as error:  # noqa: BLE001  (a defect of econloom: told in the process that asked)
        fault, trace = _sendable(error), traceback.format_exc()
    said = tuple(bench.shelf.said)
    bench.shelf.said.clear()
    for digest in list(bench.memory)[:-KEPT_INPUTS]:
        del bench.memory[digest]
    return Answer(done, said, largest(), fault, trace)


def _sendable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001  (whatever its pickling does)
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _end_with_parent() -> None:
    """End when the process that started this one is gone, also in the middle of a unit."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    if os.name != "nt":
        threading.Thread(target=watch, daemon=True).start()
