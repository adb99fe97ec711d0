"""What every question takes beside its scenario; progress, in terminals and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Union

import numpy as np

from ._core import ScenarioError
from ._extras import needed

#: True shows a bar (needs tqdm), a callable is told the share that is done.
Progress = Union[bool, Callable[[float], object], None]


@dataclass
class Common:
    """How to compute."""

    tolerance: float
    method: str
    memory_limit: int | None

    def __post_init__(self) -> None:
        self.memory_limit = _count("memory_limit", self.memory_limit, 1, "of bytes")


@dataclass
class Watch:
    """How a computation is watched, and its threads."""

    progress: Callable[[float], object] | None
    threads: int | None

    def __post_init__(self) -> None:
        self.threads = _count("threads", self.threads, 0, "(0: all processors)")


def _count(name: str, value: object, least: int, what: str) -> int | None:
    """None, or an integer that is not too small."""
    if value is None:
        return None
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= least:
        return int(value)
    allowed = f"None, or an integer ≥ {least} {what}"
    raise ScenarioError(f"{name}: found {value!r}; allowed: {allowed}")


@contextmanager
def watched(progress: Any) -> Iterator[Callable[[float], object] | None]:
    """What the compiled part calls with the share that is done."""
    if progress is None or progress is False:
        yield None
    elif callable(progress):
        yield progress
    else:
        with needed("progress=True", "tqdm", "progress"):
            from tqdm.auto import tqdm
        form = "{l_bar}{bar}| {elapsed}<{remaining}"
        with tqdm(total=1.0, bar_format=form, leave=False) as bar:

            def show(share: float) -> None:
                bar.update(share - bar.n)

            yield show
