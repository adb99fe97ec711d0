"""Scenario files: read and written."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from . import _core
from ._core import ScenarioError
from ._initial import Initial
from ._scenario import _COEFFICIENTS, Chain, Force, Thermostat, Times
from ._values import Table, _toml


def read_scenario(
    path: str | os.PathLike[str], overrides: Sequence[str] = ()
) -> tuple[Chain, Initial | None, Times | None]:
    """Reads a scenario file, as the command line does.

    Parameters
    ----------
    path : path
        The file (TOML).
    overrides : sequence of str
        `"chain.bonds=400"` and the like, applied in their order.

    Returns
    -------
    chain : Chain
    initial : Initial or None
    times : Times or None
        None where the scenario has no such table.

    Raises
    ------
    ScenarioError
        The file cannot be read, or is no scenario. The message names file, line, key, what was
        found and what is allowed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> file = Path(tempfile.mkdtemp()) / "a.toml"
    >>> write_scenario(file, Chain(bonds=20), Initial(temperature="2 - x"), [0.1, 1])
    >>> chain, initial, times = read_scenario(file, ["chain.bonds=30"])
    >>> chain.bonds, initial.temperature, times.values
    (30, '2 - x', [0.1, 1.0])
    """
    return _from_tables(json.loads(_core.read_scenario(os.fspath(path), list(overrides))))


def write_scenario(
    path: str | os.PathLike[str],
    chain: Chain,
    initial: Initial | None = None,
    times: Times | Sequence[float] | None = None,
) -> None:
    """Writes a scenario file that the command line runs; the inverse of `read_scenario`.

    Parameters
    ----------
    path : path
        The file (TOML), replaced if it is there.
    chain, initial, times
        What it says; without a law and times it serves `steady`.

    Raises
    ------
    ScenarioError
        An initial law with arrays or functions, which a file does not hold.

    Examples
    --------
    See `read_scenario`.
    """
    text = _core.to_toml(_toml(_scenario(chain, initial, times)))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _scenario(
    chain: Chain, initial: Initial | None, times: Times | Sequence[float] | None
) -> Table:
    tables = chain._tables()
    if initial is not None:
        table = initial._table()
        if table is None:
            raise ScenarioError(
                "initial: found arrays or functions; allowed: numbers, expressions in x, and the "
                "path of a covariance"
            )
        tables["initial"] = table
    if times is not None:
        tables["time"] = (times if isinstance(times, Times) else Times(times))._table()
    return tables


def _from_tables(tables: Table) -> tuple[Chain, Initial | None, Times | None]:
    def thermostat(end: str) -> Thermostat | None:
        found = tables.get(end, {}).get("thermostat")
        return None if found is None else Thermostat(found["temperature"], found["friction"])

    force = tables.get("right", {}).get("force")
    if force is not None:
        force = _force(force)
    table = tables["chain"]
    coefficients = {name: table[name] for name in _COEFFICIENTS if name in table}
    chain = Chain(
        bonds=table["bonds"],
        **coefficients,
        thermostats={
            t["site"]: Thermostat(t["temperature"], t["friction"])
            for t in tables.get("thermostat", [])
        },
        forces={f["site"]: _force(f) for f in tables.get("force", [])},
        left=thermostat("left"),
        right=thermostat("right"),
        force=force,
        topology=table["topology"],
    )
    initial = tables.get("initial")
    time = tables.get("time")
    if time is not None:
        outputs = time["outputs"]
        if isinstance(outputs, dict):
            outputs = _range(outputs)
        time = Times(outputs, time["scale"])
    return chain, None if initial is None else Initial(**initial), time


def _force(table: Table) -> Force:
    harmonics = [(h["order"], h["amplitude"], h["phase"]) for h in table.get("harmonics", [])]
    return Force(table.get("mean", 0.0), table.get("period"), harmonics)


def _range(rule: Table) -> list[float]:
    """The times of a rule, bit for bit as the program has them."""
    first, last, count = rule["from"], rule["to"], rule["count"]
    steps = count - 1
    if rule["spacing"] == "log":
        between = [first * (last / first) ** (k / steps) for k in range(1, steps)]
    else:
        between = [first + (last - first) * (k / steps) for k in range(1, steps)]
    return [first] if count == 1 else [first, *between, last]
