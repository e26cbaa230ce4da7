"""Where people live and where they are registered."""

from __future__ import annotations

from numpy.typing import ArrayLike

from econloom.measures.values import FloatArray, numbers, ratio, refuse


def migration_rate(resident: ArrayLike, registered: ArrayLike) -> FloatArray:
    """Net migrants by registered inhabitant: ``(resident - registered) / registered``.

    Parameters
    ----------
    resident, registered : array_like (N,)
        Persons in the same unit, above zero; missing stays missing.

    Returns
    -------
    ndarray (N,)
        A share: 0.1 is ten net immigrants to a hundred registered; above -1.

    Raises
    ------
    DataError
        A population of zero or less.

    Examples
    --------
    >>> migration_rate([2415.15], [1425.14]).round(4).tolist()
    [0.6947]
    """
    return hukou_index(resident, registered) - 1


def hukou_index(resident: ArrayLike, registered: ArrayLike) -> FloatArray:
    """Openness of the household registration: ``resident / registered``; above 1 where more live than are registered.

    It equals 1 plus :func:`migration_rate`: a split of a sample by it is a split by the migration rate.

    Parameters
    ----------
    resident, registered : array_like (N,)

    Returns
    -------
    ndarray (N,)

    Raises
    ------
    DataError
        A population of zero or less.

    Examples
    --------
    >>> hukou_index([12.0], [10.0]).tolist()
    [1.2]
    """
    living = numbers(resident, "resident")
    counted = numbers(registered, "registered", len(living))
    refuse(living <= 0, "the resident population is zero or less")
    refuse(counted <= 0, "the registered population is zero or less")
    return ratio(living, counted, "the registered population")
