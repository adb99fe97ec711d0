"""Correlations at two times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._extras import needed

if TYPE_CHECKING:
    import xarray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Correlations:
    """Correlations at two times in a stationary or periodic state; read-only arrays.

    Attributes
    ----------
    of : tuple of str
        The coordinates j, as "p:50".
    lags : (lags,) array
        s ≥ 0, microscopic.
    covariance : (lags, of, n) array
        Cov(z(t+s), z_j(t)); z = r, then p, n = `Chain.coordinates`.
    energy : (lags, of, sites) array or None
        Cov(e_n(s), e_m(0)) in equilibrium, m the site of j.
    omega : (frequencies,) array
        ω ≥ 0.
    spectrum : (frequencies, of, n) array or None
        2 Re[(iω - B)⁻¹ C e_j]; its entry j is the power spectrum of z_j.
    errors : dict of (lags or frequencies, of) arrays
        Under "covariance", "energy" and "spectrum": a bound of the error of every entry.
    """

    of: tuple[str, ...]
    lags: Array
    omega: Array
    covariance: Array | None
    energy: Array | None
    spectrum: Array | None
    errors: dict[str, Array]

    def to_xarray(self) -> xarray.Dataset:
        """The arrays with named dimensions; errors are variables `error_NAME`."""
        with needed("to_xarray", "xarray", "xarray"):
            import xarray
        first = {"covariance": "lag", "energy": "lag", "spectrum": "omega"}
        last = {"covariance": "coordinate", "energy": "site", "spectrum": "coordinate"}
        variables: dict[str, Any] = {}
        for name, along in first.items():
            values = getattr(self, name)
            if values is not None:
                variables[name] = ((along, "of", last[name]), values)
                variables["error_" + name] = ((along, "of"), self.errors[name])
        coordinates = {"lag": self.lags, "omega": self.omega, "of": list(self.of)}
        return xarray.Dataset(variables, coordinates)

    def __repr__(self) -> str:
        counts = f"{len(self.of)} coordinates, {len(self.lags)} lags, {len(self.omega)} frequencies"
        return f"<flipchain.Correlations: {counts}>"


@dataclass
class _Asked:
    of: list[str]
    lags: list[float]
    energy: bool
    frequencies: list[float]
    phase: float


def of_core(asked: _Asked, found: _core.Correlations) -> Correlations:
    """The answer as it is shown."""
    arrays: dict[str, Array | None] = {}
    errors: dict[str, Array] = {}
    for name in ("covariance", "energy", "spectrum"):
        pair = getattr(found, name)()
        arrays[name] = None if pair is None else pair[0]
        if pair is not None:
            errors[name] = pair[1]
            for array in pair:
                array.setflags(write=False)
    lags, omega = np.array(asked.lags), np.array(asked.frequencies)
    return Correlations(tuple(asked.of), lags, omega, errors=errors, **arrays)


def asked(
    lags: Sequence[float],
    of: str | Sequence[str],
    energy: bool,
    omega: Sequence[float],
    phase: float,
) -> _Asked:
    """What is asked, as the core takes it."""
    names = [of] if isinstance(of, str) else [str(name) for name in of]
    numbers = [
        [float(x) for x in np.atleast_1d(np.asarray(values, float))] for values in (lags, omega)
    ]
    return _Asked(names, numbers[0], bool(energy), numbers[1], float(phase))
