"""The entry point of specification curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from econloom.core.errors import UsageError, did_you_mean
from econloom.core.spec import SscName, VcovSpec
from econloom.data.sources import as_panel
from econloom.panel.designs.specifications.asking import Setting
from econloom.panel.designs.specifications.choices import (
    Choices,
    Names,
    listed_sets,
    named_covariances,
    named_samples,
    several,
    subsets,
)
from econloom.panel.designs.specifications.curve import Curve, Progress, estimated


def curve(
    data: Any,
    outcomes: Names,
    terms: Names,
    controls: Names = (),
    always: Names = (),
    control_sets: Sequence[Names] | None = None,
    samples: Names | Mapping[str, str | None] | None = None,
    effects: Names = "",
    vcov: VcovSpec | Sequence[VcovSpec] | Mapping[str, VcovSpec] | None = None,
    weights: str | Sequence[str | None] | None = None,
    instruments: str | Mapping[str, str] | None = None,
    preferred: Mapping[str, object] | None = None,
    common_sample: bool = False,
    unit: str | None = None,
    time: str | None = None,
    ssc: SscName = "fixest",
    singletons: Literal["keep", "drop"] = "keep",
    level: float = 0.05,
    progress: Progress | None = None,
) -> Curve:
    """Estimate one coefficient under every combination of choices.

    Parameters
    ----------
    data : Panel, polars, pandas, pyarrow or path
    outcomes, terms : str or sequence of str
        Dependent variables, and the regressors of interest, one in each model: ``"log(y)"``.
    controls : str or sequence of str
        Every subset of them is a choice. One may be several terms that go together, ``"age + I(age^2)"``.
    always : str or sequence of str
        Controls of every model.
    control_sets : sequence of sequences of str, optional
        Sets of controls, listed instead of ``controls``: ``[[], ["size"], ["size", "age"]]``.
    samples : str, sequence of str, or mapping of names to conditions, optional
        Rows to use: ``{"all": None, "after 2008": "year > 2008"}``. All rows by default.
    effects : str or sequence of str
        Fixed effects as after ``|`` of a formula: ``["firm + year", "firm + province^year"]``; an empty text for none.
    vcov : VcovSpec, sequence of them, or mapping from names, optional
        ``el.iid()`` by default.
    weights : str or sequence of str or None, optional
        Columns; None among them for no weights.
    instruments : str or mapping of terms to str, optional
        Instruments of the term of interest: each model is then estimated by two-stage least squares.
    preferred : mapping, optional
        The choices of the specification that the study prefers, said before results are seen:
        ``{"controls": ["size"], "sample": "all"}``.
    common_sample : bool
        Use in each sample only rows that every specification on it can use. By default each uses its own complete
        rows, as a fit of it alone does.
    unit, time, ssc, singletons
        As for :func:`econloom.ols`.
    level : float
        Of significance.
    progress : callable, optional
        ``progress(done, specifications)``.

    Returns
    -------
    Curve
        ``.tidy()`` one row a specification, ``.failures()``, ``.summary()``, ``.refit(number)``.

    Raises
    ------
    UsageError
        An unknown column or choice, more than 200,000 specifications, or a preferred one that is not exactly one.
    DataError
        The data cannot be read.
    EstimationError
        No specification has an estimate.

    Notes
    -----
    Numbers are those of ``el.ols`` with the same choices (Simonsohn, Simmons and Nelson 2020, *Nature Human
    Behaviour* 4; Steegen, Tuerlinckx, Gelman and Vanpaemel 2016). Columns are absorbed once for each combination of
    rows, effects and weights; each model is then a slice of one Gram matrix.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"x": [0.0, 1, 2, 3, 4, 5, 6, 7], "a": [1.0, 0, 2, 1, 0, 2, 1, 3],
    ...                       "b": [0.0, 0, 1, 1, 0, 1, 0, 1], "y": [0.0, 1, 3, 2, 4, 7, 6, 8]})
    >>> found = curve(frame, "y", "x", controls=["a", "b"])
    >>> found.tidy()["controls"].to_list(), round(found.median, 3)
    (['', 'a', 'b', 'a + b'], 1.05)
    """
    fixed = several(always, "always", empty=True)
    if control_sets is not None and several(controls, "controls", empty=True):
        raise UsageError("controls and control_sets: one of the two", hint="always= holds those of every set")
    free = several(controls, "controls", empty=True)
    choices = Choices(
        outcomes=several(outcomes, "outcomes"),
        terms=several(terms, "terms"),
        sets=subsets(free, fixed) if control_sets is None else listed_sets(control_sets, fixed),
        samples=named_samples(samples),
        effects=several(effects, "effects", empty=True) or ("",),
        vcovs=named_covariances(vcov),
        weights=_weights(weights),
    )
    asked = Setting(
        as_panel(data, unit, time), choices, _instruments(instruments, choices.terms), ssc, singletons, common_sample,
        unit,
    )  # fmt: skip
    return estimated(asked, preferred, level, progress)


def _weights(given: str | Sequence[str | None] | None) -> tuple[str | None, ...]:
    if given is None or isinstance(given, str):
        return (given,)
    found = tuple(given)
    if not found or any(not isinstance(w, str | None) for w in found) or len(set(found)) < len(found):
        raise UsageError(f"weights: columns, each once, or None, not {given!r:.60}")
    return found


def _instruments(given: str | Mapping[str, str] | None, terms: Sequence[str]) -> dict[str, str]:
    if given is None:
        return {}
    if isinstance(given, str):
        return dict.fromkeys(terms, given)
    if not isinstance(given, Mapping) or any(not isinstance(v, str) for v in given.values()):
        raise UsageError(f"instruments: a text, or texts by term, not {given!r:.60}")
    if wrong := [t for t in given if t not in terms]:
        raise UsageError(f"instruments: no term {wrong[0]!r}{did_you_mean(wrong[0], terms)}")
    return dict(given)
