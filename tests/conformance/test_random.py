"""Random numbers are PyTorch's for the same seed, bit for bit, and the generator is left in the same state.

On processors of Intel's, PyTorch draws Bernoulli's and exponential numbers by a generator of MKL's, and no two libraries
can agree there; elsewhere, as here, by its own.
"""

import warnings

import numpy as np
import pytest

import adjoint

torch = pytest.importorskip("torch")


def by_mkl():
    """Whether PyTorch draws one seed for MKL in place of two words for each number."""
    generator = torch.Generator().manual_seed(0)
    torch.empty(2).bernoulli_(0.5, generator=generator)
    return torch.rand(1, generator=generator) == torch.rand(2, generator=torch.Generator().manual_seed(0))[1]


SIZES = (0, 1, 2, 15, 16, 17, 100, 1000, 5003)
FLOATS = ("float32", "float64", "float16", "bfloat16")
MKL = pytest.mark.skipif(bool(by_mkl()), reason="PyTorch draws these by MKL on this processor")


def bits(tensor):
    """The bytes of a tensor of either library, in the order of its indices."""
    if isinstance(tensor, adjoint.Tensor):
        return np.ascontiguousarray(tensor.detach()._data).reshape(-1).view(np.uint8)
    flat = tensor.detach().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy() if flat.numel() else np.zeros(0, np.uint8)


def compare(action, seed=0):
    """An action draws the same numbers from both libraries; it is given the library, and returns tensors."""
    made = {}
    for lib in (torch, adjoint):
        lib.default_generator.manual_seed(seed)  # what torch.manual_seed also does is slow
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made[lib] = action(lib), lib.get_rng_state().numpy().tobytes()
    (theirs, their_state), (ours, our_state) = made[torch], made[adjoint]
    for place, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        assert str(a.dtype) == str(b.dtype)
        assert tuple(a.shape) == tuple(b.shape)
        assert np.array_equal(bits(a), bits(b)), f"result {place}: {a} in place of {b}"
    assert our_state == their_state


def typed(lib, name):
    return getattr(lib, name)


NEW = {
    "rand": lambda lib, n, dtype: lib.rand(n, dtype=dtype),
    "randn": lambda lib, n, dtype: lib.randn(n, dtype=dtype),
    "normal": lambda lib, n, dtype: lib.normal(1.5, 0.3, (n,), dtype=dtype),
    "normal of tensors": lambda lib, n, dtype: lib.normal(
        lib.arange(n).to(dtype) / 7, lib.arange(n).to(dtype).remainder(3) + 0.1
    ),
    "normal of a tensor and a number": lambda lib, n, dtype: lib.normal(lib.arange(n).to(dtype) / 7, 0.3),
    "normal of a number and a tensor": lambda lib, n, dtype: lib.normal(0.3, lib.arange(n).to(dtype).remainder(5) / 7),
    "poisson": lambda lib, n, dtype: lib.poisson(lib.arange(n).to(dtype).remainder(40)),
    "bernoulli": lambda lib, n, dtype: lib.bernoulli(lib.arange(n).to(dtype).remainder(8) / 8),
    "multinomial": lambda lib, n, dtype: lib.multinomial(
        lib.arange(1, n + 2).to(dtype).remainder(50), 40, replacement=True
    ),
    "binomial": lambda lib, n, dtype: lib.binomial(
        lib.arange(n).to(dtype).remainder(120), lib.arange(n).to(dtype).remainder(9) / 9
    ),
}
FILLS = {
    "uniform_": (-3.3, 7.1), "normal_": (0.7, 2.3), "log_normal_": (0.2, 1.1), "cauchy_": (0.7, 2.3), "geometric_": (0.23,),
    "bernoulli_": (0.3,), "exponential_": (2.3,), "random_": (-5, 90),
}  # fmt: skip
BY_MKL = ("bernoulli_", "exponential_")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", NEW)
def test_new_tensors(name, dtype, size):
    if name == "binomial" and dtype in ("float16", "bfloat16"):
        pytest.skip("PyTorch does not draw them in 16 bits")
    compare(lambda lib: [NEW[name](lib, size, typed(lib, dtype)) for _ in range(3)])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", [pytest.param(name, marks=MKL if name in BY_MKL else ()) for name in FILLS])
def test_tensors_filled_in_place(name, dtype, size):
    compare(lambda lib: [getattr(lib.empty(size, dtype=typed(lib, dtype)), name)(*FILLS[name]) for _ in range(3)])


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("name", [pytest.param(name, marks=MKL if name in BY_MKL else ()) for name in FILLS])
def test_filling_follows_the_memory(name, dtype):
    def filled(lib):
        x = lib.empty(6, 7, 8, dtype=typed(lib, dtype))
        ways = (x.transpose(0, 2), x.permute(1, 2, 0), x[:, ::2], x[1:, :, 3:], x[:, 2], x.unsqueeze(1), x.mT)
        return [getattr(way, name)(*FILLS[name]).clone() for way in ways]

    compare(filled)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_numbers(dtype):
    def drawn(lib):
        kind = typed(lib, dtype)
        made = [lib.rand(9, dtype=kind), lib.randn(5, dtype=kind), lib.randn(50, dtype=kind)]
        return [*made, lib.empty(3, 4, dtype=kind).uniform_(-2, 5), lib.empty(3, 4, dtype=kind).normal_(1, 2)]

    compare(drawn)


