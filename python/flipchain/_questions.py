"""The questions: `evolve`, `steady`, `limit` and `check`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from . import _core
from ._answer import ToleranceWarning, _Answer
from ._answers import CheckRun, LimitRun, Run
from ._core import ScenarioError
from ._initial import Initial, _Arrays
from ._progress import Common, Progress, Watch, watched
from ._scenario import Chain, Times
from ._values import Scale, Table, _integer, _number, _toml

Judged = TypeVar("Judged", bound=_Answer)


def evolve(
    chain: Chain,
    times: Times | Sequence[float],
    initial: Initial,
    *,
    scale: Scale = "diffusive",
    tolerance: float = 1e-9,
    method: str = "auto",
    covariance: bool | Sequence[float] = False,
    modes: bool = False,
    progress: Progress = None,
    threads: int | None = None,
    memory_limit: int | None = None,
) -> Run:
    """The profiles of a chain at output times.

    Parameters
    ----------
    chain : Chain
    times : sequence of float, or Times
        Increasing, ≥ 0, in the unit of `scale`.
    initial : Initial
        The law at time 0.
    scale : {"diffusive", "ballistic", "microscopic"}
        t = τ/N², τ/N or τ.
    tolerance : float
        The largest error, relative to the largest value of each profile.
    method : str
        "auto", "profiles", "contour", "radau", "stencil", "exponential" or "literal".
    covariance : bool or sequence of float
        Keep the whole covariance, at all output times or at these.
    modes : bool
        Compute the energies of the modes, too (in `Run.save`'s modes.csv).
    progress : bool or callable
        True shows a bar; a callable gets the share that is done, from 0 to 1.
    threads : int, optional
        Threads to use; the results do not depend on it.
    memory_limit : int, optional
        Bytes that may be used; what the machine has left if left out.

    Returns
    -------
    Run

    Raises
    ------
    ScenarioError
        An argument that cannot serve, or a computation that would not fit in memory.
    SolveError
        The computation did not converge.

    Warns
    -----
    ToleranceWarning
        The tolerance was missed; the result says by how much.

    Examples
    --------
    >>> chain = Chain.ring(32)
    >>> run = evolve(chain, [0.01, 0.1], Initial(temperature="1 + x*(1 - x)"))
    >>> run.thermal.shape
    (2, 32)
    """
    if not isinstance(times, Times):
        times = Times(times, scale)
    tables, law = _law(chain, initial)
    tables["time"] = times._table()
    whole, at = _kept(covariance)
    with watched(progress) as callback:
        found = _core.evolve(
            _toml(tables),
            law,
            Common(_number("tolerance", tolerance), method, memory_limit),
            (whole, at, False),
            modes,
            Watch(callback, threads),
        )
    return _judged(Run._of(found))


def steady(
    chain: Chain,
    initial: Initial | None = None,
    *,
    tolerance: float = 1e-9,
    method: str = "auto",
    covariance: bool = False,
    phases: int = 0,
    progress: Progress = None,
    threads: int | None = None,
    memory_limit: int | None = None,
) -> Run:
    """The state in the long run: stationary, or periodic under a periodic force.

    The last output, at time inf, is the stationary state or the average over a period; before it
    are the profiles at `phases` equally spaced phases of the period, if asked for.

    Parameters
    ----------
    chain : Chain
    initial : Initial, optional
        Needed without thermostats: there the state depends on it.
    method : str
        "auto", "profiles", "closed", "modal" or "literal".
    phases : int
        Under a periodic force: the number of phases.
    tolerance, covariance, progress, threads, memory_limit
        As for `evolve`.

    Returns
    -------
    Run

    Raises
    ------
    ScenarioError, SolveError
        As for `evolve`.

    Examples
    --------
    >>> import flipchain as fc
    >>> ends = dict(left=fc.Thermostat(2.0), right=fc.Thermostat(1.0))
    >>> state = fc.steady(fc.Chain(bonds=16, **ends))
    >>> bool(state.current[-1, 8] > 0)
    True
    """
    if not isinstance(phases, (int, np.integer)) or phases < 0:
        raise ScenarioError(f"phases: found {phases!r}; allowed: an integer ≥ 0")
    tables, law = (_chain(chain), None) if initial is None else _law(chain, initial)
    text, common = _toml(tables), Common(_number("tolerance", tolerance), method, memory_limit)
    with watched(progress) as callback:
        found = _core.steady(
            text,
            law,
            common,
            (bool(covariance), None, False),
            int(phases),
            Watch(callback, threads),
        )
    run = Run._of(found)
    run._question = (text, law, common)
    return _judged(run)


def limit(
    chain: Chain,
    times: Times | Sequence[float] | None = None,
    initial: Initial | None = None,
    *,
    tolerance: float = 1e-9,
    progress: Progress = None,
    threads: int | None = None,
) -> LimitRun:
    """The macroscopic equations N → ∞ of a chain, at times t = τ/N².

    Parameters
    ----------
    chain : Chain
        Its N only says where the profiles are tabulated, x = n/N.
    times : sequence of float, or Times, optional
        Without them the stationary state.
    initial : Initial, optional
        The law at time 0, as numbers, expressions or functions of x; needed with times.
    tolerance, progress, threads
        As for `evolve`.

    Returns
    -------
    LimitRun
        Columns of shape (times, sites).

    Raises
    ------
    ScenarioError
        An argument that cannot serve: arrays, no flips, coefficients that depend on the site.
    SolveError
        The computation did not converge.

    Examples
    --------
    >>> import flipchain as fc
    >>> ends = dict(left=fc.Thermostat(2.0), right=fc.Thermostat(1.0))
    >>> fc.limit(fc.Chain(bonds=10, force=fc.Force(2.0), **ends)).stationary["thermal"]
    [2.0, 3.0, -4.0]
    """
    tables: Table = _chain(chain)
    functions = None
    if initial is not None:
        functions = _functions(tables, initial, "limit")
    if times is not None:
        tables["time"] = (times if isinstance(times, Times) else Times(times))._table()
    with watched(progress) as callback:
        found = _core.limit(
            _toml(tables),
            functions,
            Common(_number("tolerance", tolerance), "auto", None),
            Watch(callback, threads),
        )
    return _judged(LimitRun._of(found))


def check(
    chain: Chain,
    initial: Initial,
    times: Times | Sequence[float],
    *,
    sizes: Sequence[int] | None = None,
    covariance_sizes: Sequence[int] | None = None,
    correlation_length: float | None = None,
    omegas: Sequence[float] | None = None,
    tolerance: float = 1e-9,
    progress: Progress = None,
    threads: int | None = None,
    memory_limit: int | None = None,
) -> CheckRun:
    """The statements of the theorems, measured over a range of sizes.

    Parameters
    ----------
    chain : Chain
        The family; its N is replaced by each of `sizes`.
    initial : Initial
        As numbers, expressions or functions of x.
    times : sequence of float, or Times
        Diffusive.
    sizes : sequence of int, optional
        Ascending; 16, 32, .., 2048 if left out.
    covariance_sizes : sequence of int, optional
        The sizes for the statements that need the covariance; those up to 256 if left out.
    correlation_length : float, optional
        Correlate the initial law: e^(-distance/length) among r and among p, in sites.
    omegas : sequence of float, optional
        Frequencies at which an oscillating force is compared with the theory.
    tolerance, progress, threads, memory_limit
        As for `evolve`.

    Returns
    -------
    CheckRun

    Raises
    ------
    ScenarioError, SolveError
        As for `evolve`; also an initial law that is an array.

    Examples
    --------
    >>> import flipchain as fc
    >>> chain = fc.Chain(bonds=8, left=fc.Thermostat(1.0), right=fc.Thermostat(1.0))
    >>> found = fc.check(chain, fc.Initial(temperature="1 + x"), [0.1], sizes=[4, 8])
    >>> sorted({size for _, size, *_ in found.rows})
    [4, 8]
    """
    tables: Table = _chain(chain)
    functions = _functions(tables, initial, "check")
    tables["time"] = (times if isinstance(times, Times) else Times(times))._table()
    span = (
        None if sizes is None else [_integer("sizes", n) for n in sizes],
        None
        if covariance_sizes is None
        else [_integer("covariance_sizes", n) for n in covariance_sizes],
        correlation_length,
        None if omegas is None else [_number("omegas", w) for w in omegas],
    )
    with watched(progress) as callback:
        found = _core.check(
            _toml(tables),
            functions,
            Common(_number("tolerance", tolerance), "auto", memory_limit),
            span,
            Watch(callback, threads),
        )
    return _judged(CheckRun._of(found))


def _chain(chain: Chain) -> Table:
    if not isinstance(chain, Chain):
        raise ScenarioError(
            f"chain: found {type(chain).__name__}; allowed: flipchain.Chain, whose coefficients "
            "may be functions of x = n/N"
        )
    return chain._tables()


def _law(chain: Chain, initial: Initial) -> tuple[Table, _Arrays | None]:
    """The scenario with its initial law, or without it and the law's arrays."""
    if not isinstance(initial, Initial):
        raise ScenarioError(f"initial: found {type(initial).__name__}; allowed: flipchain.Initial")
    tables, table = _chain(chain), initial._table()
    if table is None:
        return tables, initial._arrays(chain)
    tables["initial"] = table
    return tables, None


def _functions(tables: Table, initial: Initial, question: str) -> list[Any] | None:
    """Puts the law into the scenario, or else gives it as functions of x."""
    functions = initial._functions(question)
    table = initial._table()
    if table is None:
        return functions
    tables["initial"] = table
    return None


def _kept(covariance: bool | Sequence[float]) -> tuple[bool, list[float] | None]:
    if isinstance(covariance, (bool, np.bool_)):
        return bool(covariance), None
    return True, [_number("covariance", t) for t in covariance]


def _judged(answer: Judged) -> Judged:
    if not answer.tolerance_reached:
        asked = answer.summary["tolerance"]
        warnings.warn(
            f"the tolerance {asked:.1e} was missed: the largest error estimate is "
            f"{answer.worst_error:.1e}",
            ToleranceWarning,
            stacklevel=3,
        )
    return answer
