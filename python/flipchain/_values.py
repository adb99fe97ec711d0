"""Numbers and arrays that a user gives, checked; and the types of what may be given."""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core
from ._core import ScenarioError

if TYPE_CHECKING:
    from ._scenario import Chain

Array = NDArray[np.float64]
#: A number, an expression in x, a function of x, or an array with one entry for each coordinate.
Profile = Union[float, str, Callable[[float], float], ArrayLike]
Scale = Literal["diffusive", "ballistic", "microscopic"]
Table = dict[str, Any]
#: A coefficient of a chain: a number, an expression in x, a function of x, an array with one entry
#: a site, or a random law: {"uniform": [0.5, 1.5], "seed": 7}, "normal" or "choose".
Coefficient = Union[float, str, Callable[[float], float], ArrayLike, dict[str, Any]]

#: A number as it is written where the comma is the decimal sign.
_DECIMAL_COMMA = re.compile(r"[-+]?[\d.]*([eE][-+]?\d+)?,\d+([eE][-+]?\d+)?")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _integer(name: str, value: object) -> int:
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
        raise ScenarioError(f"{name}: found {value!r}; allowed: an integer")
    return int(value)


def _number(name: str, value: object) -> float:
    """A number, or whatever else but a text turns into one, such as a Fraction."""
    hint = ""
    if isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value.strip()):
        hint = " (decimals are written with a point, 1.5)"
    if not isinstance(value, (str, bytes, bytearray, bool, np.bool_)):
        try:
            return float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            pass
    raise ScenarioError(f"{name}: found {reprlib.repr(value)}; allowed: a number{hint}")


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