@pytest.mark.parametrize("name", ["rand_like", "randn_like", "randint_like"])
def test_like_a_tensor_in_any_order_of_memory(name):
    def drawn(lib):
        x = lib.zeros(4, 5, 6)
        given = (9,) if name == "randint_like" else ()
        ways = (x, x.transpose(0, 2), x.permute(1, 2, 0), x[:, ::2], x[..., 0], x.expand(2, 4, 5, 6))
        return [getattr(lib, name)(way, *given) for way in ways]

    compare(drawn)


INTEGERS = ("uint8", "int8", "int16", "int32", "int64", "bool")


@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS])
def test_integers(dtype):
    def drawn(lib):
        kind = typed(lib, dtype)
        made = [lib.randint(2, (n,), dtype=kind) for n in (0, 1, 100)]
        if dtype != "bool":
            made += [lib.randint(3, 90, (n,), dtype=kind) for n in (1, 100)]
        if dtype in ("int64", "float64"):
            made += [lib.randint(-(2**40), 2**40, (50,), dtype=kind), lib.randint(2**28, (50,), dtype=kind)]
            made.append(lib.randint(2**28 - 1, (50,), dtype=kind))
        return [*made, lib.empty(50, dtype=kind).random_(), lib.empty(50, dtype=kind).random_(2)]

    compare(drawn)


@pytest.mark.parametrize("count", [0, 1, 2, 17, 1000, 50000])
def test_permutations(count):
    compare(lambda lib: [lib.randperm(count), lib.randperm(min(count, 200), dtype=lib.float32)])


@MKL
@pytest.mark.parametrize("dtype", FLOATS)
def test_multinomial_without_replacement(dtype):
    def drawn(lib):
        weights = lib.arange(1, 13).to(typed(lib, dtype)).reshape(2, 6)
        return [lib.multinomial(weights, n) for n in (1, 2, 6)] + [lib.multinomial(weights[0], 1, True)]

    compare(drawn)


@MKL
@pytest.mark.parametrize("dtype", FLOATS)
def test_dropout(dtype):
    def drawn(lib):
        F, x = lib.nn.functional, lib.arange(1, 241).to(typed(lib, dtype)).reshape(2, 3, 5, 8) / 100
        made = [
            F.dropout(x),
            F.dropout(x, 0.1),
            F.dropout(x, 1.0),
            F.dropout(x, 0.3, False),
            F.dropout(x.transpose(1, 3)),
        ]
        made += [F.dropout1d(x[0]), F.dropout1d(x[0, 0]), F.dropout2d(x), F.dropout3d(x), F.dropout3d(x.unsqueeze(0))]
        made += [
            F.alpha_dropout(x, 0.4, True),
            F.feature_alpha_dropout(x, 0.4, True),
            lib.feature_dropout(x, 0.4, True),
        ]
        return [*made, lib.dropout(x, 0.4, True), *lib.native_dropout(x, 0.4, True), F.dropout(x.clone(), inplace=True)]

    compare(drawn)


@MKL
@pytest.mark.parametrize("seed", range(20))
def test_mixtures_of_calls(seed):
    """Normal numbers that wait, blocks that are drawn anew and words of both lengths leave the same state."""
    actions = [
        lambda lib, n: lib.rand(n), lambda lib, n: lib.randn(n), lambda lib, n: lib.randn(n, dtype=lib.float64),
        lambda lib, n: lib.randn(n, dtype=lib.bfloat16), lambda lib, n: lib.randperm(n), lambda lib, n: lib.randint(9, (n,)),
        lambda lib, n: lib.empty(n).log_normal_(), lambda lib, n: lib.empty(n).bernoulli_(0.2),
        lambda lib, n: lib.empty(2, n).t().normal_(), lambda lib, n: lib.randint(2**40, (n,)),
        lambda lib, n: lib.poisson(lib.full((n,), 12.5)), lambda lib, n: lib.nn.functional.dropout(lib.ones(n)),
    ]  # fmt: skip
    order = np.random.default_rng(seed)
    calls = [(actions[order.integers(len(actions))], int(order.integers(40))) for _ in range(30)]
    compare(lambda lib: [action(lib, n) for action, n in calls], seed)


def test_states_go_from_one_library_to_the_other():
    theirs, ours = torch.Generator().manual_seed(3), adjoint.Generator().manual_seed(4)
    torch.randn(3, generator=theirs)
    ours.set_state(adjoint.from_numpy(theirs.get_state().numpy()))
    for _ in range(3):
        assert np.array_equal(bits(adjoint.randn(5, generator=ours)), bits(torch.randn(5, generator=theirs)))
    torch.Generator().set_state(torch.from_numpy(ours.get_state().numpy()))


