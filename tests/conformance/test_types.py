"""PyTorch's types: all pairs that meet, casts, limits, names, and the types of 8 bits."""
# ruff: noqa: B023  (what is made in a loop is called at once)

import itertools
import re
import warnings

import pytest

import adjoint

torch = pytest.importorskip("torch")

TYPES = (
    "bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "float16", "bfloat16", "float32",
    "float64", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "complex64",
    "complex128",
)  # fmt: skip
EIGHT_BITS = tuple(name for name in TYPES if name.startswith("float8"))
#: NumPy has no complex numbers of 16 bits
NO_COMPLEX32 = {"float16"}
NUMBERS = (True, 3, 2.5, 1j)


def typed(lib, name):
    return getattr(lib, name)


def outcome(action, lib):
    """What an action gives, as text; of an error its type and first line."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = action(lib)
        except Exception as error:
            text = re.sub(
                '"[a-z_]*" not implemented', "not implemented", str(error).partition("\n")[0]
            )  # of some kernel
            return type(error).__name__, "" if isinstance(error, AttributeError) else text
    if hasattr(result, "grad_fn"):
        values = result.to(lib.complex128 if result.is_complex() else lib.float64).reshape(-1).tolist()
        return str(result.dtype), tuple(result.shape), repr(values)
    return repr(result)


def agree(action):
    ours, theirs = outcome(action, adjoint), outcome(action, torch)
    assert ours == theirs


@pytest.mark.parametrize("default", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("first", TYPES)
def test_types_that_meet(first, default):
    """Tensors with dimensions, 0-d tensors and numbers, in all their pairs."""
    wrong = []

    def compare(action, *what):
        ours, theirs = outcome(action, adjoint), outcome(action, torch)
        if ours != theirs and "complex32" not in str(theirs) and "ComplexHalf" not in str(theirs):
            wrong.append((what, ours, theirs))

    for lib in (adjoint, torch):
        lib.set_default_dtype(typed(lib, default))
    try:
        for second in TYPES:
            compare(lambda lib: lib.promote_types(typed(lib, first), typed(lib, second)), "promote", second)
            compare(lambda lib: lib.can_cast(typed(lib, first), typed(lib, second)), "can_cast", second)
            for a, b in itertools.product(((2,), ()), repeat=2):
                compare(
                    lambda lib: lib.result_type(
                        lib.zeros(a, dtype=typed(lib, first)), lib.zeros(b, dtype=typed(lib, second))
                    ),
                    a, b, second,
                )  # fmt: skip
        for number, shape in itertools.product(NUMBERS, ((2,), ())):
            compare(lambda lib: lib.result_type(lib.zeros(shape, dtype=typed(lib, first)), number), shape, number)
            compare(lambda lib: lib.result_type(number, lib.zeros(shape, dtype=typed(lib, first))), number, shape)
        for a, b in itertools.product(NUMBERS, repeat=2):
            compare(lambda lib: lib.result_type(a, b), a, b)
    finally:
        for lib in (adjoint, torch):
            lib.set_default_dtype(lib.float32)
    assert not wrong, f"{len(wrong)}: {wrong[:3]}"


VALUES = [0, 1, -1, 2.5, -3.75, 100, 447, 449, 464, 480, 300.7, 1e4, 57344, 61440, 65536, 1e-3, 2.0**-9, 2.0**-10, 1e-8]


@pytest.mark.parametrize("source", [name for name in TYPES if not name.startswith("complex")])
def test_casts_to_floating_point(source):
    for target in ("float16", "bfloat16", "float32", "float64", *EIGHT_BITS):
        values = VALUES if "float" in source else [0, 1, 1, 3, 100] if source != "bool" else [True, False]
        agree(lambda lib: lib.tensor(values, dtype=lib.float64).to(typed(lib, source)).to(typed(lib, target)))


@pytest.mark.parametrize("source", TYPES)
@pytest.mark.parametrize("target", [name for name in TYPES if "float" not in name])
def test_casts_of_small_numbers(source, target):
    agree(
        lambda lib: lib.tensor([0.0, 1.0, 2.0, 64.0], dtype=lib.float64).to(typed(lib, source)).to(typed(lib, target))
    )


SPECIAL = [float("inf"), float("-inf"), float("nan"), -0.0]


@pytest.mark.parametrize("target", [name for name in TYPES if name.startswith(("float", "bfloat", "complex"))])
def test_casts_of_special_values(target):
    agree(lambda lib: lib.tensor(SPECIAL).to(typed(lib, target)))


@pytest.mark.parametrize("name", TYPES)
def test_what_a_type_says_of_itself(name):
    for fact in ("is_floating_point", "is_complex", "is_signed", "itemsize", "to_real", "to_complex"):
        if fact == "to_complex" and name in NO_COMPLEX32:
            continue

        def action(lib, fact=fact):
            found = getattr(typed(lib, name), fact)
            return found() if callable(found) else found

        agree(action)
    agree(lambda lib: typed(lib, name))
    for question in ("is_floating_point", "is_complex"):
        agree(lambda lib, question=question: getattr(lib, question)(lib.zeros(1, dtype=typed(lib, name))))
    agree(lambda lib: lib.zeros(1, dtype=typed(lib, name)).is_signed())
    agree(lambda lib: lib.zeros(1, dtype=typed(lib, name)).element_size())


@pytest.mark.parametrize("name", TYPES)
def test_limits(name):
    agree(lambda lib: lib.finfo(typed(lib, name)))
    agree(lambda lib: lib.iinfo(typed(lib, name)))
    for fact in ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution", "dtype"):
        agree(lambda lib, fact=fact: getattr(lib.finfo(typed(lib, name)), fact))
        agree(lambda lib, fact=fact: getattr(lib.iinfo(typed(lib, name)), fact))


@pytest.mark.parametrize("name", TYPES)
def test_names_of_types_of_tensors(name):
    agree(lambda lib: lib.zeros(1, dtype=typed(lib, name)).type())
    agree(lambda lib: lib.zeros(2).type(typed(lib, name)))
    agree(lambda lib: lib.zeros(2).type(lib.zeros(1, dtype=typed(lib, name)).type()))
    agree(lambda lib: lib.zeros(2).to(lib.zeros(1, dtype=typed(lib, name))))
    agree(lambda lib: lib.zeros(2).type_as(lib.zeros(1, dtype=typed(lib, name))))


CASTS = (
    "bool", "byte", "char", "short", "int", "long", "half", "bfloat16", "float", "double", "cfloat", "cdouble",
)  # fmt: skip


@pytest.mark.parametrize("method", CASTS)
def test_casting_methods(method):
    agree(lambda lib: getattr(lib.tensor([0.0, 1.5, 2.0]), method)())
    agree(lambda lib: getattr(lib.tensor([0, 1, 2]), method)())


@pytest.mark.parametrize("name", TYPES)
def test_default_type(name):
    def action(lib):
        try:
            lib.set_default_dtype(typed(lib, name))
            return lib.get_default_dtype(), lib.tensor(1.5).dtype, lib.tensor([1, 2]).dtype, lib.ones(2).dtype
        finally:
            lib.set_default_dtype(lib.float32)

    agree(action)


ON_EIGHT_BITS = {
    "repr": lambda lib, x: repr(x),
    "repr of many": lambda lib, x: repr(x.repeat(2, 2)),
    "tolist": lambda lib, x: x.tolist(),
    "item": lambda lib, x: x[1].item(),
    "index": lambda lib, x: x[1:],
    "reshape": lambda lib, x: x.reshape(2, 2),
    "clone": lambda lib, x: x.clone(),
    "cat": lambda lib, x: lib.cat([x, x]),
    "to float": lambda lib, x: x.to(lib.float32) + 1,
    "float": lambda lib, x: x.float(),
    "full": lambda lib, x: lib.full((2,), 1.5, dtype=x.dtype),
    "ones": lambda lib, x: lib.ones(2, dtype=x.dtype),
    "add": lambda lib, x: x + x,
    "add of a number": lambda lib, x: x + 1.0,
    "add of float": lambda lib, x: x + lib.ones(4),
    "sub": lambda lib, x: x - x,
    "mul": lambda lib, x: x * x,
    "div": lambda lib, x: x / x,
    "pow": lambda lib, x: x**2,
    "neg": lambda lib, x: -x,
    "abs": lambda lib, x: x.abs(),
    "exp": lambda lib, x: x.exp(),
    "sin": lambda lib, x: x.sin(),
    "sqrt": lambda lib, x: x.sqrt(),
    "eq": lambda lib, x: x == x,
    "lt": lambda lib, x: x < x,
    "isnan": lambda lib, x: x.isnan(),
    "where": lambda lib, x: lib.where(x.float() > 0, x, x),
}


@pytest.mark.parametrize("dtype", EIGHT_BITS)
@pytest.mark.parametrize("name", ON_EIGHT_BITS)
def test_eight_bits(name, dtype):
    if (name, dtype) == ("abs", "float8_e8m0fnu"):
        pytest.skip("magnitudes, of which PyTorch refuses the magnitude")
    agree(lambda lib: ON_EIGHT_BITS[name](lib, lib.tensor([0.5, 1.0, 2.0, 4.0]).to(typed(lib, dtype))))
