"""All pairs of types, with dimensions and without, and Python's numbers: the result's type and values, or the refusal."""

import re
import warnings

import pytest

import adjoint
from tests.ops.observing import EPSILON, close

torch = pytest.importorskip("torch")

VALUES = {
    "bool": ([True, False, True, True], [True, True, False, True], True),
    "integer": ([1, 0, 3, 2], [2, 3, 1, 1], 2),
    "float": ([1.5, -2.25, 0.5, 3.0], [0.75, 1.25, -2.0, 0.1], 1.25),
    "complex": ([1.5 + 1j, -2.25, 0.5j, 3.0], [0.75 - 1j, 1.25, -2.0j, 1 + 1j], 1.25 - 0.5j),
}
TYPES = {
    "bool": "bool", "uint8": "integer", "int8": "integer", "int16": "integer", "int32": "integer", "int64": "integer",
    "float16": "float", "bfloat16": "float", "float32": "float", "float64": "float", "complex64": "complex",
    "complex128": "complex",
}  # fmt: skip
NUMBERS = [True, 3, -2, 300, 2.5, 1j]


def function(name):
    return lambda lib, a, b: getattr(lib, name)(a, b)


def in_place(name):
    return lambda lib, a, b: getattr(a.clone(), name)(b)


def into(name):
    return lambda lib, a, b: getattr(lib, name)(a, a, out=b.clone())


def assigned(lib, a, b):
    q = a.clone()
    q[..., :2] = b[..., :2] if hasattr(b, "ndim") and b.ndim else b
    return q


OUT_OF_PLACE = {
    **{name: function(name) for name in (
        "add", "sub", "mul", "div", "pow", "floor_divide", "remainder", "eq", "lt", "maximum", "minimum", "bitwise_and",
        "bitwise_left_shift", "logical_or", "rsub", "isclose", "clamp", "matmul", "result_type",
    )},
    "where": lambda lib, a, b: lib.where(lib.tensor([True, False, True, False]), a, b),
    "cat": lambda lib, a, b: lib.cat([a, b]),
    "stack": lambda lib, a, b: lib.stack([a, b]),
    "masked_fill": lambda lib, a, b: a.masked_fill(lib.tensor([True, False, True, False]), b),
}  # fmt: skip
WRITTEN = {
    **{name: in_place(name) for name in (
        "add_", "sub_", "mul_", "div_", "pow_", "floor_divide_", "remainder_", "eq_", "clamp_", "bitwise_or_", "fill_",
        "copy_",
    )},
    **{f"{name}(out=)": into(name) for name in ("add", "mul", "div", "pow", "eq", "maximum")},
    "setitem": assigned,
}  # fmt: skip


def tensor(lib, dtype, which):
    return lib.tensor(VALUES[TYPES[dtype]][which], dtype=getattr(lib, dtype))


def outcome(lib, action, a, b):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = action(lib, a(lib), b(lib))
        except Exception as error:
            return type(error).__name__, str(error).partition("\n")[0]
    if not hasattr(result, "grad_fn"):
        return type(result).__name__, str(result)
    numbers = result.reshape(-1).tolist()
    return str(result.dtype), tuple(result.shape), numbers


def agree(ours, theirs, coarsest):
    if len(ours) != len(theirs):
        return False
    if len(ours) == 2:
        # of a number that does not fit, PyTorch says the type that it was on its way to, which differs with the way
        short = [(kind, re.sub(r"(type|got) .*", "", text)) if "overflow" in text or "invalid comb" in text else (kind, text)
                 for kind, text in (ours, theirs)]  # fmt: skip
        return short[0] == short[1]
    if ours[:2] != theirs[:2]:
        return False
    epsilon = max(EPSILON.get(ours[0].removeprefix("torch."), 0.0), coarsest)
    if "complex" in ours[0]:
        a, b = ([part for number in each for part in (number.real, number.imag)] for each in (ours[2], theirs[2]))
        return close(a, b, epsilon, True)
    return close(ours[2], theirs[2], epsilon, False)


def pairs():
    """All pairs of operands, each with the names of their types and whether they have dimensions."""
    for first in TYPES:
        for second in TYPES:
            for left, right in ((0, 1), (0, 2), (2, 1), (2, 2)):
                yield (first, left), (second, right)
        for number in NUMBERS:
            for which in (0, 2):
                yield (first, which), number
                yield number, (first, which)


def made(operand):
    return (lambda lib: tensor(lib, *operand)) if isinstance(operand, tuple) else (lambda lib: operand)


def is_complex32(*operands):
    """Whether PyTorch would compute in complex numbers of 16 bits, which NumPy does not have."""
    halves = any(isinstance(each, tuple) and each[0] == "float16" for each in operands)
    return halves and any(each == 1j or (isinstance(each, tuple) and TYPES[each[0]] == "complex") for each in operands)


@pytest.mark.parametrize("name", OUT_OF_PLACE)
def test_result_of_types_that_meet(name):
    wrong = []
    for a, b in pairs():
        if is_complex32(a, b):
            continue
        ours, theirs = (outcome(lib, OUT_OF_PLACE[name], made(a), made(b)) for lib in (adjoint, torch))
        if not agree(ours, theirs, 0.0):
            wrong.append((a, b, ours, theirs))
    assert not wrong, f"{len(wrong)} pairs, first {wrong[:3]}"


@pytest.mark.parametrize("name", WRITTEN)
def test_result_keeps_the_type_of_what_is_written_to(name):
    """Where both refuse, they may do so for another reason first: PyTorch looks at the type to be written to early."""
    wrong = []
    for a, b in pairs():
        if is_complex32(a, b) or not isinstance(a, tuple):
            continue
        ours, theirs = (outcome(lib, WRITTEN[name], made(a), made(b)) for lib in (adjoint, torch))
        refused = len(ours) == len(theirs) == 2
        coarsest = EPSILON.get(a[0], 0.0)
        if not refused and not agree(ours, theirs, coarsest):
            wrong.append((a, b, ours, theirs))
    assert not wrong, f"{len(wrong)} pairs, first {wrong[:3]}"
