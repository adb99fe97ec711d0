"""What every answer has: arrays, each with its error, a summary, and a run directory."""

from __future__ import annotations

import functools
import json
import math
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ._extras import needed

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
    "current": "-∂_x e_heat/4γ - r ∂_x r/2γ, to which N times the chain's tends; NaN at t = 0",
}


class ToleranceWarning(UserWarning):
    """The error estimate of a result is above the tolerance that was asked for."""


class _Answer:
    """What every answer has: columns with errors, a summary, a run directory."""

    _columns: Mapping[str, str] = {}

    def __init__(
        self,
        arrays: dict[str, Any],
        summary: dict[str, Any] | None,
        core: Any,
        files: dict[str, bytes],
    ) -> None:
        self._arrays = arrays
        if summary is not None:
            self.__dict__["_summary"] = summary
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
        answer = cls(arrays, None, core, {})
        answer._complete()
        return answer

    @functools.cached_property
    def _summary(self) -> dict[str, Any]:
        # Read only when somebody asks: for a short chain this takes a tenth of the time.
        return json.loads(self._core.summary())  # type: ignore[no-any-return]

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
        if self._core is not None:
            return bool(self._core.tolerance_reached())
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
        chain = self._summary.get("scenario", {}).get("chain", {})
        reason = self._summary.get("method_reason", self._summary.get("equations", ""))
        found = f"{self._summary.get('command', 'run')}, {chain.get('bonds')} bonds: {reason}"
        worst = self.worst_error
        return found if math.isnan(worst) else f"{found}\nlargest error estimate {worst:.1e}"


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


def _files(place: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(place.iterdir()) if file.is_file()}


def _unit(name: str) -> str:
    if name in ("mean_r", "mean_p", "mean_q", "r"):
        return "sqrt(temperature)"
    return "temperature"
