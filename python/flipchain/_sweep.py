"""Sweeps: one table from many runs, in this process or on a cluster."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Union

import numpy as np

from . import _core
from ._answer import ToleranceWarning
from ._core import ScenarioError
from ._extras import needed
from ._progress import Common, Progress, Watch, watched
from ._initial import Initial
from ._scenario import Chain, Times
from ._scenario_file import _scenario
from ._values import _is_number, _number, _toml

if TYPE_CHECKING:
    import distributed
    import xarray

#: A value of a key: an integer, a number, or a text such as an expression in x.
Value = Union[int, float, str]
#: Everything that the points of a sweep depend on, so that it can be sent and remembered.
_Asked = tuple[
    str, tuple[tuple[str, tuple[Value, ...]], ...], str, tuple[str, ...], tuple[Any, ...]
]

#: So many pieces of work for every thread of a cluster: enough to be even, and few enough for
#: points next to each other to share what they can.
_PIECES = 8


def sweep(
    chain: Chain,
    vary: Mapping[str, Iterable[Value]],
    *,
    run: Literal["steady", "evolve", "limit"] = "steady",
    observe: Sequence[str] = (),
    initial: Initial | None = None,
    times: Times | Sequence[float] | None = None,
    tolerance: float = 1e-9,
    method: str = "auto",
    progress: Progress = None,
    threads: int | None = None,
    memory_limit: int | None = None,
    client: distributed.Client | None = None,
) -> xarray.Dataset:
    """One table from many runs: some keys of a scenario take several values.

    Parameters
    ----------
    chain : Chain
        What the keys do not vary.
    vary : mapping of str to values
        Keys as in a scenario file, such as `"chain.flip_rate"` and `"right.force.mean"`, each with
        its values: numbers, or texts such as expressions in x. Keys that take integers take
        integers only. All combinations are computed.
    run : {"steady", "evolve", "limit"}
        What is asked at every point.
    observe : sequence of str, optional
        `current` (average over the bonds), `left_rate`, `right_rate`, `power`, `conductivity`,
        `mechanical`, `thermal`, `energy`, `thermal_max`, `x_max`, `W_heat`, and any column at any
        x, such as `thermal@0.5`; current, thermal_max, x_max and thermal@0.5 if left out.
    initial : Initial, optional
        The law at time 0, as numbers or expressions.
    times : sequence of float, or Times, optional
        The output times of evolve and limit; diffusive if they are a plain sequence.
    progress : bool or callable
        True shows a bar; a callable gets the share that is done, from 0 to 1.
    threads : int, optional
        Threads of this process, without a client; the results do not depend on it.
    client : distributed.Client, optional
        Computes the points on the workers of this Dask cluster. A worker that is lost costs what it
        was computing.
    tolerance, method, memory_limit
        As for `steady`, `evolve` and `limit`.

    Returns
    -------
    xarray.Dataset
        Dimensions named as the keys, and `t` for several output times (`output` where the times
        differ from point to point); for each observable NAME its error as `NAME_error`; `reason`,
        why a point failed or missed its tolerance. What a point does not have is NaN. Where a key
        is a seed, such as `"chain.mass.seed"`, also `NAME_mean` and `NAME_standard_error` over it.

    Raises
    ------
    ScenarioError
        A key or a value that cannot serve, or no point that has an answer.

    Warns
    -----
    ToleranceWarning
        Points that failed or missed the tolerance.

    Examples
    --------
    >>> import flipchain as fc
    >>> chain = fc.Chain(bonds=8, left=fc.Thermostat(2.0), right=fc.Thermostat(1.0))
    >>> table = fc.sweep(chain, {"chain.flip_rate": [0.5, 1, 2]}, observe=["conductivity"])
    >>> table["conductivity"].sizes["chain.flip_rate"]
    3
    """
    with needed("sweep", "xarray", "xarray"):
        import xarray
    asked = _asked(chain, vary, run, observe, initial, times, (tolerance, method, memory_limit))
    found = _planned(asked)
    with watched(progress) as callback:
        if client is None:
            pieces = [found.answer(list(range(len(found))), Watch(callback, threads))]
        else:
            pieces = _on_cluster(asked, len(found), client, callback)
    dataset: xarray.Dataset = _dataset(xarray, asked, found, found.table(pieces))
    return dataset


def _asked(
    chain: Chain,
    vary: Mapping[str, Iterable[Value]],
    run: str,
    observe: Sequence[str],
    initial: Initial | None,
    times: Times | Sequence[float] | None,
    options: tuple[Any, ...],
) -> _Asked:
    if isinstance(observe, str):
        observe = [observe]
    axes = tuple((str(key), _values(key, values)) for key, values in vary.items())
    text = _toml(_scenario(chain, initial, times))
    return text, axes, str(run), tuple(map(str, observe)), options


def _values(key: str, values: Iterable[Value]) -> tuple[Value, ...]:
    def plain(value: object) -> Value:
        if isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_)):
            return int(value)
        if isinstance(value, str):
            return str(value)
        if _is_number(value):
            return float(value)  # type: ignore[arg-type]
        raise ScenarioError(f"vary: {key}: found {value!r}; allowed: integers, numbers and texts")

    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise ScenarioError(f"vary: {key}: found {values!r}; allowed: a sequence of values")
    return tuple(plain(value) for value in values)


@functools.lru_cache(maxsize=4)
def _planned(asked: _Asked) -> _core.Sweep:
    text, axes, run, observe, (tolerance, method, memory_limit) = asked
    vary = [(key, list(values)) for key, values in axes]
    common = Common(_number("tolerance", tolerance), method, memory_limit)
    return _core.Sweep(text, vary, run, list(observe), common)


def _points(asked: _Asked, points: range) -> bytes:
    """The answers of some points, on a worker: one thread, because every thread has such a task."""
    return _planned(asked).answer(list(points), Watch(None, 1))


def _on_cluster(
    asked: _Asked, count: int, client: Any, progress: Callable[[float], object] | None
) -> list[bytes]:
    # Untyped for mypy, like the client.
    as_completed: Any = import_module("distributed").as_completed

    threads = max(1, sum(client.nthreads().values()))
    size = max(1, count // (_PIECES * threads))
    ranges = [range(first, min(first + size, count)) for first in range(0, count, size)]
    # Not pure: a later sweep of the same is computed again, like everything else that is asked.
    futures = [client.submit(_points, asked, points, pure=False) for points in ranges]
    try:
        done = 0
        for future in as_completed(futures):
            future.result()
            done += len(ranges[futures.index(future)])
            if progress is not None:
                progress(done / count)
        return [bytes(piece) for piece in client.gather(futures)]
    except BaseException:
        client.cancel(futures)
        raise


def _dataset(xarray: Any, asked: _Asked, found: _core.Sweep, table: _core.SweepTable) -> Any:
    _, axes, run, _, _ = asked
    keys = [key for key, _ in axes]
    coordinates: dict[str, Any] = {key: (key, np.array(values)) for key, values in axes}
    times = table.times()
    outputs = times.shape[-1]
    first = times.reshape(-1, outputs)[0]
    if outputs == 1 and run == "steady":
        coordinates["t"], dimensions = first[0], keys
    elif (times == first).all():
        coordinates["t"], dimensions = ("t", first), [*keys, "t"]
    else:
        dimensions = [*keys, "output"]
        coordinates["t"] = (dimensions, times)
    variables: dict[str, Any] = {}
    grid = [len(values) for _, values in axes]
    shape = grid + [outputs] * (len(dimensions) - len(keys))
    for index, (name, meaning, unit) in enumerate(table.observables()):
        values, errors = (array.reshape(shape) for array in table.values(index))
        variables[name] = (dimensions, values, {"long_name": meaning, "units": unit})
        variables[name + "_error"] = (
            dimensions,
            errors,
            {"long_name": f"largest error of {name}", "units": unit},
        )
    averages = table.over_seeds()
    if averages is not None:
        left = averages.keys()
        rest = [name for name in dimensions if name in left or name not in keys]
        sizes = [len(values) for key, values in axes if key in left] + shape[len(keys) :]
        for index, (name, meaning, unit) in enumerate(averages.observables()):
            mean, spread = (array.reshape(sizes) for array in averages.values(index))
            words = {"long_name": f"average over the seeds of: {meaning}", "units": unit}
            variables[name + "_mean"] = (rest, mean, words)
            words = {"long_name": f"standard error of {name}_mean", "units": unit}
            variables[name + "_standard_error"] = (rest, spread, words)
    reasons = np.array(table.reasons()).reshape(grid)
    variables["reason"] = (keys, reasons, {"long_name": "why a point failed"})
    _warn(axes, reasons)
    attributes = {"title": "flipchain sweep", "request": found.request()}
    return xarray.Dataset(variables, coordinates, attributes)


def _warn(axes: tuple[tuple[str, tuple[Value, ...]], ...], reasons: Any) -> None:
    failed = np.argwhere(reasons != "")
    if failed.size:
        at = ", ".join(f"{key} = {values[i]}" for (key, values), i in zip(axes, failed[0]))
        warnings.warn(
            f"{len(failed)} of {reasons.size} points failed or missed their tolerance, the first "
            f"at {at}: {reasons[tuple(failed[0])]}",
            ToleranceWarning,
            stacklevel=4,
        )
