"""Run directories, read."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import _core
from ._answer import COLUMNS, GENERAL, LIMIT_COLUMNS, MODES, Array, _files
from ._answers import CheckRun, LimitRun, Run
from ._core import ScenarioError
from ._progress import Common


def load(path: str | os.PathLike[str]) -> Run | LimitRun | CheckRun:
    """Reads a run directory, of the command line or of `save`.

    Parameters
    ----------
    path : path
        The directory, of this version or an older one.

    Returns
    -------
    Run, LimitRun or CheckRun
        The arrays with the bits that were saved.

    Raises
    ------
    ScenarioError
        The directory is not a run.

    Examples
    --------
    >>> import tempfile
    >>> import flipchain as fc
    >>> place = tempfile.mkdtemp() + "/run"
    >>> state = fc.steady(fc.Chain(bonds=8, left=fc.Thermostat(1.5)))
    >>> state.save(place)
    >>> bool((fc.load(place).thermal == state.thermal).all())
    True
    """
    place = Path(path)
    try:
        summary = json.loads((place / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{place}: not a run directory: {error}") from None
    files = _files(place)
    command = summary.get("command")
    if command == "check":
        return CheckRun({}, summary, None, files)
    if command == "limit":
        answer: Run | LimitRun = LimitRun(_limit_arrays(files, summary), summary, None, files)
    elif command in ("evolve", "steady"):
        answer = Run(_run_arrays(place, summary), summary, None, files)
        if command == "steady" and "scenario.toml" in files:
            common = Common(float(summary["tolerance"]), "auto", None)
            text = files["scenario.toml"].decode()
            if "initial.npz" in files:
                # Its place is known to those who read the file, not to those who read the text.
                text = _core.read_scenario(str(place.absolute() / "scenario.toml"), [])
            answer._question = (text, None, common)
    else:
        raise ScenarioError(
            f"{place}: found a run of {command!r}; allowed: evolve, steady, limit, check"
        )
    answer._complete()
    return answer


def _errors(arrays: dict[str, Any], summary: dict[str, Any], names: Mapping[str, str]) -> None:
    for name in names:
        # The elongation of the limit is r in tables and, since 0.2, mean_r in the summary.
        errors = [
            output["absolute_errors"].get(name, output["absolute_errors"].get("mean_r"))
            for output in summary["outputs"]
        ]
        arrays["error_" + name] = np.array(errors, dtype=np.float64)


def _run_arrays(place: Path, summary: dict[str, Any]) -> dict[str, Any]:
    with np.load(place / "profiles.npz") as stored:
        names = ["times", "x", "left_inflow", "error_estimate", *COLUMNS]
        for name in GENERAL:
            if name in stored:
                names += [name, "error_" + name]
        arrays: dict[str, Any] = {name: stored[name] for name in names}
    _errors(arrays, summary, COLUMNS)
    if (place / "covariance.npz").is_file():
        with np.load(place / "covariance.npz") as stored:
            arrays["covariance_times"] = stored["times"]
            arrays["covariance"] = stored["covariance"]
    filed = summary.get("covariance_files", [])
    if filed:
        # They did not fit the memory: the entries that are looked at are read from the disk.
        arrays["covariance_times"] = np.array([float(one["t"]) for one in filed])
        arrays["covariance"] = [np.load(place / one["file"], mmap_mode="r") for one in filed]
    arrays.update(_table(place / "series.csv", "series_"))
    for name, column in _table(place / "modes.csv", "modes_").items():
        rows = column.reshape(len(arrays["times"]), -1)
        if name.removeprefix("modes_") in MODES:
            arrays[name] = rows[0] if name in ("modes_k", "modes_omega") else rows
    return arrays


def _table(place: Path, prefix: str) -> dict[str, Array]:
    """The columns of a table by name, without t; NaN where it is empty, nothing without a file."""
    if not place.is_file():
        return {}
    rows = list(csv.DictReader(place.read_text(encoding="utf-8").splitlines()))
    names = [name for name in rows[0] if name != "t"]
    return {prefix + name: np.array([float(row[name] or "nan") for row in rows]) for name in names}


def _limit_arrays(files: dict[str, bytes], summary: dict[str, Any]) -> dict[str, Any]:
    rows = list(csv.DictReader(files["limit.csv"].decode().splitlines()))
    count = len(summary["outputs"])
    column = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    names = {name: meaning for name, meaning in LIMIT_COLUMNS.items() if name in column}
    arrays: dict[str, Any] = {name: column[name].reshape(count, -1) for name in names}
    arrays["times"] = column["t"].reshape(count, -1)[:, 0].copy()
    arrays["x"] = column["x"].reshape(count, -1)[0].copy()
    _errors(arrays, summary, names)
    # Runs of the first versions have no such array.
    arrays["current"] = np.full_like(arrays["thermal"], np.nan)
    arrays["error_current"] = np.full(count, np.nan)
    if "limit.npz" in files:
        with np.load(io.BytesIO(files["limit.npz"])) as stored:
            for name in ("current", "error_current"):
                arrays[name] = stored[name] if name in stored else arrays[name]
    return arrays
