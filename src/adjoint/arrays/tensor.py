"""The verbs, carried out on tensors: what a rule computes here is itself recorded, and can be differentiated again.

The functions are those of the operations' records, which provide themselves under the verb that they carry out; so this
file lists nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class TensorNamespace:
    """Verbs as attributes, provided by the records of `adjoint.ops`."""

    def __init__(self) -> None:
        self.__name__ = "tensor"
        #: loads the record that carries out a verb, if there is one that is not loaded yet
        self.find: Callable[[str], Any] = lambda verb: None

    def provide(self, verb: str, function: Callable) -> None:
        """Have `function` carry out `verb` on tensors."""
        if verb in self.__dict__:
            raise TypeError(f"two functions carry out the verb {verb}")
        setattr(self, verb, function)

    def __getattr__(self, verb: str) -> Any:
        if verb.startswith("__"):
            raise AttributeError(verb)  # doctest and inspect ask every object for such names: they are no verbs
        self.find(verb)
        if verb in self.__dict__:
            return self.__dict__[verb]
        raise NotImplementedError(f"no record carries out the verb {verb!r} on tensors")

    @staticmethod
    def numpy_dtype(x: Any) -> Any:
        return x._data.dtype


tensor = TensorNamespace()


def verb(name: str) -> Callable[[Callable], Callable]:
    """Decorator: this function of tensors carries out the verb `name`."""

    def provide(function: Callable) -> Callable:
        tensor.provide(name, function)
        return function

    return provide
