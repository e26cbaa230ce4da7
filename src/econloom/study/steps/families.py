"""Tables about models of other tables: sensitivity to what is left out, families of hypotheses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from econloom.core.errors import EconloomError, EstimationError
from econloom.core.labels import Label
from econloom.core.table import Table
from econloom.panel.designs import multiple_testing, sensitivity
from econloom.panel.fit import Fit
from econloom.report import bounds, families
from econloom.study import estimates
from econloom.study.steps.context import Context, Work, table_spec


def _sensitivity(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Table:
    made = estimates.stage(inputs[0], params["column"])
    found = sensitivity.robustness(made, params["term"], q=params["q"], alpha=params["alpha"])
    numbers: dict[str, Any] = found.tidy().row(0, named=True)
    lacking: list[Label] = []
    if params["oster"]:
        try:
            numbers |= _oster(made, params)
        except EstimationError as error:
            lacking.append(families.unavailable("Oster", Label.same(error.message)))
    else:
        lacking.append(families.unavailable("Oster", Label(zh="模型没有控制变量", en="the model has no controls")))
    rows: list[Mapping[str, Any]] = []
    for number, name in enumerate(params["benchmarks"], 1):
        found_bounds, reason = _bounds(made, name, params)
        rows += found_bounds
        lacking += [] if reason is None else [reason]
        context.progress(number, len(params["benchmarks"]))
    return families.sensitivity(numbers, rows, table_spec(params), lacking)


def _exogeneity(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Table:
    made = estimates.stage(inputs[0], params["column"])
    support = {name: tuple(ends) if isinstance(ends, list) else ends for name, ends in params["support"].items()}
    prior = {
        name: sensitivity.Uniform(*given["uniform"]) if isinstance(given, Mapping) else tuple(given)
        for name, given in params["prior"].items()
    }
    found = sensitivity.plausibly_exogenous(made, support, prior, params["term"], params["level"])
    rows = {row.pop("method"): row for row in found.tidy().to_dicts()}
    return bounds.exogeneity(rows, params, table_spec(params))


def _bounds(made: Fit, name: str, params: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], Label | None]:
    """A row for each multiple of one control, without numbers where it is too strong, and the first reason for that."""
    rows: list[Mapping[str, Any]] = []
    reason = None
    for times in params["times"]:
        try:
            found = sensitivity.robustness(made, params["term"], name, (times,), params["q"], params["alpha"])
            rows += found.bounds.to_dicts()
        except EstimationError as error:
            rows.append({"benchmark": name, "times": times})
            reason = reason or families.unavailable(f"{times:g} × {name}", Label.same(error.message))
    return rows, reason


def _oster(made: Fit, params: Mapping[str, Any]) -> dict[str, float | None]:
    """Oster's numbers, with those of the short regression."""
    settings = (params["base"], params["r2_max"], params["delta"], params["beta"])
    row = sensitivity.oster_of(made, params["term"], *settings).tidy().row(0, named=True)
    return {k: row[k] for k in families.OSTER}


def _family(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Table:
    fits: dict[str, Any] = {}
    for part in inputs:
        fits |= part
    rows = {m["address"]: dict(m) | _estimated(fits, m) for m in params["members"]}
    p_values = {address: row["p_value"] for address, row in rows.items()}
    lacking: list[Label] = []
    for method in params["methods"]:
        if method == "romano_wolf":
            drawn, reason = _romano_wolf(fits, params)
            lacking += [] if reason is None else [families.unavailable("Romano-Wolf", reason)]
            for address, alone, together in drawn:
                rows[address] |= {"bootstrap_p": alone, method: together}
            continue
        for address, value in multiple_testing.adjust(p_values, method).items():
            rows[address][method] = value
    return families.family(list(rows.values()), table_spec(params), params, lacking)


def _estimated(fits: Mapping[str, Any], member: Mapping[str, Any]) -> dict[str, float]:
    """Estimate, standard error and p value of a member, as its table has them."""
    tidy = estimates.tidy(fits, member["column"])
    found = tidy.coefficient(member["term"])
    if found is None:
        raise EstimationError(f"{member['address']}: no coefficient in {tidy.formula}")
    if not 0 <= found.p_value <= 1:
        raise EstimationError(f"{member['address']}: the coefficient has no p value in {tidy.formula}")
    return {"estimate": found.estimate, "std_error": found.std_error, "p_value": found.p_value}


def _romano_wolf(fits: Mapping[str, Any], params: Mapping[str, Any]) -> tuple[list[tuple[Any, ...]], Label | None]:
    """P values of each hypothesis alone and in the family with its address, or why there are none."""
    if params["unshared"] is not None:
        return [], Label(**params["unshared"])
    hypotheses = {m["address"]: (estimates.stage(fits, m["column"]), m["term"]) for m in params["members"]}
    try:
        found = multiple_testing.romano_wolf(
            hypotheses, params["draws"], params["seed"], params["bootstrap"], params["signs"]
        )
    except EconloomError as error:
        return [], Label.same(error.message)
    return found.select("name", "p_bootstrap", "p_romano_wolf").rows(), None


WIRING: Mapping[str, Work] = {
    "sensitivity": _sensitivity,
    "exogeneity": _exogeneity,
    "family": _family,
}
