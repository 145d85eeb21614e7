"""Einstein summation: products of tensors summed up over named dimensions, two tensors at a time."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from functools import lru_cache
from string import ascii_letters, ascii_lowercase, ascii_uppercase
from typing import Any, NamedTuple

import numpy as np

from adjoint.core.exports import public
from adjoint.core.tensor import Tensor
from adjoint.ops.arithmetic import mul
from adjoint.ops.diagonals import diagonal
from adjoint.ops.indexing import getitem
from adjoint.ops.matrix import bmm, mm
from adjoint.ops.reduction import sum
from adjoint.ops.shape import permute, reshape, squeeze

Names = tuple[str, ...]  # letters, and "..." for an ellipsis
Label = Hashable  # a letter, or a number for a dimension behind an ellipsis, counted from the last


@public(method=False)
def einsum(*args: Any) -> Tensor:
    """The sums of products that an equation describes, which names each dimension of each tensor by a letter.

    Dimensions of the same name are multiplied together, and those that the output does not name are summed up. Without
    `->` the output names, in the order of the alphabet, what the inputs name once. `...` stands for any dimensions, which
    broadcast. In place of an equation each tensor may be followed by a list of numbers that name its dimensions.

    >>> import adjoint as torch
    >>> x = torch.tensor([[1., 2.], [3., 4.]])
    >>> torch.einsum("ij,jk->ik", x, x)
    tensor([[ 7., 10.],
            [15., 22.]])
    >>> torch.einsum("ii", x), torch.einsum(x, [0, 1], [1])
    (tensor(5.), tensor([4., 6.]))
    """
    equation, operands = _given(args)
    inputs, wanted = _parsed(equation, len(operands))
    terms = [_labelled(place, x, names) for place, (x, names) in enumerate(zip(operands, inputs, strict=True))]
    terms, output = _broadcast(terms), _output(terms, inputs, wanted)
    for first, second in _order(terms, output):
        right, left = terms.pop(second), terms.pop(first)
        kept = {*output, *(label for term in terms for label in term.labels)}
        terms.append(_contracted(left, right, kept))
    result = _summed(terms[0], set(output))
    return result.tensor if result.labels == output and len(operands) > 1 else _arranged(result, output)


class Term(NamedTuple):
    """A tensor and the names of its dimensions."""

    tensor: Tensor
    labels: tuple[Label, ...]


# --- the equation ---


def _given(args: tuple) -> tuple[str, list[Tensor]]:
    """The equation and its operands, whichever way they are given."""
    if len(args) < 2:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one operand and its "
            "subscripts list"
        )
    if isinstance(args[0], Tensor):
        names = [_subscripts(each) for each in args[1::2]]
        output = "->" + _subscripts(args[-1]) if len(args) % 2 else ""
        return ",".join(names) + output, list(args[: 2 * len(names) : 2])
    if not isinstance(args[0], str):
        raise TypeError(f"einsum(): argument 'equation' (position 1) must be str, not {type(args[0]).__name__}")
    listed = len(args) == 2 and isinstance(args[1], list | tuple)
    return args[0], list(args[1] if listed else args[1:])


def _subscripts(numbers: Sequence[Any]) -> str:
    names = ascii_uppercase + ascii_lowercase
    for each in numbers:
        if each is not Ellipsis and not 0 <= each < len(names):
            raise ValueError("einsum(): subscript in subscript list is not within the valid range [0, 52)")
    return "".join("..." if each is Ellipsis else names[each] for each in numbers)


@lru_cache(1024)
def _parsed(equation: str, count: int) -> tuple[list[Names], Names | None]:
    """The names of each operand's dimensions, and those of the output's where they are given; an ellipsis is one name."""
    left, arrow, right = equation.partition("->")
    inputs: list[Names] = []
    place = 0
    for part in left.split(","):
        if len(inputs) == count:
            raise RuntimeError("einsum(): fewer operands were provided than specified in the equation")
        inputs.append(_names(part, place, f"operand {len(inputs)}"))
        place += len(part) + 1
    if len(inputs) < count:
        raise RuntimeError("einsum(): more operands were provided than specified in the equation")
    return inputs, _names(right, len(left) + 2, "output") if arrow else None


def _names(part: str, start: int, where: str) -> Names:
    names: list[str] = []
    place = 0
    while place < len(part):
        character = part[place]
        if character == ".":
            if "..." in names:
                already = "but an ellipsis (...)" if where == "output" else "for which an ellipsis"
                raise RuntimeError(f"einsum(): found '.' for {where} {already} was already found")
            if part[place : place + 3] != "...":
                raise RuntimeError(f"einsum(): found '.' for {where} that is not part of any ellipsis")
            names.append("...")
            place += 2
        elif character != " ":
            if character not in ascii_letters:
                raise RuntimeError(
                    f"einsum(): invalid subscript given at index {start + place} in the equation string, subscripts must "
                    "be in [a-zA-Z]"
                )
            names.append(character)
        place += 1
    return tuple(names)


def _labelled(place: int, x: Tensor, names: Names) -> Term:
    """An operand with a name for each dimension; of dimensions of the same name only the diagonal."""
    behind = x.ndim - len([each for each in names if each != "..."])
    if behind < 0 or (behind and "..." not in names):
        dots = "..." in names
        raise RuntimeError(
            f"einsum(): the number of subscripts in the equation ({x.ndim - behind}) "
            f"{'is more than' if dots else 'does not match'} the number of dimensions ({x.ndim}) for operand {place}"
            f"{'' if dots else ' and no ellipsis was given'}"
        )
    labels: list[Label] = []
    for each in names:
        labels += range(-behind, 0) if each == "..." else [each]
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            x, labels = _diagonal(place, x, labels, label)
    return Term(x, tuple(labels))


def _diagonal(place: int, x: Tensor, labels: list[Label], label: Label) -> tuple[Tensor, list[Label]]:
    """The elements for which two dimensions of the same name agree, with one such dimension, the last."""
    first = labels.index(label)
    second = labels.index(label, first + 1)
    size = x.shape[first]
    if x.shape[second] != size:
        raise RuntimeError(
            f"einsum(): subscript {label} is repeated for operand {place} but the sizes don't match, {x.shape[second]} != "
            f"{size}"
        )
    rest = [name for axis, name in enumerate(labels) if axis not in (first, second)]
    return diagonal(x, 0, first, second), [*rest, label]


def _broadcast(terms: list[Term]) -> list[Term]:
    """The terms without those dimensions of size 1 that are repeated to another's size: they change nothing."""
    sizes: dict[Label, int] = {}
    for place, (x, labels) in enumerate(terms):
        for label, size in zip(labels, x.shape, strict=True):
            known = sizes.get(label, 1)
            if size != known and 1 not in (size, known):
                raise RuntimeError(
                    f"einsum(): subscript {label if isinstance(label, str) else '...'} has size {size} for operand {place} "
                    f"which does not broadcast with previously seen size {known}"
                )
            sizes[label] = size if known == 1 else known
    result = []
    for x, labels in terms:
        repeated = [axis for axis, label in enumerate(labels) if x.shape[axis] != sizes[label]]
        kept = tuple(label for axis, label in enumerate(labels) if axis not in repeated)
        result.append(Term(squeeze(x, repeated) if repeated else x, kept))
    return result


