"""Packages that only some functions need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needed(by: str, package: str, extra: str) -> Iterator[None]:
    """Around the import of `package`: says which of this package's extras brings it."""
    try:
        yield
    except ImportError:
        raise ImportError(
            f"{by} needs {package}; in a clone of flipchain: pip install './python[{extra}]'"
        ) from None
