"""The law of a chain at time 0."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from . import _core
from ._core import ScenarioError
from ._scenario import Chain
from ._values import Array, Profile, Table, _array, _is_number, _values


@dataclass(frozen=True)
class Initial:
    """The law of the coordinates at time 0: Gaussian, independent unless a covariance is given.

    Each profile is a number, an expression in x (`"2 - x"`), a function of x, or an array: N
    entries for `elongation` and `var_r` (N+1 with entry 0 = 0 on an open chain), N+1 for
    `momentum`, `temperature` and `var_p`; N for all of them on a ring. x = n/N.

    Parameters
    ----------
    elongation, momentum : profile
        E r_n and E p_n.
    temperature : profile
        Var r_n = Var p_n ≥ 0.
    var_r, var_p : profile
        The two variances, together, in place of the temperature.
    displacement, var_q : profile
        E q_n and Var q_n of a pinned chain, N+1 entries each, in place of elongation and var_r.
    state : "gibbs", optional
        With a temperature: the Gibbs law, whose displacements are correlated on a pinned chain.
    covariance : array or path, optional
        In place of the variances: (n, n) in the order r, p with n = `Chain.coordinates`, symmetric
        and positive semidefinite; or the covariance.npz of an earlier run, which holds the means,
        too.

    Examples
    --------
    >>> law = Initial(elongation="2*x", temperature=lambda x: 2 - x)
    """

    elongation: Profile = 0.0
    momentum: Profile = 0.0
    temperature: Profile | None = None
    var_r: Profile | None = None
    var_p: Profile | None = None
    covariance: ArrayLike | str | os.PathLike[str] | None = None
    displacement: Profile | None = None
    var_q: Profile | None = None
    state: Literal["gibbs"] | None = None

    def __post_init__(self) -> None:
        of_positions = self.var_r if self.var_q is None else self.var_q
        pair = (of_positions is not None, self.var_p is not None)
        given = [self.temperature is not None, any(pair), self.covariance is not None]
        if sum(given) != 1 or any(pair) != all(pair):
            half = " (one of the pair)" if any(pair) != all(pair) else ""
            raise ScenarioError(
                "initial: one of temperature, var_r with var_p, and covariance is required; "
                f"found {sum(given)} of them{half}"
            )

    def _table(self) -> Table | None:
        """The law as a scenario file has it; None where arrays or functions are in it."""
        if self.covariance is not None and not isinstance(self.covariance, (str, os.PathLike)):
            return None
        table: Table = {}
        names = ("elongation", "momentum", "temperature", "var_r", "var_p")
        for name in (*names, "displacement", "var_q"):
            value = getattr(self, name)
            if value is None or (name == "elongation" and self.displacement is not None):
                continue
            if isinstance(value, str):
                table[name] = value
            elif _is_number(value):
                table[name] = float(value)
            else:
                return None
        if self.state is not None:
            table["state"] = self.state
        if self.covariance is not None:
            table["covariance"] = os.fspath(self.covariance)
        if self.state is not None or self.covariance is not None:
            # They bring their own means.
            for name in ("elongation", "momentum"):
                if table.get(name) == 0.0:
                    del table[name]
        if "var_r" in table and table["var_r"] == table["var_p"]:
            table["temperature"] = table.pop("var_r")
            del table["var_p"]
        return table

    def _arrays(self, chain: Chain) -> _Arrays:
        if self.state is not None:
            raise ScenarioError(
                "initial.state: found arrays or functions beside it; allowed: numbers and "
                "expressions in x"
            )
        x_r, x_p = chain._positions()
        pinned = chain.is_pinned
        position = self.elongation
        if pinned:
            position = 0.0 if self.displacement is None else self.displacement
        arrays = _Arrays(
            _values("displacement" if pinned else "elongation", position, x_r, chain),
            _values("momentum", self.momentum, x_p, chain),
        )
        if self.covariance is not None:
            if isinstance(self.covariance, (str, os.PathLike)):
                raise ScenarioError(
                    "initial.covariance: a file goes with means that are numbers or expressions"
                )
            n = chain.coordinates
            arrays.covariance = _array("covariance", self.covariance, [(n, n)], f"n = {n}")
        elif pinned and self.temperature is not None:
            raise ScenarioError(
                "initial.temperature: found arrays or functions on a pinned chain; allowed: "
                'var_q with var_p, a covariance, or state = "gibbs" with expressions in x'
            )
        elif self.temperature is not None:
            if (
                callable(self.temperature)
                or isinstance(self.temperature, str)
                or _is_number(self.temperature)
            ):
                arrays.var_r = _values("temperature", self.temperature, x_r, chain)
                arrays.var_p = _values("temperature", self.temperature, x_p, chain)
            else:
                arrays.var_p = _values("temperature", self.temperature, x_p, chain)
                # r_n sits where p_n sits; on an open chain there is no r_0.
                arrays.var_r = arrays.var_p[chain.atoms - chain.bonds :]
        else:
            var_r = self.var_q if pinned else self.var_r
            if var_r is None or self.var_p is None:
                allowed = "var_q" if pinned else "var_r"
                raise ScenarioError(f"initial: found another variance; allowed: {allowed}")
            arrays.var_r = _values("var_q" if pinned else "var_r", var_r, x_r, chain)
            arrays.var_p = _values("var_p", self.var_p, x_p, chain)
        return arrays

    def _functions(self, question: str) -> list[Callable[[float], float]]:
        """E r, E p, Var r and Var p as functions of x."""
        if self.covariance is not None:
            raise ScenarioError(
                f"initial.covariance: {question} needs the initial law as functions of x"
            )
        var_r = self.temperature if self.var_r is None else self.var_r
        var_p = self.temperature if self.var_p is None else self.var_p
        variances = ("temperature",) * 2 if self.var_r is None else ("var_r", "var_p")
        names = ("elongation", "momentum", *variances)
        functions: list[Callable[[float], float]] = []
        for name, profile in zip(names, (self.elongation, self.momentum, var_r, var_p)):
            if callable(profile):
                functions.append(profile)
            elif isinstance(profile, str):
                functions.append(_Expression(profile))
            elif _is_number(profile):
                functions.append(_Constant(float(profile)))  # type: ignore[arg-type]
            else:
                raise ScenarioError(
                    f"initial.{name}: found an array; allowed: a number, an expression or a "
                    f"function of x, because {question} needs it between the sites, too"
                )
        return functions


@dataclass
class _Arrays:
    """What the compiled part takes."""

    mean_r: Array
    mean_p: Array
    var_r: Array | None = None
    var_p: Array | None = None
    covariance: Array | None = None


@dataclass(frozen=True)
class _Expression:
    source: str

    def __call__(self, x: float) -> float:
        return float(_core.evaluate(self.source, np.array([x]))[0])


@dataclass(frozen=True)
class _Constant:
    value: float

    def __call__(self, x: float) -> float:
        return self.value