def _output(terms: list[Term], inputs: list[Names], wanted: Names | None) -> tuple[Label, ...]:
    """The names of the output's dimensions, in order."""
    everywhere = {label for term in terms for label in term.labels}
    dots = sorted(label for label in everywhere if isinstance(label, int))
    if wanted is None:
        letters = [name for names in inputs for name in names if name != "..."]
        return (*dots, *sorted(name for name in set(letters) if letters.count(name) == 1))
    output: list[Label] = []
    for name in wanted:
        if name in output:
            raise RuntimeError(f"einsum(): output subscript {name} appears more than once in the output")
        if name != "..." and name not in everywhere:
            raise RuntimeError(
                f"einsum(): output subscript {name} does not appear in the equation for any input operand"
            )
        output += dots if name == "..." else [name]
    return tuple(output)


# --- the products ---


def _order(terms: list[Term], output: tuple[Label, ...]) -> list[tuple[int, int]]:
    """Which two terms to multiply next, again and again; the product goes to the end of the list."""
    if len(terms) < 3:
        return [(0, 1)] * (len(terms) - 1)
    numbers = {
        label: place for place, label in enumerate(dict.fromkeys(label for term in terms for label in term.labels))
    }
    if len(numbers) > len(ascii_letters):  # more names than NumPy takes
        return [(0, 1)] * (len(terms) - 1)
    described: list[Any] = []
    for x, labels in terms:
        described += [np.broadcast_to(np.float32(0), tuple(x.shape)), [numbers[label] for label in labels]]
    path, _ = np.einsum_path(*described, [numbers[label] for label in output], optimize="greedy")
    pairs: list[tuple[int, int]] = []
    left = len(terms)
    for places in path[1:]:
        chosen = sorted(places)
        pairs.append((chosen[0], chosen[1]))
        left -= 1
        for place in range(2, len(chosen)):  # of more than two, each next one by the product so far
            pairs.append((chosen[place] - place, left - 1))
            left -= 1
    return pairs


