"""What is said when a program asks for a name of PyTorch's that Adjoint does not have."""

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, NoReturn

from adjoint.lazy import lazy

difflib = lazy("difflib")


def public_name(name: str) -> str:
    """The name by which a program written for PyTorch knows the module or object `name`.

    >>> public_name("adjoint.nn.functional")
    'torch.nn.functional'
    """
    return "torch" + name.removeprefix("adjoint") if name == "adjoint" or name.startswith("adjoint.") else name


def absence(owner: str, name: str, known: Iterable[str]) -> str:
    """One line that says that `owner` lacks `name`, with the close names that it has.

    >>> absence("torch", "sinn", ["sin", "cos", "mean"])
    'torch.sinn: Adjoint has no such name yet. Close names that it has: torch.sin.'
    """
    known = [other for other in known if other != name and not other.startswith("_")]
    close = difflib.get_close_matches(name, known, cutoff=0.7)
    near = f" Close names that it has: {', '.join(f'{owner}.{other}' for other in close)}." if close else ""
    return f"{owner}.{name}: Adjoint has no such name yet.{near}"


def absent_attribute(module: ModuleType) -> Callable[[str], Any]:
    """A `__getattr__` for `module`: Python's own words, then a line that says that Adjoint lacks the name."""
    owner = public_name(module.__name__)

    def __getattr__(name: str) -> NoReturn:  # noqa: N807 - it becomes the module's own
        message = f"module {owner!r} has no attribute {name!r}"
        if not name.startswith("__"):  # Python itself asks for __path__, __wrapped__ and the like
            message += "\n" + absence(owner, name, dir(module))
        raise AttributeError(message, name=name)

    return __getattr__
