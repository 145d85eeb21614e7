"""Array namespaces: the ways in which the verbs that rules are written in can be carried out.

A namespace is an object whose attributes are the verbs. Which one carries out an operation is decided by the arrays it
is given: each kind of array is registered with its namespace, and where kinds meet, the one of highest priority, the
outermost, takes them all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adjoint.arrays import numpy

_NAMESPACES: dict[type, tuple[int, Any]] = {}


def register_array_type(array_type: type, namespace: Any, priority: int) -> None:
    """Have `namespace` carry out operations on arrays of this type; NumPy's own types have priority 0."""
    _NAMESPACES[array_type] = (priority, namespace)


def namespace_of(arrays: Iterable[Any]) -> Any:
    """The namespace for an operation on these arrays."""
    best, namespace = 0, numpy
    for array in arrays:
        priority, candidate = _NAMESPACES.get(type(array), (0, numpy))
        if priority > best:
            best, namespace = priority, candidate
    return namespace


def is_foreign(array: Any) -> bool:
    """Whether an array belongs to another namespace than NumPy's."""
    return type(array) in _NAMESPACES
