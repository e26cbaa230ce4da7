"""One :class:`~econloom.iot.table.IOTable` in one npz file."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econloom.core.errors import DataError, OutputError
from econloom.core.lineage import Event
from econloom.iot.parsers import npz
from econloom.iot.table import IOTable

FORMAT = "econloom-iotable-1"
ARRAYS = ("format", "Z", "Y", "x", "v", "countries", "sectors", "balance_tolerance", "events")


def write_table(table: IOTable, path: Path) -> None:
    """Write aside, then rename: a reader sees the old file or the whole new one."""
    content: dict[str, NDArray[Any]] = {
        "format": np.array(FORMAT),
        "Z": table.Z,
        "Y": table.Y,
        "x": table.x,
        "v": table.v,
        "countries": np.array(table.countries),
        "sectors": np.array(table.sectors),
        "balance_tolerance": np.array(table.balance_tolerance),
        "events": np.array(json.dumps([e.to_dict() for e in table.events])),
    }
    aside: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            aside = Path(file.name)
            np.savez(file, **content)  # type: ignore[arg-type]
        aside.chmod(0o666 & ~_umask())
        aside.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        if aside is not None:
            aside.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def read_table(path: Path) -> IOTable:
    """Read what :func:`write_table` wrote; DataError for anything else."""
    held = npz.arrays(npz.read_bytes(path), path, ARRAYS)
    if held["format"].shape != () or str(held["format"]) != FORMAT:
        raise DataError(f"{path}: format {str(held['format'])[:40]!r}, expected {FORMAT!r}")
    countries, sectors = npz.texts(held, "countries", path), npz.texts(held, "sectors", path)
    G, n = len(countries), len(countries) * len(sectors)
    tolerance = float(npz.numeric(held, "balance_tolerance", (), path, "one number"))
    if tolerance < 0:
        raise DataError(f"{path}: balance_tolerance is negative")
    try:
        return IOTable(
            npz.numeric(held, "Z", (n, n), path, "rows, columns"),
            npz.numeric(held, "Y", (n, G), path, "rows, destinations"),
            tuple(countries),
            tuple(sectors),
            npz.numeric(held, "x", (n,), path, "rows"),
            npz.numeric(held, "v", (n,), path, "rows"),
            balance_tolerance=tolerance,
            events=_events(held["events"], path),
        )
    except DataError as error:
        raise error if str(path) in error.message else error.within(str(path)) from None


def _events(stored: NDArray[Any], path: Path) -> tuple[Event, ...]:
    try:
        return tuple(Event(**entry) for entry in json.loads(str(stored)))
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: events cannot be read ({error})") from error
