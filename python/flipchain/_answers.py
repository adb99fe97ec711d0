"""The answers: arrays, each with its error."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._core import ScenarioError
from ._correlations import Correlations, asked, of_core
from ._extras import needed
from ._progress import Common, Progress, Watch, watched

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
Self = TypeVar("Self", bound="_Answer")

#: What each column is, with its unit (temperatures are energies).
COLUMNS = {
    "mean_r": "E r_n",
    "mean_p": "E p_n",
    "var_r": "Var r_n",
    "var_p": "Var p_n",
    "mechanical": "(mean_r² + mean_p²)/2",
    "thermal": "(var_r + var_p)/2",
    "energy": "mechanical + thermal",
    "current": "-E[p_n r_(n+1)], energy to the right through bond n+1, per microscopic time",
}
#: Columns that chains whose coefficients depend on the site have besides.
GENERAL = {"temperature": "Var p_n/m_n", "mean_q": "E q_n", "var_q": "Var q_n"}
#: The columns of modes.csv that are arrays of `Run.modes`.
MODES = ("k", "omega", "energy", "mean_energy")
LIMIT_COLUMNS = {
    "r": "elongation",
    "mechanical": "r²/2",
    "thermal": "e_heat",
    "energy": "r²/2 + e_heat",
}


class ToleranceWarning(UserWarning):
    """The error estimate of a result is above the tolerance that was asked for."""


class _Answer:
    """What every answer has: columns with errors, a summary, a run directory."""

    _columns: Mapping[str, str] = {}

    def __init__(
        self, arrays: dict[str, Any], summary: dict[str, Any], core: Any, files: dict[str, bytes]
    ) -> None:
        self._arrays = arrays
        self._summary = summary
        # The compiled answer, or the files of a run that was read.
        self._core = core
        self._files = files

    @classmethod
    def _of(cls: type[Self], core: Any) -> Self:
        arrays: dict[str, Any] = {}
        if cls._columns:
            arrays = {"times": core.times(), "x": core.x()}
            for name in cls._columns:
                arrays[name], arrays["error_" + name] = core.values(name)
        answer = cls(arrays, json.loads(core.summary()), core, {})
        answer._complete()
        return answer

    def _complete(self) -> None:
        for array in self._arrays.values():
            array.setflags(write=False)

    @property
    def summary(self) -> dict[str, Any]:
        """What summary.json says: the scenario, the method and its reason, counts, estimates."""
        return self._summary

    @property
    def tolerance_reached(self) -> bool:
        """Whether every error estimate is within the tolerance that was asked for."""
        return bool(self._summary["tolerance_reached"])

    @property
    def worst_error(self) -> float:
        """The largest error estimate, relative to the largest value of its profile."""
        if self._core is not None:
            return float(self._core.worst_error())
        outputs = self._summary.get("outputs", [])
        return max((output["error_estimate"] for output in outputs), default=float("nan"))

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Writes the run directory that the command line writes, without figures.

        Parameters
        ----------
        path : path
            The directory.
        force : bool
            Replace a run that is there.

        Raises
        ------
        FileExistsError
            There is something at `path`.
        OSError
            The files could not be written.
        """
        if self._core is not None:
            self._core.save(os.fspath(path), force)
            return
        place = Path(path)
        if place.exists() and not (force and (place / "summary.json").is_file()):
            raise FileExistsError(f"{place}: exists already; force=True replaces a run")
        place.mkdir(parents=True, exist_ok=True)
        for name, content in self._files.items():
            (place / name).write_bytes(content)

    def __getstate__(self) -> dict[str, Any]:
        if self._core is not None:
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder) / "run"
                self._core.save(os.fspath(place), False)
                files = _files(place)
        else:
            files = self._files
        kept = {"_arrays": self._arrays, "_summary": self._summary, "_files": files}
        return {**self.__dict__, **kept, "_core": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._complete()

    def __str__(self) -> str:
        if self._core is not None:
            return str(self._core.report())
        return str(self._summary.get("method_reason", self._summary.get("equations", "")))


class _Profiles(_Answer):
    @property
    def times(self) -> Array:
        """The output times, (times,); inf for a stationary state."""
        return self._arrays["times"]  # type: ignore[no-any-return]

    @property
    def x(self) -> Array:
        """x = n/N of every site, (sites,)."""
        return self._arrays["x"]  # type: ignore[no-any-return]

    @property
    def mechanical(self) -> Array:
        """The mechanical energy, (times, sites)."""
        return self._arrays["mechanical"]  # type: ignore[no-any-return]

    @property
    def thermal(self) -> Array:
        """The thermal energy, (times, sites)."""
        return self._arrays["thermal"]  # type: ignore[no-any-return]

    @property
    def energy(self) -> Array:
        """The sum of both, (times, sites)."""
        return self._arrays["energy"]  # type: ignore[no-any-return]

    @property
    def errors(self) -> Mapping[str, Array]:
        """For every column the largest absolute error over the sites, (times,)."""
        return MappingProxyType({name: self._arrays["error_" + name] for name in self._columns})

    def to_xarray(self) -> xarray.Dataset:
        """The answer as an xarray.Dataset with dimensions time and x.

        Each column NAME has an `error_NAME` over time; `long_name` and `units` are in the
        attributes, the summary is the JSON text `summary` of the dataset.
        """
        with needed("to_xarray", "xarray", "xarray"):
            import xarray
        variables: dict[str, Any] = {}
        meanings = {**self._columns, **GENERAL}
        for name in self.errors:
            meaning, unit = meanings[name], _unit(name)
            attributes = {"long_name": meaning, "units": unit}
            variables[name] = (("time", "x"), self._arrays[name], attributes)
            attributes = {"long_name": f"largest error of {name}", "units": unit}
            variables["error_" + name] = (("time",), self._arrays["error_" + name], attributes)
        coordinates: dict[str, Any] = {
            "time": ("time", self.times, {"units": self._time_unit(), "long_name": "time"}),
            "x": ("x", self.x, {"units": "1", "long_name": "n/N"}),
        }
        attributes = {"title": "flipchain", "summary": json.dumps(self._summary)}
        return xarray.Dataset(variables, coordinates, attributes)

    def _time_unit(self) -> str:
        scale = self._summary["scenario"].get("time", {}).get("scale", "")
        return {"diffusive": "N^2", "ballistic": "N"}.get(scale, "1")

    def plot(self) -> Figure:
        """The figure of the program: elongation, energies and current over x.

        Returns
        -------
        matplotlib.figure.Figure
            Needs matplotlib; nothing is shown, a notebook shows what it is given.
        """
        with needed("plot", "matplotlib", "plot"):
            from ._plot import profiles
        return profiles(self)


class Run(_Profiles):
    """The answer of `evolve` and `steady`.

    Columns are read-only arrays of shape (times, sites), sites n = 0..N (0..N-1 on a ring), where
    the bond r_n belongs to site n and r_0 = 0 on an open chain. `errors[NAME]`, (times,), bounds
    the error of every entry of the column, as it is estimated.
    """

    _columns = COLUMNS
    #: The text of the scenario, the law's arrays, and the tolerance; None of what has no long run.
    _question: tuple[str, Any, Any] | None = None

    def _complete(self) -> None:
        if self._core is not None and "left_inflow" not in self._arrays:
            self._arrays["left_inflow"] = self._core.left_inflow()
            self._arrays["error_estimate"] = self._core.error_estimate()
            for name, values, errors in self._core.general():
                self._arrays[name], self._arrays["error_" + name] = values, errors
            kept = self._core.covariance()
            if kept is not None:
                self._arrays["covariance_times"], self._arrays["covariance"] = kept
            for name, values in self._core.series():
                self._arrays["series_" + name] = values
            modes = self._core.modes()
            if modes is not None:
                for name, values in zip(MODES, [*modes[0], *modes[1]]):
                    self._arrays["modes_" + name] = values
        super()._complete()

    @property
    def mean_r(self) -> Array:
        """E r_n, (times, sites)."""
        return self._arrays["mean_r"]  # type: ignore[no-any-return]

    @property
    def mean_p(self) -> Array:
        """E p_n, (times, sites)."""
        return self._arrays["mean_p"]  # type: ignore[no-any-return]

    @property
    def var_r(self) -> Array:
        """Var r_n, (times, sites)."""
        return self._arrays["var_r"]  # type: ignore[no-any-return]

    @property
    def var_p(self) -> Array:
        """Var p_n, (times, sites)."""
        return self._arrays["var_p"]  # type: ignore[no-any-return]

    @property
    def temperature(self) -> Array:
        """The kinetic temperature Var p_n/m_n, (times, sites)."""
        return self._arrays.get("temperature", self._arrays["var_p"])  # type: ignore[no-any-return]

    @property
    def mean_q(self) -> Array | None:
        """E q_n of a pinned chain, (times, sites); None without pinning."""
        return self._arrays.get("mean_q")

    @property
    def var_q(self) -> Array | None:
        """Var q_n of a pinned chain, (times, sites); None without pinning."""
        return self._arrays.get("var_q")

    @property
    def errors(self) -> Mapping[str, Array]:
        """For every column the largest absolute error over the sites, (times,)."""
        more = [name for name in GENERAL if "error_" + name in self._arrays]
        names = [*self._columns, *more]
        return MappingProxyType({name: self._arrays["error_" + name] for name in names})

    @property
    def current(self) -> Array:
        """-E[p_n r_(n+1)], (times, sites); at the right end of an open chain what leaves there."""
        return self._arrays["current"]  # type: ignore[no-any-return]

    @property
    def left_inflow(self) -> Array:
        """The energy that enters at the left thermostat per microscopic time, (times,)."""
        return self._arrays["left_inflow"]  # type: ignore[no-any-return]

    @property
    def error_estimate(self) -> Array:
        """The largest relative error of all columns of an output, (times,)."""
        return self._arrays["error_estimate"]  # type: ignore[no-any-return]

    @property
    def covariance(self) -> Array | list[Array] | None:
        """Cov(z_i, z_j), (kept times, n, n), z = r, then p; None if it was not asked for.

        Of a run whose covariance did not fit the memory, `fc.load` maps the files: a list of (n, n)
        arrays, one a kept time. Before it is saved such a run has None.
        """
        return self._arrays.get("covariance")

    @property
    def covariance_times(self) -> Array | None:
        """The output times of `covariance`."""
        return self._arrays.get("covariance_times")

    @property
    def series(self) -> dict[str, Array]:
        """Totals of the chain at every output time, (times,), and NAME_error for each NAME.

        mechanical, thermal, energy; then, accumulated since time 0: the work of the force, the
        mechanical energy turned into heat, and what entered at the left and right thermostat
        (unscaled integrals over microscopic time; NaN where a method does not give them). Of a
        stationary state one entry.
        """
        return self._group("series_")

    @property
    def modes(self) -> dict[str, Array] | None:
        """The energies of the chain's own modes, if asked for.

        k and omega, (modes,); energy and mean_energy (that of the means), (times, modes).
        """
        return self._group("modes_") or None

    def _group(self, prefix: str) -> dict[str, Array]:
        start = len(prefix)
        return {k[start:]: v for k, v in self._arrays.items() if k.startswith(prefix)}

    def correlations(
        self,
        lags: Sequence[float],
        of: str | Sequence[str],
        *,
        energy: bool = False,
        omega: Sequence[float] = (),
        phase: float = 0.0,
        progress: Progress = None,
        threads: int | None = None,
    ) -> Correlations:
        """Correlations Cov(z(t+s), z_j(t)) in the state in the long run.

        Parameters
        ----------
        lags : sequence of float
            s ≥ 0, ascending, microscopic.
        of : str or sequence of str
            The coordinates j: "p:50" is the momentum of atom 50, "r:20" the bond 20.
        energy : bool
            Also Cov(e_n(s), e_m(0)), m the sites of `of`; in equilibrium only.
        omega : sequence of float
            Also power spectra at these frequencies ≥ 0, from the resolvent.
        phase : float
            Under a periodic force, the phase in [0, 1) of the period at time t.
        progress, threads
            As for `evolve`.

        Returns
        -------
        Correlations

        Raises
        ------
        ScenarioError
            This is not an answer of `steady`, or an argument cannot serve.

        Examples
        --------
        >>> import flipchain as fc
        >>> state = fc.steady(fc.Chain(bonds=16, left=fc.Thermostat(1.0)))
        >>> found = state.correlations([0, 5], of="p:8")
        >>> found.covariance.shape, bool(abs(found.covariance[0, 0, 16 + 8] - 1) < 1e-12)
        ((2, 1, 33), True)
        """
        if self._question is None:
            raise ScenarioError("correlations: found a run of evolve; allowed: an answer of steady")
        request = asked(lags, of, energy, omega, phase)
        text, law, common = self._question
        with watched(progress) as callback:
            watch = Watch(callback, threads)
            return of_core(request, _core.correlations(text, law, common, request, watch))

    @property
    def identities(self) -> dict[str, float]:
        """The worst violation of each exact identity, relative to its largest term."""
        return {entry["name"]: entry["violation"] for entry in self._summary["identities"]}

    def __repr__(self) -> str:
        shape = self.thermal.shape
        return f"<flipchain.Run: {shape[0]} times, {shape[1]} sites, error {self.worst_error:.1e}>"


class LimitRun(_Profiles):
    """The answer of `limit`: read-only columns of shape (times, sites) at x = n/N."""

    _columns = LIMIT_COLUMNS

    @property
    def r(self) -> Array:
        """The elongation, (times, sites)."""
        return self._arrays["r"]  # type: ignore[no-any-return]

    @property
    def stationary(self) -> dict[str, Any] | str:
        """The stationary state as polynomials in x by ascending power, or why there is none."""
        return self._summary["stationary"]  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        shape = self.thermal.shape
        return f"<flipchain.LimitRun: {shape[0]} times, {shape[1]} sites>"


class CheckRun(_Answer):
    """The answer of `check`: every statement at every size and time."""

    @property
    def rows(self) -> list[tuple[str, int, float, float, float | None, float]]:
        """(statement, N, t, value, limit, error); the limit is None where the theory gives none."""
        if self._core is not None:
            return self._core.rows()  # type: ignore[no-any-return]
        text = self._files["check.csv"].decode()
        return [
            (
                row["statement"],
                int(row["bonds"]),
                float(row["t"]),
                float(row["value"]),
                float(row["limit"]) if row["limit"] else None,
                float(row.get("value_error") or "nan"),
            )
            for row in csv.DictReader(text.splitlines())
        ]

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        """What was found of each statement: constants and rates in N with uncertainties."""
        if self._core is not None:
            return json.loads(self._core.verdicts())  # type: ignore[no-any-return]
        return json.loads(self._files["check.json"])["statements"]  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<flipchain.CheckRun: {len(self.verdicts)} statements>"


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
            answer._question = (files["scenario.toml"].decode(), None, common)
    else:
        raise ScenarioError(
            f"{place}: found a run of {command!r}; allowed: evolve, steady, limit, check"
        )
    answer._complete()
    return answer


def _files(place: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(place.iterdir()) if file.is_file()}


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
        # They did not fit the memory: what is looked at is read from the disk.
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
    arrays: dict[str, Any] = {name: column[name].reshape(count, -1) for name in LIMIT_COLUMNS}
    arrays["times"] = column["t"].reshape(count, -1)[:, 0].copy()
    arrays["x"] = column["x"].reshape(count, -1)[0].copy()
    _errors(arrays, summary, LIMIT_COLUMNS)
    return arrays


def _unit(name: str) -> str:
    if name in ("mean_r", "mean_p", "mean_q", "r"):
        return "sqrt(temperature)"
    return "temperature"
