"""Several processes: helpers that die, runs at once, full disks."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import econloom as el
from econloom.core import processes
from econloom.core.errors import EconloomError, OutputError
from econloom.study.engine import helpers
from econloom.study.engine.board import Board
from econloom.study.engine.units import Unit
from tests.study import small
from tests.study.cache.test_engine import content

ROOT = Path(__file__).resolve().parents[3]


def test_a_helper_that_dies_is_told(folder, monkeypatch):
    whole = helpers.Helpers._started

    def started(self):
        process = whole(self)
        process.kill()
        process.wait()
        return process

    monkeypatch.setattr(helpers.Helpers, "_started", started)
    monkeypatch.setattr("econloom.study.engine.execution._Running._work", lambda self, board: time.sleep(0.3))
    with pytest.raises(EconloomError, match=r"the process that did it was ended by signal 9 \(SIGKILL\)") as caught:
        el.study(folder).run(jobs=2, cache=False)
    assert "--jobs 1" in caught.value.hint and not (folder / "out").exists()


def test_an_interrupted_run_ends_its_helpers(folder, monkeypatch):
    started = []
    whole = helpers.Helpers._started
    monkeypatch.setattr(helpers.Helpers, "_started", lambda self: started.append(whole(self)) or started[-1])

    def interrupted(self, board):
        while not started:
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr("econloom.study.engine.execution._Running._work", interrupted)
    with pytest.raises(KeyboardInterrupt):
        el.study(folder).run(jobs=2, cache=False)
    assert started and all(p.poll() is not None for p in started)
    assert not [t for t in threading.enumerate() if t.name.startswith("econloom-helper")]


def units(*needs):
    """Units of nothing, each needing those before it of the given numbers."""
    made = []

    class Named:
        def __init__(self, number):
            self.digest, self.name = str(number), f"step {number}"

    for number, before in enumerate(needs):
        made.append(Unit(number, (Named(number),), frozenset(map(str, before))))
    return made


def test_units_are_handed_out_when_what_they_need_is_done():
    board = Board(units([], [0], [], [1, 2]))
    first, third = board.take(), board.take()
    assert (first.number, third.number) == (0, 2)
    board.finish(first)
    second = board.take()
    assert second.number == 1
    board.finish(third)
    board.finish(second)
    last = board.take()
    board.finish(last)
    assert last.number == 3 and board.take() is None and board.over


def test_of_several_faults_the_first_in_order_counts():
    board = Board(units([], [], [], []))
    taken = [board.take() for _ in range(3)]
    board.fail(taken[2], ValueError("third"))
    assert [u.number for u in board.ready()] == []
    board.fail(taken[0], ValueError("first"))
    board.finish(taken[1])
    assert board.take() is None and str(board.fault[1]) == "first"


def test_a_lock_ends_with_its_process(tmp_path):
    path = tmp_path / "lock"
    code = (
        "import sys, time; from pathlib import Path; from econloom.core.processes import Lock;"
        "Lock(Path(sys.argv[1])).take(); print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(processes.Held) as held:
        processes.Lock(path).take()
    assert held.value.owner == holder.pid
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    lock = processes.Lock(path)
    lock.take()
    lock.give()
    assert not path.exists()


def test_the_number_of_another_process_keeps_nobody_out(folder):
    """A killed run's number belongs to a process that has nothing to do with it."""
    (folder / "out").mkdir()
    (folder / "out/.econloom-lock").write_text("1")
    assert processes.alive(1)
    assert el.study(folder).run().tables
    assert not (folder / "out/.econloom-lock").exists()


def test_without_locks_of_the_system_a_living_process_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "_locked", lambda handle: False)
    path = tmp_path / "lock"
    path.write_text("1")
    with pytest.raises(processes.Held):
        processes.Lock(path).take()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    path.write_text(str(gone.pid))
    lock = processes.Lock(path)
    lock.take()
    lock.give()


def test_two_runs_at_once_share_a_cache(folder, tmp_path, shelf):
    other = small.write(tmp_path / "other")
    wanted = content(el.study(folder).run(cache=False).path)
    faults = []

    def run(place):
        try:
            for _ in range(2):
                el.study(place).run()
        except Exception as error:  # noqa: BLE001  (told below)
            faults.append(error)

    threads = [threading.Thread(target=run, args=(place,)) for place in (folder, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert content(folder / "out") == content(other / "out") == wanted
    assert not list(shelf.rglob("*.part"))


def test_a_full_disk_leaves_the_last_run(folder, monkeypatch):
    el.study(folder).run()
    before = {p: p.read_bytes() for p in (folder / "out").rglob("*") if p.is_file()}
    small.rewrite(folder, small.TEXT.replace("digits: 3", "digits: 2"))
    whole, left = Path.write_bytes, [5]

    def full(self, content):
        if ".econloom-staging" in str(self):
            left[0] -= 1
            if left[0] < 0:
                whole(self, content[: len(content) // 2])
                raise OSError(errno.ENOSPC, "No space left on device", str(self))
        return whole(self, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left on device"):
        el.study(folder).run()
    assert {p: p.read_bytes() for p in (folder / "out").rglob("*") if p.is_file()} == before
    monkeypatch.undo()
    assert json.loads((folder / "out/run.json").read_text(encoding="utf-8"))["tables"]