REFUSED = [
    lambda lib: lib.rand(2, dtype=lib.int64),
    lambda lib: lib.randn(2, dtype=lib.bool),
    lambda lib: lib.rand(2, dtype=lib.float8_e5m2),
    lambda lib: lib.randint(3, (2,), dtype=lib.complex64),
    lambda lib: lib.randint(3, 3, (2,)),
    lambda lib: lib.randint(300, (2,), dtype=lib.uint8),
    lambda lib: lib.randperm(-1),
    lambda lib: lib.zeros(2).uniform_(3, 1),
    lambda lib: lib.zeros(2).normal_(0, -1),
    lambda lib: lib.zeros(2).log_normal_(0, 0),
    lambda lib: lib.zeros(2).exponential_(-1),
    lambda lib: lib.zeros(2).cauchy_(0, 0),
    lambda lib: lib.zeros(2).geometric_(1),
    lambda lib: lib.zeros(2).bernoulli_(1.5),
    lambda lib: lib.zeros(2, dtype=lib.int64).exponential_(),
    lambda lib: lib.zeros(2, dtype=lib.int64).cauchy_(),
    lambda lib: lib.zeros(2, dtype=lib.int64).log_normal_(),
    lambda lib: lib.zeros(2, dtype=lib.int64).normal_(),
    lambda lib: lib.zeros(2, dtype=lib.int64).uniform_(),
    lambda lib: lib.bernoulli(lib.tensor([2.0])),
    lambda lib: lib.bernoulli(lib.tensor([1])),
    lambda lib: lib.poisson(lib.tensor([-1.0])),
    lambda lib: lib.multinomial(lib.tensor([1.0, -1.0]), 1),
    lambda lib: lib.multinomial(lib.tensor([1.0, 1.0]), 3),
    lambda lib: lib.multinomial(lib.tensor([0.0, 0.0]), 1),
    lambda lib: lib.multinomial(lib.zeros(2, 2, 2), 1),
    lambda lib: lib.normal(lib.zeros(2), lib.tensor([-1.0, 1.0])),
    lambda lib: lib.normal(lib.zeros(2), -1.0),
    lambda lib: lib.zeros(2, requires_grad=True).normal_(),
    lambda lib: lib.Generator().set_state(lib.zeros(10, dtype=lib.uint8)),
    lambda lib: lib.Generator().set_state(lib.zeros(10)),
    lambda lib: lib.Generator().manual_seed(1.5),
    lambda lib: lib.Generator().manual_seed(2**64),
    lambda lib: lib.manual_seed("a"),
    lambda lib: lib.set_rng_state(1),
    lambda lib: lib.nn.functional.dropout(lib.ones(2), 1.5),
    lambda lib: lib.nn.functional.dropout(lib.ones(2), -1),
    lambda lib: lib.nn.functional.alpha_dropout(lib.ones(2), 2),
    lambda lib: lib.feature_dropout(lib.ones(2), 0.5, True),
]


@pytest.mark.parametrize("place", range(len(REFUSED)))
def test_refusals(place):
    with pytest.raises(Exception) as theirs:  # noqa: PT011
        REFUSED[place](torch)
    with pytest.raises(type(theirs.value)) as ours:
        REFUSED[place](adjoint)
    assert str(ours.value).partition("\n")[0] == str(theirs.value).partition("\n")[0]


IN_VMAP = {
    "rand": lambda lib, x: lib.rand(2) + x,
    "randn": lambda lib, x: lib.randn(3, 20)[:, 0] * x[0],
    "rand_like": lambda lib, x: lib.rand_like(x),
    "randint": lambda lib, x: lib.randint(9, (2,)) + x,
    "uniform_": lambda lib, x: x.clone().uniform_(),
    "normal_": lambda lib, x: x.clone().normal_(1, 2),
}


@pytest.mark.parametrize("randomness", ["same", "different", "error"])
@pytest.mark.parametrize("name", IN_VMAP)
def test_in_vmap(name, randomness):
    def drawn(lib):
        made = lib.func.vmap(lambda x: IN_VMAP[name](lib, x), randomness=randomness)
        nested = lib.func.vmap(made, randomness=randomness)
        return [made(lib.zeros(4, 2)), nested(lib.zeros(3, 4, 2))]

    if randomness == "error":
        for lib in (adjoint, torch):
            with pytest.raises(RuntimeError, match="called random operation while in randomness error mode"):
                drawn(lib)
    else:
        compare(drawn)


@MKL
@pytest.mark.parametrize("randomness", ["same", "different"])
def test_dropout_in_vmap(randomness):
    def drawn(lib):
        return [lib.func.vmap(lib.nn.functional.dropout, randomness=randomness)(lib.ones(4, 5))]

    compare(drawn)
