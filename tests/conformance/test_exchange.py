"""Memory that tensors, NumPy's arrays and PyTorch's tensors share, and what may become a tensor, as in PyTorch."""

import warnings

import numpy as np
import pytest

import adjoint

torch = pytest.importorskip("torch")

SHARED = (
    "bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "float16", "float32", "float64",
    "complex64", "complex128",
)  # fmt: skip


@pytest.mark.parametrize("dtype", SHARED)
def test_capsules_from_one_library_to_the_other(dtype):
    theirs = torch.tensor([[0, 1, 1], [1, 0, 1]]).to(getattr(torch, dtype)).t()
    ours = adjoint.from_dlpack(theirs)
    again = torch.from_dlpack(ours)
    capsule = adjoint.utils.dlpack.from_dlpack(torch.utils.dlpack.to_dlpack(theirs))
    theirs[0, 1] = 0
    ours[1, 1] = 1
    assert str(ours.dtype) == str(capsule.dtype) == str(theirs.dtype)
    assert ours.tolist() == theirs.tolist() == again.tolist() == capsule.tolist()
    assert tuple(ours.stride()) == theirs.stride()


def outcome(action, lib):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = action(lib)
        except Exception as error:
            return type(error).__name__, str(error).partition("\n")[0].partition("  (")[0]
    if hasattr(result, "grad_fn"):
        return "a tensor", str(result.dtype), tuple(result.shape), result.requires_grad, repr(result.detach().tolist())
    if isinstance(result, np.ndarray):
        return "an array", str(result.dtype), result.shape, repr(result.tolist())
    return repr(result)


def x(lib):
    return lib.tensor([1.0, -2.0])


def ours_or_theirs(kept, array):
    """Whether a tensor made from an array shows what is written to the array afterwards."""
    before = kept.tolist()
    array[...] += 1
    return kept.tolist() != before


A = np.array([1.0, 2.0])
CASES = {
    "sin": lambda lib: np.sin(x(lib)),
    "add": lambda lib: np.add(x(lib), 1),
    "add to an array": lambda lib: np.add(A, x(lib)),
    "array + tensor": lambda lib: A + x(lib),
    "tensor + array": lambda lib: x(lib) + A,
    "tensor - array": lambda lib: x(lib) - A,
    "tensor == array": lambda lib: x(lib) == A,
    "tensor != array": lambda lib: x(lib) != A,
    "equal": lambda lib: np.equal(x(lib), A),
    "tensor < array": lambda lib: x(lib) < A,
    "tensor @ array": lambda lib: x(lib) @ A,
    "array * tensor": lambda lib: A * x(lib),
    "number of NumPy * tensor": lambda lib: np.float64(2) * x(lib),
    "isnan": lambda lib: np.isnan(x(lib)),
    "0-d": lambda lib: np.sin(lib.tensor(1.0)),
    "integers": lambda lib: np.exp(lib.tensor([1, 2])),
    "with a gradient": lambda lib: np.sin(x(lib).requires_grad_()),
    "array of": lambda lib: np.array(x(lib)),
    "asarray of, in a type": lambda lib: np.asarray(x(lib), dtype=np.int64),
    "array of one with a gradient": lambda lib: np.array(x(lib).requires_grad_()),
    "array of truth values": lambda lib: np.array(lib.tensor([True])),
    "concatenate": lambda lib: np.concatenate([x(lib), x(lib)]),
    "where": lambda lib: np.where(np.asarray(x(lib)) > 1, x(lib), 0),
    "sum": lambda lib: np.add.reduce(x(lib)),
    "argmax": lambda lib: np.argmax(x(lib)),
    "__array__": lambda lib: x(lib).__array__(),
    "__array__ in a type": lambda lib: x(lib).__array__(np.float16),
    "from_numpy, negative": lambda lib: lib.from_numpy(A[::-1]),
    "from_numpy, other order of bytes": lambda lib: lib.from_numpy(A.astype(">f8")),
    "from_numpy of a list": lambda lib: lib.from_numpy([1]),
    "from_numpy of text": lambda lib: lib.from_numpy(np.array(["a"])),
    "from_dlpack of a number": lambda lib: lib.from_dlpack(3),
    "dlpack with a gradient": lambda lib: x(lib).requires_grad_().__dlpack__(),
    "asarray, a copy refused": lambda lib: lib.asarray(x(lib), dtype=lib.int64, copy=False),
    "asarray, a copy refused of a list": lambda lib: lib.asarray([1, 2], copy=False),
    "asarray, a copy refused of an array": lambda lib: lib.asarray(A, dtype=lib.float32, copy=False),
    "asarray of a buffer": lambda lib: lib.asarray(bytearray(b"abcdefgh"), dtype=lib.int32),
    "asarray of bytes": lambda lib: lib.asarray(b"abcdefgh", dtype=lib.uint8),
    "asarray of a number": lambda lib: lib.asarray(3),
    "asarray of a number of NumPy": lambda lib: lib.asarray(np.float32(3)),
    "asarray of nothing": lambda lib: lib.asarray(None),
    "asarray of text": lambda lib: lib.asarray("a"),
    "asarray, gradient dropped": lambda lib: lib.asarray(x(lib).requires_grad_(), requires_grad=False),
    "asarray, gradient required": lambda lib: lib.asarray(x(lib), requires_grad=True),
    "frombuffer": lambda lib: lib.frombuffer(bytearray(range(8)), dtype=lib.int16),
    "frombuffer of bytes": lambda lib: lib.frombuffer(b"abc", dtype=lib.uint8),
    "frombuffer, a part": lambda lib: lib.frombuffer(bytearray(range(8)), dtype=lib.int16, count=2, offset=3),
    "frombuffer, odd": lambda lib: lib.frombuffer(bytearray(8), dtype=lib.int32, offset=2),
    "frombuffer, too short": lambda lib: lib.frombuffer(bytearray(8), dtype=lib.int32, count=5),
    "frombuffer, empty": lambda lib: lib.frombuffer(bytearray(0), dtype=lib.int32),
    "frombuffer, none wanted": lambda lib: lib.frombuffer(bytearray(8), dtype=lib.int32, count=0),
    "frombuffer, beyond": lambda lib: lib.frombuffer(bytearray(8), dtype=lib.int32, offset=8),
    "frombuffer of a number": lambda lib: lib.frombuffer(3, dtype=lib.int32),
    "frombuffer with a gradient": lambda lib: lib.frombuffer(bytearray(8), dtype=lib.float32, requires_grad=True),
    **{
        f"{name} shares memory ({options})": lambda lib, name=name, options=options: ours_or_theirs(
            getattr(lib, name)(array := np.ones(2), **options), array
        )
        for name in ("asarray", "as_tensor", "tensor", "from_numpy", "from_dlpack")
        for options in ({}, {"copy": True}, {"copy": False})
        if not options or name == "asarray"
    },
}


@pytest.mark.parametrize("name", CASES)
def test_case(name):
    assert outcome(CASES[name], adjoint) == outcome(CASES[name], torch)
