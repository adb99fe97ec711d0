"""Progress, in terminals and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def watched(progress: Any) -> Iterator[Callable[[float], object] | None]:
    """What the compiled part calls with the share that is done."""
    if progress is None or progress is False:
        yield None
    elif callable(progress):
        yield progress
    else:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            raise ImportError(
                "progress=True needs tqdm: pip install 'flipchain[progress]'"
            ) from None
        form = "{l_bar}{bar}| {elapsed}<{remaining}"
        with tqdm(total=1.0, bar_format=form, leave=False) as bar:

            def show(share: float) -> None:
                bar.update(share - bar.n)

            yield show
