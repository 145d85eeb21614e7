"""The text of a tensor: what `repr`, `print` and `format` show, to the character what PyTorch shows.

A text is made in three steps, each a section below: the numbers that will be shown are written in one common notation,
the written numbers are laid out in brackets and lines, and suffixes (dtype, grad_fn, ...) close the text. Only numbers
that will be shown are looked at, so a large tensor prints as fast as a small one.

Everything here works on arrays and plain values; nothing knows the `Tensor` class.
"""

from __future__ import annotations

import dataclasses
import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

__all__ = [
    "PrintOptions",
    "format_elements",
    "format_scalar",
    "format_tensor",
    "format_wrapper",
    "get_printoptions",
    "join_suffixes",
    "printoptions",
    "reject_format_spec",
    "set_printoptions",
]


# ---- options ---------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class PrintOptions:
    """How tensors are printed; `set_printoptions` says what each option means."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


PROFILES = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=math.inf),
}

_options = PROFILES["default"]


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Choose how tensors are printed from now on, in the whole process.

    Options that are not given keep their values, but for `sci_mode`, which every call sets (as in PyTorch).

    Args:
        precision: digits after the decimal point.
        threshold: a tensor with more elements than this is shortened to its edges.
        edgeitems: how many entries of each dimension are kept at each edge of a shortened tensor.
        linewidth: rows are broken so as to stay within this many characters.
        profile: `"default"`, `"short"` (2 digits, 2 edge entries) or `"full"` (never shortened) to start from; as in
            PyTorch, any other name changes nothing.
        sci_mode: scientific notation always (True), never (False), or where the numbers call for it (None).

    >>> import adjoint as torch
    >>> torch.set_printoptions(precision=2, threshold=5)
    >>> torch.tensor([3.14159, 2.71828])
    tensor([3.14, 2.72])
    >>> torch.arange(10)
    tensor([0, 1, 2,  ..., 7, 8, 9])
    >>> torch.set_printoptions(profile="default")
    """
    global _options  # noqa: PLW0603  (PyTorch's print options are one setting for the process too)
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    base = _options if profile is None else PROFILES.get(profile, _options)
    _options = dataclasses.replace(base, sci_mode=sci_mode, **changes)


def get_printoptions() -> dict[str, Any]:
    """The options in force, as keyword arguments for `set_printoptions`."""
    return dataclasses.asdict(_options)


@contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """Print with these options (those of `set_printoptions`) inside a `with` block.

    >>> import adjoint as torch
    >>> with printoptions(precision=2):
    ...     print(torch.tensor(3.14159))
    tensor(3.14)
    """
    before = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        set_printoptions(**before)


# ---- numbers ---------------------------------------------------------------------------------------------------------


class Column(NamedTuple):
    """Numbers written in one notation: their texts, and the width to which each is padded on its left."""

    texts: list[str]
    width: int

    def padded(self) -> list[str]:
        return [text.rjust(self.width) for text in self.texts]


def _write_exact(values: np.ndarray) -> Column:
    """Integers and booleans."""
    texts = [str(value) for value in values.tolist()]
    return Column(texts, max(map(len, texts), default=1))


def _write_floats(values: np.ndarray) -> Column:
    """Floating-point numbers, in the notation that suits all of them."""
    with np.errstate(invalid="ignore"):  # a signalling NaN
        numbers = values.astype(np.float64, copy=False)  # exact, and Python numbers come out of it
    measured = _measured(values, numbers)
    write = _notation(numbers[measured])
    texts = [write(number) for number in numbers.tolist()]
    # Zeros, infinities and NaNs do not widen a column: where one is too long, it sticks out.
    widths = [len(text) for text, counts in zip(texts, measured.tolist(), strict=True) if counts]
    return Column(texts, max(widths, default=1))