def _contracted(x: Term, y: Term, kept: set[Label]) -> Term:
    """The product of two terms, summed up over the dimensions that are not kept."""
    x, y = _summed(x, kept | set(y.labels)), _summed(y, kept | set(x.labels))
    both = [label for label in x.labels if label in y.labels]
    batch, inner = ([label for label in both if (label in kept) is wanted] for wanted in (True, False))
    rows, columns = ([label for label in each.labels if label not in both] for each in (x, y))
    labels = (*batch, *rows, *columns)
    if not inner:
        return Term(mul(_spread(x, labels), _spread(y, labels)), labels)
    sizes = dict(zip((*x.labels, *y.labels), (*x.tensor.shape, *y.tensor.shape), strict=True))
    left = _matrices(x, batch, rows, inner)
    right = _matrices(y, batch, inner, columns)
    product = bmm(left, right) if batch else mm(left, right)
    return Term(_shaped(product, tuple(sizes[label] for label in labels)), labels)


def _summed(x: Term, kept: set[Label]) -> Term:
    gone = [axis for axis, label in enumerate(x.labels) if label not in kept]
    return Term(sum(x.tensor, gone), tuple(label for label in x.labels if label in kept)) if gone else x


def _arranged(x: Term, labels: Sequence[Label]) -> Tensor:
    return permute(x.tensor, *(x.labels.index(label) for label in labels))


def _spread(x: Term, labels: tuple[Label, ...]) -> Tensor:
    """A term with its dimensions in the places of these names, and with dimensions of size 1 for the others."""
    arranged = _arranged(x, [label for label in labels if label in x.labels])
    return getitem(arranged, tuple(slice(None) if label in x.labels else None for label in labels))


def _matrices(x: Term, batch: list[Label], rows: list[Label], columns: list[Label]) -> Tensor:
    """A term as a matrix of all its rows and columns, or as a batch of such."""
    order = (*batch, *rows, *columns)
    arranged = x.tensor if order == x.labels else _arranged(x, order)
    sizes = iter(arranged.shape)
    groups = (batch, rows, columns) if batch else (rows, columns)
    shape = tuple(math.prod(next(sizes) for _ in group) for group in groups)
    return _shaped(arranged, shape)


def _shaped(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    return x if x.shape == shape else reshape(x, shape)
