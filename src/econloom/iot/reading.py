"""``econloom.iot.read``: find out what a path holds and read it."""

from __future__ import annotations

from pathlib import Path

from econloom.core.errors import DataError, UsageError, listed
from econloom.iot.assemble import NegativeOutput
from econloom.iot.collection import YearlyTables
from econloom.iot.parsers import wiod2016_assembled as wiod
from econloom.iot.table import IOTable


def read(path: str | Path, *, negative_output: NegativeOutput = "floor_final_use") -> YearlyTables | IOTable:
    """Read inter-country tables.

    Parameters
    ----------
    path : str or Path
        A folder in the layout ``wiod2016-assembled`` (national.npz, bilateral.npz, rest_of_world.npz), or an npz
        file that :meth:`IOTable.to_npz` wrote.
    negative_output : {"floor_final_use", "refuse"}, keyword only
        What to do with sectors whose sales sum to zero or less in an assembled table, see
        :func:`econloom.iot.assemble.assemble_year`.

    Returns
    -------
    YearlyTables or IOTable
        A collection for a folder, one table for a file.

    Raises
    ------
    DataError
        Nothing there, an unknown layout, damaged files, or numbers that contradict one another.
    UsageError
        Not a path.

    Examples
    --------
    >>> import tempfile
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     t.to_npz(f"{folder}/small.npz")
    ...     read(f"{folder}/small.npz")
    IOTable(2 countries x 1 sectors, output 20)
    """
    if not isinstance(path, str | Path):
        raise UsageError(f"a path is needed, not {type(path).__name__}")
    where = Path(path)
    try:
        if where.is_dir():
            return YearlyTables(_sources(where), negative_output)
        if where.is_file():
            return IOTable.from_npz(where)
    except (OSError, ValueError) as error:
        raise DataError(f"{where}: cannot be read ({error})") from error
    raise DataError(f"{where}: no such file or folder")


def _sources(folder: Path) -> wiod.NationalSources:
    present = [name for name in wiod.FILES if (folder / name).is_file()]
    if not present:
        raise DataError(
            f"{folder}: unknown layout; looked for {listed(wiod.FILES)} (layout {wiod.LAYOUT})",
            hint="a single table is read by naming its npz file",
        )
    return wiod.read_folder(folder)
