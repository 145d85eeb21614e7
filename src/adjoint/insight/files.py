"""Texts that are returned, or written to a file where one is named."""

from __future__ import annotations

import os

from adjoint.serialization.files import replacing

Path = str | os.PathLike[str]


def written(text: str, path: Path | None) -> str:
    """A text, which also replaces a file in one step where a path is given.

    >>> written("digraph {}", None)
    'digraph {}'
    """
    if path is not None:
        with replacing(path) as file:
            file.write(text.encode())
    return text
