"""Tables and queries of a DuckDB file, opened for reading only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from econloom.core.errors import DataError, UsageError, did_you_mean, listed
from econloom.core.frame import missing_as_null
from econloom.data.readers.columnar import plain_types
from econloom.data.readers.options import Options
from econloom.data.readers.report import Reading, Remark


def names_of(path: Path, options: Options) -> list[str]:
    """Names of the columns of the table or query."""
    with _opened(path) as connection:
        return list(_relation(connection, path, options)[0].columns)


def read(path: Path, options: Options, columns: Sequence[str] | None = None) -> Reading:
    """Read a table, or what a query gives.

    Raises
    ------
    UsageError
        Several tables and none chosen; duckdb is not installed.
    DataError
        No such table, a query that fails, 0 rows.
    """
    with _opened(path) as connection:
        relation, remark, table = _relation(connection, path, options)
        if columns is not None:
            relation = relation.project(", ".join(_quoted(c) for c in columns))
        frame = pl.DataFrame(relation)
    if frame.height == 0:
        raise DataError(f"{path}: 0 rows")
    plain, said = plain_types(frame)
    settings = {"table": table} if table else {}
    return Reading(missing_as_null(plain), path, (remark, *said), settings=settings)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A connection that can neither write nor open another file."""
    try:
        import duckdb
    except ImportError:
        raise UsageError(f"{path}: DuckDB is not installed", hint="pip install 'econloom[big]'") from None
    try:
        connection = duckdb.connect(str(path), read_only=True, config={"enable_external_access": "false"})
    except duckdb.Error as error:
        raise DataError(f"{path}: cannot be opened: {_first_line(error)}") from error
    try:
        yield connection
    except duckdb.Error as error:
        raise DataError(f"{path}: {_first_line(error)}") from error
    finally:
        connection.close()


def _relation(connection: Any, path: Path, options: Options) -> tuple[Any, Remark, str | None]:
    if options.query is not None:
        made = connection.sql(options.query)
        if made is None:
            raise DataError(f"{path}: the query gives no table", hint="write a SELECT")
        return made, Remark("file", f"query {options.query[:80]!r}"), None
    known = [
        r[0] if r[1] == "main" else f"{r[1]}.{r[0]}"
        for r in connection.execute(
            "SELECT table_name, table_schema FROM information_schema.tables ORDER BY table_schema, table_name"
        ).fetchall()
    ]
    table = options.table
    if table is None:
        if len(known) != 1:
            raise UsageError(
                f"{path}: {len(known)} tables: {listed(known, 20)}", hint="say table: one of them, or query"
            )
        table = known[0]
    if table not in known:
        raise DataError(f"{path}: no table {table!r}{did_you_mean(table, known)}", hint=f"tables: {listed(known, 20)}")
    made = connection.sql(
        f"SELECT * FROM {'.'.join(_quoted(p) for p in table.split('.', 1))}"
        if "." in table
        else f"SELECT * FROM {_quoted(table)}"
    )
    return made, Remark("file", f"table {table!r}"), table


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:200]
