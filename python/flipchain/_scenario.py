"""Chains, their ends, and output times."""

from __future__ import annotations

import difflib
import functools
import reprlib
from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass, field, fields
from inspect import signature
from typing import Any, Literal, TypeVar

import numpy as np

from . import _core
from ._core import ScenarioError
from ._values import Array, Coefficient, Scale, Table, _integer, _is_number, _number, _toml


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

    def __post_init__(self) -> None:
        for part in fields(self):
            _number(f"thermostat.{part.name}", getattr(self, part.name))

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
        _number("force.mean", self.mean)
        if self.period is not None:
            _number("force.period", self.period)
        if not isinstance(self.harmonics, Iterable) or isinstance(self.harmonics, str):
            raise ScenarioError(
                f"force.harmonics: found {self.harmonics!r}; allowed: a sequence of (order, "
                "amplitude, phase)"
            )
        parts = []
        for part in self.harmonics:
            if not isinstance(part, Sized) or len(part) != 3:
                raise ScenarioError(
                    f"force.harmonics: found {part!r}; allowed: (order, amplitude, phase)"
                )
            order, amplitude, phase = part
            parts.append(
                (
                    _integer("force.harmonics: order", order),
                    _number("force.harmonics: amplitude", amplitude),
                    _number("force.harmonics: phase", phase),
                )
            )
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
        found = f"an array of shape {array.shape}"
    except (TypeError, ValueError):
        array, found = np.empty(()), repr(value)
    if array.ndim != 1:
        raise ScenarioError(
            f"{name}: found {found}; allowed: a number, an expression or a function of x, "
            f"{x.size} numbers, or a random law"
        )
    return tuple(array.tolist())


def _attached(name: str, value: object, kind: type) -> None:
    """Refuses anything but a thermostat or a force, most often a bare number."""
    if not isinstance(value, kind):
        example = f", such as {kind.__name__}({value})" if _is_number(value) else ""
        raise ScenarioError(
            f"{name}: found {type(value).__name__}; allowed: flipchain.{kind.__name__}{example}"
        )


#: What a coefficient is called in formulas and elsewhere.
_MEANT = {
    "gamma": "flip_rate",
    "flips": "flip_rate",
    "n": "bonds",
    "size": "bonds",
    "k": "spring",
    "kappa": "pinning",
}

_Kind = TypeVar("_Kind")


def _says_what_was_meant(kind: type[_Kind]) -> type[_Kind]:
    """A class whose message about an unknown argument names the one that was meant."""
    make = kind.__init__
    allowed = list(signature(make).parameters)[1:]

    @functools.wraps(make)
    def checked(self: Any, *args: Any, **given: Any) -> None:
        for name in given:
            if name in allowed:
                continue
            close = difflib.get_close_matches(name.lower(), allowed, 1)
            meant = _MEANT.get(name.lower(), close[0] if close else None)
            raise TypeError(
                f"{kind.__name__}: found the argument {name}; allowed: {', '.join(allowed)}"
                + (f" (did you mean {meant}?)" if meant else "")
            )
        make(self, *args, **given)

    setattr(kind, "__init__", checked)
    return kind


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@_says_what_was_meant
@dataclass(frozen=True)
class Chain:
    """A chain of N bonds: r_1..r_N and p_0..p_N (open), or r_0.. and p_0..p_(N-1) on a ring.

    Parameters
    ----------
    bonds : int
        N, from 1 to 10^8.
    flip_rate : coefficient
        γ_n ≥ 0, in microscopic time. A coefficient is a number, an expression in x (`"1 + x"`), a
        function of x, an array with one entry for each site, or a random law, `{"uniform": [0.5,
        1.5], "seed": 7}`, `{"normal": [1.0, 0.1], "seed": 7}`, `{"choose": [1.0, 2.0], "seed": 7}`.
    left, right : Thermostat, optional
        What is attached to the first and the last atom; free ends without.
    force : Force, optional
        The force on the last atom.
    topology : {"open", "ring"}
        `Chain.ring(bonds, flip_rate)` makes a ring, with N atoms and N bonds 0..N-1 and no ends.
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
        object.__setattr__(self, "bonds", _integer("bonds", self.bonds))
        open_chain = self.topology != "ring"
        for name in _COEFFICIENTS:
            on_bonds = name == "spring"
            first, last = (int(on_bonds), self.bonds) if open_chain else (0, self.bonds - 1)
            sites = np.arange(first, last + 1)
            value = _coefficient(name, getattr(self, name), sites / max(self.bonds, 1))
            # Equal chains are equal however their arrays were given.
            object.__setattr__(self, name, value)
        for name, kind in (("left", Thermostat), ("right", Thermostat), ("force", Force)):
            if getattr(self, name) is not None:
                _attached(name, getattr(self, name), kind)
        for name, kind in (("thermostats", Thermostat), ("forces", Force)):
            given = getattr(self, name)
            if not isinstance(given, Mapping):
                raise ScenarioError(
                    f"{name}: found {type(given).__name__}; allowed: a mapping of atoms to "
                    f"flipchain.{kind.__name__}"
                )
            for site, value in given.items():
                _attached(f"{name}: site {site}", value, kind)
            table = {_integer(f"{name}: site", site): given[site] for site in sorted(given)}
            object.__setattr__(self, name, table)
        _core.describe(_toml(self._tables()))

    def __hash__(self) -> int:
        return hash(_toml(self._tables()))

    def __repr__(self) -> str:
        # Arguments at their defaults say nothing, and arrays may have 10^5 entries.
        short = reprlib.Repr()
        short.maxtuple = 4
        short.maxother = short.maxstring = 200
        parts = []
        for part in fields(self):
            value = getattr(self, part.name)
            if value not in (None, {}) and (part.name == "bonds" or value != part.default):
                parts.append(f"{part.name}={short.repr(value)}")
        return f"Chain({', '.join(parts)})"

    @classmethod
    def ring(
        cls,
        bonds: int,
        flip_rate: Coefficient = 1.0,
        *,
        mass: Coefficient = 1.0,
        spring: Coefficient = 1.0,
        pinning: Coefficient = 0.0,
        thermostats: Mapping[int, Thermostat] | None = None,
        forces: Mapping[int, Force] | None = None,
    ) -> Chain:
        """A ring of N bonds and N atoms, bond n between the atoms n-1 and n.

        Examples
        --------
        >>> Chain.ring(3, mass=[1, 2, 1], thermostats={0: Thermostat(1.0)}).atoms
        3
        """
        return cls(
            bonds=bonds,
            flip_rate=flip_rate,
            topology="ring",
            mass=mass,
            spring=spring,
            pinning=pinning,
            thermostats=thermostats or {},
            forces=forces or {},
        )

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
        if isinstance(self.values, str) or not isinstance(self.values, Iterable):
            raise ScenarioError(
                f"times: found {self.values!r}; allowed: a sequence of numbers, such as [0.1, 1]"
            )
        try:
            values = np.asarray(self.values, dtype=np.float64)
        except (TypeError, ValueError):
            # One of them is no number, and is named.
            values = np.array([_number("times", t) for t in self.values])
        if values.ndim != 1 or values.size == 0:
            raise ScenarioError(
                f"times: found the shape {values.shape}; allowed: (count,) with count ≥ 1"
            )
        return {"scale": str(self.scale), "outputs": [float(t) for t in values]}