def _measured(values: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Which numbers decide on notation and width: those that are finite and not zero."""
    if values.dtype == ml_dtypes.float8_e8m0fnu:
        # In this type, which has no zero, PyTorch takes NaN for finite and the smallest number for zero.
        return numbers != float(ml_dtypes.finfo(values.dtype).smallest_normal)
    return np.isfinite(numbers) & (numbers != 0)


def _notation(numbers: np.ndarray) -> Callable[[float], str]:
    """How to write a number among `numbers` (float64; the measured ones)."""
    if not numbers.size:
        return _write_whole
    if _is_scientific(numbers):
        return f"{{:.{_options.precision}e}}".format
    if np.all(numbers == np.ceil(numbers)):
        return _write_whole
    return f"{{:.{_options.precision}f}}".format


def _is_scientific(numbers: np.ndarray) -> bool:
    if _options.sci_mode is not None:
        return _options.sci_mode
    magnitudes = np.abs(numbers)
    largest, smallest = float(magnitudes.max()), float(magnitudes.min())
    return largest / smallest > 1000 or largest > 1e8 or smallest < 1e-4


def _write_whole(number: float) -> str:
    return f"{number:.0f}." if math.isfinite(number) else f"{number:.0f}"


def _write_complex(values: np.ndarray) -> Column:
    """Real and imaginary parts are columns of their own, in notations of their own."""
    real, imaginary = _write_floats(values.real), _write_floats(values.imag)
    signed = [text if text.startswith("-") else f"+{text}" for text in imaginary.texts]
    texts = [f"{left}{right}j" for left, right in zip(real.padded(), signed, strict=True)]
    # The room is reckoned without a plus between the parts, so a row may pass the end of its line.
    return Column(texts, real.width + imaginary.width + 1)


def _write(values: np.ndarray) -> tuple[list[str], int]:
    """The padded text of each of `values` (1-d), and the width that a row reserves for one."""
    kind = values.dtype.kind
    if kind == "c":
        column = _write_complex(values)
        return column.texts, column.width  # only the real parts are padded
    column = _write_exact(values) if kind in "biu" else _write_floats(values)
    return column.padded(), column.width


# ---- layout ----------------------------------------------------------------------------------------------------------


def format_elements(data: np.ndarray, indent: int) -> str:
    """The elements of an array in nested brackets, shortened and broken into lines as the options ask.

    `indent` is the column at which the text will start; lines after the first are indented to match.
    """
    if not data.size:
        return "[]"
    shortened = data.size > _options.threshold
    if shortened and data.ndim and not _options.edgeitems:
        return "[...]"
    cut = tuple(shortened and size > 2 * _options.edgeitems for size in data.shape)
    shown = _edges(data, cut) if any(cut) else data
    texts, width = _write(shown.reshape(-1))
    if not data.ndim:
        return texts[0]
    return _lay_out(np.array(texts, dtype=object).reshape(shown.shape).tolist(), cut, indent, width + len(", "))


def _edges(data: np.ndarray, cut: Sequence[bool]) -> np.ndarray:
    """`data` without the middle of the dimensions that are `cut`."""
    kept = _options.edgeitems
    indices = [
        [*range(kept), *range(size - kept, size)] if is_cut else range(size)
        for size, is_cut in zip(data.shape, cut, strict=True)
    ]
    return data[np.ix_(*indices)]


def _lay_out(texts: list, cut: Sequence[bool], indent: int, pitch: int) -> str:
    """Nested lists of texts in brackets; `pitch` is the room that one text takes in a row."""
    inside = indent + 1
    if len(cut) == 1:
        row = _with_gap(texts, " ...") if cut[0] else texts
        per_line = max(1, math.floor((_options.linewidth - indent) / pitch))
        lines = [", ".join(row[start : start + per_line]) for start in range(0, len(row), per_line)]
        return "[" + (",\n" + " " * inside).join(lines) + "]"
    blocks = [_lay_out(part, cut[1:], inside, pitch) for part in texts]
    if cut[0]:
        blocks = _with_gap(blocks, "...")
    between = "," + "\n" * (len(cut) - 1) + " " * inside
    return "[" + between.join(blocks) + "]"


def _with_gap(texts: list[str], gap: str) -> list[str]:
    middle = len(texts) // 2
    return [*texts[:middle], gap, *texts[middle:]]


# ---- the whole text --------------------------------------------------------------------------------------------------


def format_tensor(
    data: np.ndarray | np.generic,
    *,
    dtype: object,
    default_dtype: object,
    default_complex: object,
    requires_grad: bool = False,
    grad_fn_name: str | None = None,
    is_parameter: bool = False,
    type_name: str = "tensor",
    device: str | None = None,
    tangent: str | None = None,
) -> str:
    """The text of a tensor, `tensor([1., 2.], dtype=torch.float64, requires_grad=True)`.

    Args:
        data: the elements: an array of any shape, or a NumPy scalar.
        dtype: the tensor's type, whose `str` is printed where it cannot be told from the numbers.
        default_dtype: the type of Python floats, which is not printed.
        default_complex: the type of Python complex numbers, which is not printed.
        requires_grad: whether to say so; a tensor with a `grad_fn_name` has that printed instead.
        grad_fn_name: the name of the node that made the tensor, such as `"PowBackward0"`.
        is_parameter: whether the tensor is a parameter, which is printed under a header.
        type_name: the name of the tensor's class where it is not `Tensor` or `Parameter`.
        device: the device where it is to be printed; of a tensor on `"meta"` only type and shape are shown.
        tangent: `format(tangent)` of a dual tensor.
    """
    array = np.asarray(data)
    prefix = f"{type_name}("
    is_meta = device == "meta"
    if is_meta or not array.size:  # no numbers to tell integers from floats by
        implies_dtype = dtype == default_dtype
    else:
        implies_dtype = dtype in (default_dtype, default_complex) or array.dtype in (np.int64, np.bool_)
    implies_shape = not is_meta and (bool(_options.edgeitems) if array.size else array.ndim == 1)

    suffixes = []
    if device is not None:
        suffixes.append(f"device='{device}'")
    if not implies_shape:
        suffixes.append(f"size={array.shape}")
    if not implies_dtype:
        suffixes.append(f"dtype={dtype}")
    if grad_fn_name is not None:
        suffixes.append(f"grad_fn=<{grad_fn_name}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    if tangent is not None:
        suffixes.append(f"tangent={tangent}")
    elements = "..." if is_meta else format_elements(array, len(prefix))
    text = join_suffixes(prefix + elements, suffixes, len(prefix))
    if is_parameter:
        text = "Parameter containing:\n" + (text if type_name == "tensor" else f"Parameter({text})")
    return text


def join_suffixes(text: str, suffixes: Sequence[str], indent: int) -> str:
    """`text`, then the suffixes, each on a new line (indented) where it does not fit the last one, then `)`."""
    # PyTorch counts two characters too many on the line it starts from, none on the lines it opens.
    used = len(text) - (text.rfind("\n") + 1) + 2
    for suffix in suffixes:
        if used + len(", ") + len(suffix) > _options.linewidth:
            text += ",\n" + " " * indent + suffix
            used = indent + len(suffix)
        else:
            text += ", " + suffix
            used += len(", ") + len(suffix)
    return text + ")"


def format_wrapper(kind: str, value: str, **marks: int) -> str:
    """The text of a tensor that a function transform wraps: `BatchedTensor(lvl=1, bdim=0, value=...)`.

    `value` is the text of the tensor inside, `marks` what is printed before it.
    """
    shown = "".join(f"{name}={mark}, " for name, mark in marks.items())
    return f"{kind}({shown}value=\n{textwrap.indent(value, '    ')}\n)"


# ---- format() --------------------------------------------------------------------------------------------------------


def format_scalar(data: np.ndarray | np.generic, spec: str) -> str:
    """`format(tensor, spec)` of a 0-d tensor: that of the Python number it holds."""
    array = np.asarray(data)
    return format(array.item() if array.dtype.kind in "biuc" else float(array), spec)


def reject_format_spec(type_name: str) -> TypeError:
    """The error for `format(tensor, spec)` with a spec, where the tensor is no single number."""
    return TypeError(
        f"unsupported format string passed to {type_name}.__format__\n"
        "A format such as '.2f' is for one number: format an element, f'{t[0]:.2f}', or its value, f'{t.item():.2f}'; "
        "for all elements use torch.set_printoptions(precision=2)."
    )
