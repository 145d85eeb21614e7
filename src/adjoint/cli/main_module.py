"""A program of the user's in the place of `__main__`."""

import builtins
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def main_module(argv: Sequence[str], directory: str) -> Iterator[ModuleType]:
    """A fresh `__main__`, with `sys.argv` and `sys.path[0]` as Python sets them; ends when its threads have ended."""
    module = ModuleType("__main__")
    vars(module)["__builtins__"] = builtins
    saved = sys.modules["__main__"], sys.argv, sys.path[:]
    threads = set(threading.enumerate())
    sys.modules["__main__"], sys.argv = module, list(argv)
    if not sys.flags.safe_path:
        sys.path[:1] = [directory]
    try:
        yield module
    finally:
        try:
            for thread in set(threading.enumerate()) - threads:
                if not thread.daemon:
                    thread.join()
        finally:
            sys.modules["__main__"], sys.argv, sys.path[:] = saved
