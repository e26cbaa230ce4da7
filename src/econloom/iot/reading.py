"""``econloom.iot.read``: find out what a path holds and read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from econloom.core.errors import DataError, UsageError, did_you_mean, listed
from econloom.iot import array_tables, assembled_tables, official_tables
from econloom.iot.collection import YearlyTables
from econloom.iot.mending import NegativeOutput, check_choice
from econloom.iot.official_tables import FORMS, Choices
from econloom.iot.parsers import wiod2013_arrays, wiod2016_assembled
from econloom.iot.parsers.grids import SUFFIXES
from econloom.iot.parsers.national import Imports
from econloom.iot.source import Source
from econloom.iot.table import IOTable


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a layout is recognised and opened."""

    files: str
    present: Callable[[Path], bool]
    open: Callable[[Path, NegativeOutput], Source]


_LAYOUTS: Mapping[str, _Layout] = {
    wiod2016_assembled.LAYOUT: _Layout(
        listed(wiod2016_assembled.FILES),
        lambda folder: any((folder / name).is_file() for name in wiod2016_assembled.FILES),
        assembled_tables.open_folder,
    ),
    wiod2013_arrays.LAYOUT: _Layout(
        wiod2013_arrays.PATTERN,
        lambda folder: bool(wiod2013_arrays.present(folder)),
        array_tables.open_folder,
    ),
}

LAYOUTS: tuple[str, ...] = (*_LAYOUTS, *FORMS)


def read(
    path: str | Path,
    layout: str | None = None,
    *,
    negative_output: NegativeOutput = "floor_final_use",
    imports: Imports = "netted",
    economy: str | None = None,
    cache: bool = True,
) -> YearlyTables | IOTable:
    """Read inter-country tables.

    Parameters
    ----------
    path : str or Path
        A folder of yearly tables, a table as an office publishes it (csv, xlsx, xlsb, RData), or a file that
        :meth:`IOTable.to_npz` or :meth:`IOTable.to_parquet` wrote.
    layout : str, optional
        One of ``LAYOUTS``; found out when left out: of a folder from the names of its files, else from what stands in
        the first rows of the (first) file.
    negative_output : {"floor_final_use", "refuse"}, keyword only
        What to do with sectors whose sales sum to zero or less, see :func:`econloom.iot.assemble.assemble_year`.
    imports : {"netted", "removed"}, keyword only
        Of tables of one economy (layout ``national``): left in the flows, or taken out product by product.
    economy : str, keyword only, optional
        Code of that one economy; the name of the file (or folder) when left out.
    cache : bool, keyword only
        Keep parsed tables in the user's cache folder, by the digest of their file, and take them from there.

    Returns
    -------
    YearlyTables or IOTable
        A collection for a folder, one table for a file.

    Raises
    ------
    DataError
        Nothing there, another or an unknown layout, damaged files, or numbers that contradict one another.
    UsageError
        Not a path, or an unknown name of a layout.

    Examples
    --------
    >>> import tempfile
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     t.to_npz(f"{folder}/small.npz")
    ...     read(f"{folder}/small.npz")
    IOTable(2 countries x 1 sectors, output 20)
    """
    where = _path(path)
    _check_layout(layout)
    check_choice(negative_output)
    if imports not in ("netted", "removed"):
        raise UsageError(f"imports {imports!r} is unknown{did_you_mean(str(imports), ('netted', 'removed'))}")
    choices = Choices(negative_output, imports, economy, cache)
    try:
        if where.is_dir():
            return _folder(where, layout, choices)
        if where.is_file():
            return _file(where, layout, choices)
    except (OSError, ValueError) as error:
        raise DataError(f"{where}: cannot be read ({error})") from error
    raise DataError(f"{where}: no such file or folder")


def _folder(where: Path, layout: str | None, choices: Choices) -> YearlyTables:
    if layout in FORMS:
        return YearlyTables(official_tables.open_folder(where, layout, choices))
    chosen = layout_of(where) if layout is None else _confirmed(where, layout)
    if chosen in FORMS:
        return YearlyTables(official_tables.open_folder(where, chosen, choices))
    return YearlyTables(_LAYOUTS[chosen].open(where, choices.negative_output))


def _file(where: Path, layout: str | None, choices: Choices) -> IOTable:
    if layout is not None and layout in _LAYOUTS:
        raise DataError(f"{where}: a file; the layout {layout} is a folder with {_LAYOUTS[layout].files}")
    if where.suffix.lower() == ".npz" and layout is None:
        return IOTable.from_npz(where)
    if where.suffix.lower() == ".parquet" and layout is None:
        return IOTable.from_parquet(where)
    return official_tables.read_table(where, layout, choices)


def layout_of(path: str | Path) -> str:
    """The layout of a folder or file.

    Folders of packed arrays are told by the names of their files; other files, and the first of a folder of yearly
    ones, by what stands in their first rows.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    str
        One of ``iot.LAYOUTS``.

    Raises
    ------
    DataError
        Nothing there, no files of any layout (says what was looked for), or files of several.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (Path(folder) / "wiod2013_1995.npz").touch()
    ...     layout_of(folder)
    'wiod2013-arrays'
    """
    folder = _path(path)
    if folder.is_file():
        return official_tables.layout_of_file(folder)
    found = _present(folder)
    if not found and (yearly := official_tables.present(folder)):
        return official_tables.layout_of_file(next(iter(yearly.values())))
    if not found:
        wanted = " or ".join(f"{kind.files} (layout {name})" for name, kind in _LAYOUTS.items())
        raise DataError(
            f"{folder}: unknown layout; looked for {wanted}, or tables with a year in their names "
            f"({', '.join(SUFFIXES)})",
            hint="a single table is read by naming its file",
        )
    if len(found) > 1:
        raise DataError(f"{folder}: files of several layouts: {listed(found)}", hint=f"say layout={found[0]!r}")
    return found[0]


def _path(path: str | Path) -> Path:
    if not isinstance(path, str | Path):
        raise UsageError(f"a path is needed, not {type(path).__name__}")
    return Path(path)


def _present(folder: Path) -> list[str]:
    try:
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder")
        return [name for name, kind in _LAYOUTS.items() if kind.present(folder)]
    except (OSError, ValueError) as error:
        raise DataError(f"{folder}: cannot be read ({error})") from error


def _check_layout(layout: str | None) -> None:
    if layout is not None and layout not in LAYOUTS:
        near = did_you_mean(str(layout), LAYOUTS)
        raise UsageError(f"layout {layout!r} is unknown{near}", hint=f"one of {listed(LAYOUTS)}")


def _confirmed(folder: Path, layout: str) -> str:
    """The layout that was named, once the folder has at least one of its files."""
    found = _present(folder)
    if layout not in found:
        other = f"; its files are those of {listed(found)}" if found else ""
        raise DataError(f"{folder}: not the layout {layout}: looked for {_LAYOUTS[layout].files}{other}")
    return layout
