"""The answers of `evolve` and `steady`, of `limit` and of `check`."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from . import _core
from ._answer import COLUMNS, GENERAL, LIMIT_COLUMNS, MODES, Array, _Answer, _Profiles
from ._core import ScenarioError
from ._correlations import Correlations, asked, of_core
from ._progress import Progress, Watch, watched


class Run(_Profiles):
    """The answer of `evolve` and `steady`.

    Columns are read-only arrays of shape (times, sites), sites n = 0..N (0..N-1 on a ring), where
    the bond r_n belongs to site n and r_0 = 0 on an open chain. `errors[NAME]`, (times,), is the
    estimated largest error of the column's entries.
    """

    _columns = COLUMNS
    #: The text of the scenario, the law's arrays and the options, for `correlations`; None unless
    #: `steady` gave this answer.
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

        A covariance that does not fit in memory goes to files when the run is saved, and is None
        until then. `fc.load` maps these files: a list of (n, n) arrays, one for each kept time.
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
    def current(self) -> Array:
        """The energy current, to which N times the chain's tends, (times, sites).

        It is NaN at t = 0, where data that jump or do not fit the ends make it infinite. Its error
        counts in no tolerance.
        """
        return self._arrays["current"]  # type: ignore[no-any-return]

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

    @property
    def conductivity(self) -> dict[str, Any] | None:
        """Of a chain with coefficients: ``N J/(T_- - T_+)`` over the sizes and for N → ∞.

        `sizes` has the mean over the seeds with its standard error, `extrapolated` the value
        without the contacts, `closed_form` that of an ordered chain, `sentence` says it. None of
        the homogeneous chain.
        """
        if self._core is not None:
            return json.loads(self._core.conductivity())  # type: ignore[no-any-return]
        found = json.loads(self._files["check.json"])
        return found.get("conductivity")  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<flipchain.CheckRun: {len(self.verdicts)} statements>"
