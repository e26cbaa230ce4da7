"""Reading npz files that may be damaged or hostile: no pickles, checksums verified, every failure a DataError."""

from __future__ import annotations

import hashlib
import io
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econloom.core.errors import DataError, did_you_mean, listed
from econloom.iot.table import checked_labels

MAX_ARRAY_BYTES = 4 * 2**30
MAX_AMOUNT = 1e15  # larger numbers are no amounts of anything, and their sums overflow

# what zipfile, zlib, numpy and readers of workbooks raise on damaged input
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    tokenize.TokenError,
    EOFError,
    KeyError,
    ValueError,
    TypeError,
    SyntaxError,
    IndexError,
    OverflowError,
    MemoryError,
    RuntimeError,
    OSError,
)


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises
    ------
    DataError
        Missing, a folder, or not readable.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def arrays(content: bytes, path: Path, wanted: Iterable[str]) -> dict[str, NDArray[Any]]:
    """The wanted arrays of an npz file's content; others are not looked at.

    Raises
    ------
    DataError
        Not an npz file, damaged (a checksum that does not fit included), or an array missing.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            held = {name.removesuffix(".npy") for name in archive.namelist()}
            missing = [name for name in wanted if name not in held]
            if not missing:
                return {name: _array(archive, name) for name in wanted}
    except DAMAGE as error:
        raise DataError(
            f"{path}: not an npz file, or damaged ({reason(error)})",
            hint="copy or download it again; it is written by numpy.savez without pickles",
        ) from error
    guess = did_you_mean(missing[0], held)
    raise DataError(f"{path}: missing arrays {listed(missing)}{guess} (it holds {listed(sorted(held)) or 'none'})")


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    info = archive.getinfo(f"{name}.npy")
    if info.file_size > MAX_ARRAY_BYTES:
        raise ValueError(f"array {name} of {info.file_size:,} bytes")
    stream = io.BytesIO(archive.read(info))  # read to the end: only then is the checksum compared
    array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    if stream.read(1):
        raise ValueError(f"array {name} is longer than its header says")
    return array


def reason(error: BaseException) -> str:
    """Kind and first line of an exception."""
    first = str(error).splitlines()
    return f"{type(error).__name__}: {first[0][:120]}" if first else type(error).__name__


def numeric(held: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...], path: Path, axes: str) -> NDArray[Any]:
    """An array of finite real numbers with the expected shape.

    Raises
    ------
    DataError
        Another shape or kind, NaN or infinite numbers, or amounts beyond 1e15.
    """
    array = held[name]
    if array.dtype.kind not in "iuf":
        raise DataError(f"{path}: {name} is no array of real numbers (dtype {array.dtype})")
    if array.shape != shape:
        raise DataError(f"{path}: {name} has shape {array.shape}, expected {shape} ({axes})")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError(f"{path}: {name} has {int((~np.isfinite(array)).sum())} NaN or infinite numbers")
    if array.size and max(abs(float(array.min())), abs(float(array.max()))) > MAX_AMOUNT:
        raise DataError(f"{path}: {name} has numbers beyond {MAX_AMOUNT:g}")
    return array


def texts(held: Mapping[str, NDArray[Any]], name: str, path: Path) -> list[str]:
    """A one-dimensional array of texts as a list.

    Raises
    ------
    DataError
        Another kind or number of dimensions.
    """
    array = held[name]
    if array.dtype.kind != "U" or array.ndim != 1:
        raise DataError(f"{path}: {name} is no list of texts (dtype {array.dtype}, shape {array.shape})")
    return [str(a) for a in array]


def labels(held: Mapping[str, NDArray[Any]], name: str, path: Path) -> tuple[str, ...]:
    """A list of texts, none missing, none twice.

    Raises
    ------
    DataError
        Another kind, or missing or duplicate labels.
    """
    try:
        return checked_labels(texts(held, name, path), name)
    except DataError as error:
        raise error if str(path) in error.message else error.within(str(path)) from None
