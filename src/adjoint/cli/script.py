"""Runs a script as `python FILE` would."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

from adjoint.cli.main_module import main_module
from adjoint.cli.standin import standing_in
from adjoint.cli.tracebacks import shown


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
            return shown(error)
    return 0


@contextmanager
def module_of(source: bytes, path: Path) -> Iterator[ModuleType]:
    """A module made from `source`, which stands in the file `path`, with Adjoint in PyTorch's place.

    Its name is the file's, so that what stands under `if __name__ == "__main__"` does not run.
    """
    module = ModuleType(path.stem)
    module.__file__ = location = str(path.absolute())
    with standing_in(), main_module([str(path)], directory=str(path.resolve().parent)):
        before = sys.modules.get(path.stem)
        sys.modules[path.stem] = module
        try:
            exec(compile(source, location, "exec", dont_inherit=True), vars(module))
            yield module
        finally:
            del sys.modules[path.stem]
            if before is not None:
                sys.modules[path.stem] = before
