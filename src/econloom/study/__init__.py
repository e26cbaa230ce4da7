"""What a study is and how it runs.

``study("study.yaml")`` gives a :class:`Study`: check it, look at its plan, run it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from econloom.core.errors import UsageError
from econloom.core.labels import Lang
from econloom.study import catalog, functions, ledger, schema
from econloom.study import plan as planning
from econloom.study.cache.record import PLAN_FILE
from econloom.study.cache.shelf import Shelf
from econloom.study.catalog import Facts
from econloom.study.engine import states
from econloom.study.engine.states import Outlook
from econloom.study.output import Output, is_current
from econloom.study.plan import Plan
from econloom.study.run import Listener, Run, execute
from econloom.study.schema import DEFAULT, StudySpec
from econloom.study.self_audit import examined
from econloom.study.store import RUN_FILE, Folder

if TYPE_CHECKING:
    from econloom.study.export import Export
    from econloom.study.ledger import Ledger
    from econloom.study.pack import Packed
    from econloom.study.why.asking import Why

__all__ = ["Plan", "Run", "Study", "StudySpec", "functions", "study"]


@dataclass(frozen=True)
class Study:
    """A study: its specification and what can be done with it.

    Attributes
    ----------
    spec : StudySpec
    file : Path or None
        The study file; None for a study built in Python.
    """

    spec: StudySpec
    file: Path | None = None

    @cached_property
    def facts(self) -> Mapping[str, Facts]:
        """Files, columns and digests of the sources, by version."""
        return catalog.survey(self.spec)

    def _place(self, out: str | Path | None) -> Path | None:
        """The folder of a run: the one named, else ``out`` beside the study file; None without either."""
        if out is not None:
            return Path(out)
        return self.file.parent / "out" if self.file else None

    def plan(self) -> Plan:
        """Every step that would run, without running it.

        Raises
        ------
        StudyFileError
            All faults that can be found before the work starts, each with its place.
        """
        return self._plan

    @cached_property
    def _plan(self) -> Plan:
        return planning.build(self.spec, self.facts)

    def outlook(self, tables: Iterable[str] | None = None, out: str | Path | None = None) -> tuple[Outlook, ...]:
        """What a run would do with every step, and why, told against the last run; nothing is changed.

        Parameters
        ----------
        tables : iterable of str, optional
        out : path, optional
            Folder of the last run; ``out`` beside the study file by default.
        """
        plan = self.plan()
        place = self._place(out)
        folder = Folder(place, self.spec.study) if place is not None else None
        last, record = (folder.read(PLAN_FILE), folder.previous()) if folder else ({}, {})
        return states.outlook(plan, plan.chosen(tables), Shelf.opened(self.spec.study), last, record)

    def is_current(self, folder: str | Path) -> bool:
        """Whether a folder holds a finished run of this study as it is now, with all its tables and figures."""
        path = Path(folder)
        if not (path / RUN_FILE).is_file():
            return False
        previous = Folder(path, self.spec.study).previous()
        plan = self.plan()
        return all(is_current(plan, previous, name) for name in plan.chosen())

    def run(
        self,
        tables: Iterable[str] | None = None,
        out: str | Path | None = None,
        lang: Lang = "zh",
        listener: Listener | None = None,
        jobs: int | None = None,
        cache: bool = True,
    ) -> Run:
        """Run the study: what is kept of earlier runs and still holds is not done again.

        Parameters
        ----------
        tables : iterable of str, optional
            Only these; the others are carried over from the last run.
        out : path, optional
            Folder for the results; ``out`` beside the study file by default. A study built in Python writes files
            only where ``out`` is given.
        lang : {"zh", "en"}
            Language of the written tables.
        listener : callable, optional
            Told of every step as a :class:`econloom.study.run.Tick`.
        jobs : int, optional
            Processes that do steps at once; the numbers do not depend on it. By default as many as there are
            processors, 8 at most, and further ones start only after a second of work.
        cache : bool
            Use values kept in the user's cache, and keep new ones there.

        Returns
        -------
        Run

        Raises
        ------
        EconloomError
            Nothing is written then, and an earlier run stays as it was. A table that prints what cannot be
            (docs/audit.md) is an :class:`econloom.core.errors.EstimationError`.
        """
        folder = self._place(out)
        if folder is None:
            return examined(execute(self.plan(), self.facts, tables, listener, jobs, cache), lang)
        output = Output(Folder(folder, self.spec.study), lang)
        plan = self.plan()
        chosen = plan.chosen(tables)
        with output.folder.writing() as staging:
            ledger.read(output.folder.path)  # a damaged one is told of before the work starts
            return output.write(execute(plan, self.facts, chosen, listener, jobs, cache), self.facts, staging)

    def ledger(self, out: str | Path | None = None) -> Ledger:
        """Every specification that was run in a folder, and which of them are printed now (docs/ledger.md).

        Parameters
        ----------
        out : path, optional
            Folder of the run, ``out`` beside the study file by default.

        Raises
        ------
        OutputError
            No run there, another study's, one without a ledger, or a damaged ledger.
        UsageError
            A study without a file, and no folder.
        """
        folder = self._place(out)
        if folder is None:
            raise UsageError("a study built in Python has no folder of its own", hint="ledger(out)")
        return ledger.opened(folder, self.spec.study)

    def export(
        self, program: str, folder: str | Path, tables: Iterable[str] | None = None, version: str = DEFAULT
    ) -> Export:
        """Write the study as a Stata do-file or an R script that estimates it again and checks itself (docs/export.md).

        Parameters
        ----------
        program : {"stata", "r"}
        folder : path
            Made when absent; one with content that is not an earlier export is refused.
        tables : iterable of str, optional
            Only these tables and figures.
        version : str

        Returns
        -------
        Export
            The script, what it compares, and what is left out and why.

        Raises
        ------
        EconloomError
            Nothing is written then.
        """
        from econloom.study.export import export

        return export(self.plan(), self.facts, [program], [folder], tables, version)[0]

    def why(
        self, address: str, out: str | Path | None = None, *, version: str = DEFAULT, rows: str | Path | None = None
    ) -> Why:
        """Say where a number of a run comes from: formula, standard error, rows, variables, files (docs/why.md).

        Parameters
        ----------
        address : str
            ``t3.c2.tbi``, ``t1.CHN.2007``; a column (``t3.c2``) or a table.
        out : path, optional
            Folder of the run, ``out`` beside the study file by default.
        version : str
        rows : path, optional
            Write the rows of the model behind it to this csv file.

        Returns
        -------
        Why
            ``print`` shows it in English, ``text("zh")`` gives it in Chinese.

        Raises
        ------
        OutputError
            No finished run, one of another study or of a newer econloom.
        UsageError
            No such version, table, column or term, with the near one.
        """
        from econloom.study.why.asking import why

        folder = self._place(out)
        if folder is None:
            raise UsageError("a study built in Python has no folder of its own", hint="out=")
        return why(self, address, folder, version, None if rows is None else Path(rows))

    def pack(
        self,
        path: str | Path,
        results: str | Path | None = None,
        lang: Lang = "zh",
        limit: float = 2_000.0,
        listener: Listener | None = None,
        *,
        write: bool = True,
    ) -> Packed:
        """Pack the study as a zip that reruns itself on a fresh machine (docs/reviewer-pack.md).

        Parameters
        ----------
        path : path
            The zip.
        results : path, optional
            Folder of the run, ``out`` beside the study file by default; the study is run first where it holds no
            current one.
        limit : float
            Megabytes that the files may have together.
        write : bool
            False: only say what would go in; nothing is run, so expected numbers are those that are there.

        Returns
        -------
        Packed
            Sizes, sources and warnings.

        Raises
        ------
        UsageError, StudyFileError
            No rights stated for a source; larger than the limit; a study without a file.
        OutputError
        """
        from econloom.study import pack as packing

        return packing.study_as_zip(self, path, results, lang, limit, listener, write=write)


def study(source: str | Path | Mapping[str, Any] | StudySpec, folder: str | Path = ".") -> Study:
    """Open a study.

    Parameters
    ----------
    source : path, mapping or StudySpec
        A study file, a folder with a ``study.yaml``, a dict of the same shape, or a finished specification.
    folder : path
        Where relative paths of a dict's sources start.

    Returns
    -------
    Study

    Raises
    ------
    UsageError, StudyFileError
        Faults of the file, each with file:line:column.
    """
    if isinstance(source, StudySpec):
        return Study(source)
    if isinstance(source, Mapping):
        return Study(schema.from_data(source, folder))
    spec = schema.load(source)
    return Study(spec, Path(spec.document.file))


class _CallableModule(ModuleType):
    """``econloom.study`` is this package and the function that opens a study: ``el.study("study.yaml")``."""

    __call__ = staticmethod(study)


sys.modules[__name__].__class__ = _CallableModule
