"""Runs a script as `python FILE` would."""

import sys
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path

from adjoint.cli.main_module import main_module
from adjoint.cli.standin import standing_in
from adjoint.cli.tracebacks import as_the_users_own

INTERRUPTED = 130  # what a shell reports for a program ended by Ctrl-C


def run_script(source: bytes, path: Path, arguments: Sequence[str]) -> int:
    """Run `source`, which stands in the file `path`, with Adjoint in PyTorch's place, and return its exit status.

    A `SystemExit` of the script's passes; any other exception goes to `sys.excepthook`, as Python has it.
    """
    location = str(path.absolute())
    with standing_in(), main_module([str(path), *arguments], directory=str(path.resolve().parent)) as module:
        module.__file__ = location
        module.__loader__ = SourceFileLoader("__main__", location)
        try:
            exec(compile(source, location, "exec", dont_inherit=True), vars(module))
        except SystemExit:
            raise
        except BaseException as error:
            as_the_users_own(error)
            sys.excepthook(type(error), error, error.__traceback__)
            return INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
    return 0
