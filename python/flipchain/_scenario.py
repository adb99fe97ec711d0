"""What is asked about: chains, their ends, initial laws and output times."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core
from ._core import ScenarioError

Array = NDArray[np.float64]
#: A number, an expression in x, a function of x, or an array with one entry a coordinate.
Profile = Union[float, str, Callable[[float], float], ArrayLike]
Scale = Literal["diffusive", "ballistic", "microscopic"]
Table = dict[str, Any]
#: A coefficient of a chain: a number, an expression in x, a function of x, an array with one entry
#: a site, or a random law: {"uniform": [0.5, 1.5], "seed": 7}, "normal" or "choose".
Coefficient = Union[float, str, Callable[[float], float], ArrayLike, dict[str, Any]]


@dataclass(frozen=True)
class Thermostat:
    """A Langevin thermostat, -λ p dτ + √(2 λ T) dw.

    Parameters
    ----------
    temperature : float
        T ≥ 0.
    friction : float
        λ > 0, per microscopic time.

    Examples
    --------
    >>> Thermostat(2.0).friction
    1.0
    """

    temperature: float
    friction: float = 1.0

    def _table(self) -> Table:
        return {"temperature": float(self.temperature), "friction": float(self.friction)}


@dataclass(frozen=True)
class Force:
    """The force on the last atom, F(τ) = mean + N^(-1/2) Σ amplitude cos(order ω τ + phase).

    Parameters
    ----------
    mean : float
        The constant part.
    period : float, optional
        θ = 2π/ω > 0 in microscopic time; needed with harmonics.
    harmonics : sequence of (order, amplitude, phase)
        The oscillating parts.

    Examples
    --------
    >>> Force(1.2, period=4.75, harmonics=[(1, 3.0, 0.0)]).period
    4.75
    """

    mean: float = 0.0
    period: float | None = None
    harmonics: Sequence[tuple[int, float, float]] = ()

    def __post_init__(self) -> None:
        parts = []
        for part in self.harmonics:
            if len(part) != 3:
                raise ScenarioError(
                    f"force.harmonics: found {part!r}; allowed: (order, amplitude, phase)"
                )
            order, amplitude, phase = part
            parts.append((_integer("order", order), float(amplitude), float(phase)))
        # Equal forces are equal however their parts were given.
        object.__setattr__(self, "harmonics", tuple(parts))

    def _table(self) -> Table:
        parts = [
            {"order": order, "amplitude": amplitude, "phase": phase}
            for order, amplitude, phase in self.harmonics
        ]
        table: Table = {"mean": float(self.mean), "harmonics": parts}
        if self.period is not None:
            table["period"] = float(self.period)
        return table


#: The coefficients that may depend on the site.
_COEFFICIENTS = ("flip_rate", "mass", "spring", "pinning")


def _coefficient(name: str, value: Coefficient, x: Array) -> Any:
    """Numbers, expressions and laws as they are, functions and arrays as a tuple."""
    if isinstance(value, (str, dict)):
        return value
    if callable(value):
        return tuple(float(value(float(at))) for at in x)
    if _is_number(value):
        return float(value)  # type: ignore[arg-type]
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty(())
    if array.ndim != 1:
        raise ScenarioError(
            f"{name}: found {value!r}; allowed: a number, an expression or a function of x, "
            f"{x.size} numbers, or a random law"
        )
    return tuple(array.tolist())


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Chain:
    """A chain of N bonds: r_1..r_N and p_0..p_N (open), or r_0.. and p_0..p_(N-1) on a ring.

    Parameters
    ----------
    bonds : int
        N, from 1 to 10^8.
    flip_rate : coefficient
        γ_n ≥ 0, in microscopic time. A coefficient is a number, an expression in x (`"1 + x"`), a
        function of x, an array with one entry a site, or a random law, `{"uniform": [0.5, 1.5],
        "seed": 7}`, `{"normal": [1.0, 0.1], "seed": 7}`, `{"choose": [1.0, 2.0], "seed": 7}`.
    left, right : Thermostat, optional
        What is attached to the first and the last atom; free ends without.
    force : Force, optional
        The force on the last atom.
    topology : {"open", "ring"}
        `Chain.ring(bonds, flip_rate)` makes a ring.
    mass, spring, pinning : coefficient
        m_n > 0 of the N+1 atoms, k_n > 0 of the N bonds, κ_n ≥ 0 of the atoms. A pinned chain has
        the coordinates q_0..q_N, p_0..p_N.
    thermostats : mapping of int to Thermostat
        More of them, by their atoms.
    forces : mapping of int to Force
        More of them, by their atoms; those with harmonics have one period.

    Raises
    ------
    ScenarioError
        A value out of range.

    Examples
    --------
    >>> Chain(bonds=4, left=Thermostat(2.0)).atoms
    5
    >>> Chain(bonds=2, mass=[1, 2, 1], pinning=0.5, thermostats={1: Thermostat(1.0)}).coordinates
    6
    """

    bonds: int
    flip_rate: Coefficient = 1.0
    left: Thermostat | None = None
    right: Thermostat | None = None
    force: Force | None = None
    topology: Literal["open", "ring"] = "open"
    mass: Coefficient = 1.0
    spring: Coefficient = 1.0
    pinning: Coefficient = 0.0
    thermostats: Mapping[int, Thermostat] = field(default_factory=dict)
    forces: Mapping[int, Force] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in _COEFFICIENTS:
            on_bonds = name == "spring"
            sites = np.arange(int(on_bonds), _integer("bonds", self.bonds) + 1)
            value = _coefficient(name, getattr(self, name), sites / max(self.bonds, 1))
            # Equal chains are equal however their arrays were given.
            object.__setattr__(self, name, value)
        for name in ("thermostats", "forces"):
            given = dict(getattr(self, name))
            table = {_integer(f"{name}: site", site): given[site] for site in sorted(given)}
            object.__setattr__(self, name, table)
        _core.describe(_toml(self._tables()))

    def __hash__(self) -> int:
        return hash(_toml(self._tables()))

    @classmethod
    def ring(cls, bonds: int, flip_rate: float = 1.0) -> Chain:
        """A ring of N bonds and N atoms."""
        return cls(bonds=bonds, flip_rate=flip_rate, topology="ring")

    @property
    def atoms(self) -> int:
        """N+1, or N on a ring."""
        return self.bonds + (self.topology == "open")

    @property
    def coordinates(self) -> int:
        """The number of all coordinates, r (or q of a pinned chain) and p."""
        return self.atoms + (self.atoms if self.is_pinned else self.bonds)

    @property
    def is_pinned(self) -> bool:
        """Whether any atom is pinned: then the coordinates are q and p."""
        return bool(_core.is_pinned(_toml(self._tables())))

    def _positions(self) -> tuple[Array, Array]:
        """x of every r (or q) and of every p."""
        if self.is_pinned:
            x = np.arange(self.atoms, dtype=np.float64) / self.bonds
            return x, x
        first = int(self.topology == "open")
        r = np.arange(first, first + self.bonds, dtype=np.float64) / self.bonds
        return r, np.arange(self.atoms, dtype=np.float64) / self.bonds

    def _tables(self) -> Table:
        tables: Table = {
            "chain": {
                "topology": str(self.topology),
                "bonds": _integer("bonds", self.bonds),
                "flip_rate": _plain(self.flip_rate),
            }
        }
        for name, default in (("mass", 1.0), ("spring", 1.0), ("pinning", 0.0)):
            if getattr(self, name) != default:
                tables["chain"][name] = _plain(getattr(self, name))
        if self.left is not None:
            tables["left"] = {"thermostat": self.left._table()}
        right: Table = {}
        if self.right is not None:
            right["thermostat"] = self.right._table()
        if self.force is not None:
            right["force"] = self.force._table()
        if right:
            tables["right"] = right
        if self.thermostats:
            tables["thermostat"] = [
                {"site": site, **thermostat._table()}
                for site, thermostat in self.thermostats.items()
            ]
        if self.forces:
            tables["force"] = [
                {"site": site, **force._table()} for site, force in self.forces.items()
            ]
        return tables


@dataclass(frozen=True)
class Times:
    """Output times with their scale: t = τ/N² ("diffusive"), τ/N ("ballistic") or τ.

    Parameters
    ----------
    values : sequence of float
        Increasing, ≥ 0; one dimension.
    scale : {"diffusive", "ballistic", "microscopic"}
        Their unit: N², N or 1.

    Examples
    --------
    >>> Times([0.5, 2.0], "ballistic").scale
    'ballistic'
    """

    values: Sequence[float]
    scale: Scale = "diffusive"

    def _table(self) -> Table:
        values = np.asarray(self.values, dtype=np.float64)
        if values.ndim != 1 or values.size == 0:
            raise ScenarioError(
                f"times: found the shape {values.shape}; allowed: (count,) with count ≥ 1"
            )
        return {"scale": str(self.scale), "outputs": [float(t) for t in values]}


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


def _toml(tables: Table) -> str:
    """Tables as TOML, each value on one line."""
    return "\n".join(f"{key} = {_value(value)}" for key, value in tables.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _number(name: str, value: object) -> float:
    if not _is_number(value):
        raise ScenarioError(f"{name}: found {value!r}; allowed: a number")
    return float(value)  # type: ignore[arg-type]


def _integer(name: str, value: object) -> int:
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
        raise ScenarioError(f"{name}: found {value!r}; allowed: an integer")
    return int(value)


def _array(name: str, value: object, shapes: Sequence[tuple[int, ...]], why: str) -> Array:
    try:
        array = np.ascontiguousarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ScenarioError(f"initial.{name}: not an array of real numbers: {error}") from None
    if array.shape not in shapes:
        allowed = " or ".join(map(str, shapes))
        raise ScenarioError(
            f"initial.{name}: found the shape {array.shape}; allowed: {allowed} ({why})"
        )
    if not np.isfinite(array).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ScenarioError(
            f"initial.{name}: found {array[place]} at {place}; allowed: finite numbers"
        )
    return array


def _values(name: str, profile: Profile, x: Array, chain: Chain) -> Array:
    """A profile at x."""
    if isinstance(profile, str):
        try:
            values = _core.evaluate(profile, x)
        except ScenarioError as error:
            raise ScenarioError(f"initial.{name}: {error}") from None
    elif callable(profile):
        values = np.array([float(profile(float(at))) for at in x])
    elif _is_number(profile):
        values = np.full(x.shape, float(profile))  # type: ignore[arg-type]
    else:
        shapes, why = [(x.size,)], f"N = {chain.bonds}"
        on_bonds = chain.topology == "open" and name in ("elongation", "var_r")
        if on_bonds:
            shapes.append((x.size + 1,))
            why += ", the longer one with entry 0 = 0"
        given = _array(name, profile, shapes, why)
        if on_bonds and given.size == x.size + 1:
            if given[0] != 0.0:
                raise ScenarioError(
                    f"initial.{name}: found {given[0]} in entry 0 of {given.size}; allowed: 0, "
                    "because an open chain has no r_0"
                )
            given = given[1:]
        values = given
    is_variance = name in ("temperature", "var_r", "var_q", "var_p")
    wrong = ~np.isfinite(values) | ((values < 0.0) if is_variance else False)
    if wrong.any():
        n = int(np.argmax(wrong))
        allowed = "finite numbers ≥ 0" if is_variance else "finite numbers"
        raise ScenarioError(f"initial.{name}: found {values[n]} at x = {x[n]}; allowed: {allowed}")
    return np.ascontiguousarray(values)
