"""Memory shared with NumPy and by DLPack, tensors among NumPy's functions, and the array API standard."""

import array
import copy
import pickle

import numpy as np
import pytest

import adjoint as torch


def test_numpy_and_tensors_share_memory_both_ways():
    a = np.zeros(3)
    x = torch.from_numpy(a)
    a[0], x[1] = 5, 7
    x.numpy()[2] = 9
    assert a.tolist() == x.tolist() == [5, 7, 9]
    assert np.shares_memory(np.asarray(x[1:]), a)


def test_capsules_share_memory_both_ways():
    a = np.zeros(2, np.float32)
    x = torch.from_dlpack(a)
    y = torch.utils.dlpack.from_dlpack(torch.utils.dlpack.to_dlpack(x))
    b = np.from_dlpack(y)
    y[0], a[1] = 3, 4
    assert a.tolist() == x.tolist() == b.tolist() == [3, 4]
    assert x.__dlpack_device__() == (torch.utils.dlpack.DLDeviceType.kDLCPU, 0)
    with pytest.raises(BufferError, match="require gradient"):
        torch.ones(2, requires_grad=True).__dlpack__()


def test_buffers_are_shared():
    memory = array.array("i", [1, 2, 3])
    x = torch.frombuffer(memory, dtype=torch.int32, offset=4)
    memory[1] = 9
    x[1] = 8
    assert memory.tolist() == [1, 9, 8]
    with pytest.raises(ValueError, match="multiple of element size"):
        torch.frombuffer(bytearray(6), dtype=torch.int32)


def test_asarray_shares_or_copies_as_it_is_told():
    a = np.ones(2)
    assert np.shares_memory(torch.asarray(a).numpy(), a)
    assert not np.shares_memory(torch.asarray(a, copy=True).numpy(), a)
    assert torch.asarray(a, dtype=torch.float32).dtype is torch.float32
    for given, options in ((a, {"dtype": torch.float32}), ([1, 2], {})):
        with pytest.raises(ValueError, match="can't alias"):
            torch.asarray(given, copy=False, **options)


def test_functions_of_numpy_give_tensors():
    x, a = torch.tensor([1.0, 2.0]), np.array([3.0, 4.0])
    for result in (np.exp(x), np.add(a, x), x + a, np.float64(2) * x, x @ a, x == a):
        assert isinstance(result, torch.Tensor)
    assert (x == a).tolist() == [False, False]
    assert np.asarray(x, dtype=np.int64).tolist() == [1, 2]
    with pytest.raises(RuntimeError, match="requires grad"):
        np.array(torch.ones(2, requires_grad=True))


def test_a_function_written_for_the_standard():
    def softmax(x, axis):
        xp = x.__array_namespace__()
        weights = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
        return weights / xp.sum(weights, axis=axis, keepdims=True)

    x = torch.tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True)
    softmax(x, 1)[0, 0].backward()
    assert x.grad[1].tolist() == [0, 0]
    assert float(softmax(x, 1).sum()) == pytest.approx(2)


def test_every_name_of_the_namespace():
    xp = torch.zeros(1).__array_namespace__(api_version="2023.12")
    assert all(getattr(xp, name) is not None for name in dir(xp) if name != "newaxis")
    assert not hasattr(xp, "requires_grad")
    with pytest.raises(ValueError, match="Unsupported"):
        torch.zeros(1).__array_namespace__(api_version="1999.12")


def test_the_namespace_against_numpy():
    a = np.array([[3.0, 1.0, 3.0], [2.0, -1.0, 0.0]])
    x = torch.from_numpy(a)
    xp = x.__array_namespace__()
    calls = [
        lambda np, a: np.sum(a, axis=(0, 1)), lambda np, a: np.prod(a), lambda np, a: np.std(a, axis=0, keepdims=True),
        lambda np, a: np.var(a, correction=1), lambda np, a: np.argmax(a, axis=1), lambda np, a: np.any(a > 2, axis=0),
        lambda np, a: np.flip(a), lambda np, a: np.roll(a, 1, axis=1), lambda np, a: np.permute_dims(a, (1, 0)),
        lambda np, a: np.concat([a, a], axis=None), lambda np, a: np.stack([a, a], axis=1), lambda np, a: np.sort(a, axis=0),
        lambda np, a: np.take(a, np.asarray([1, 0]), axis=1), lambda np, a: np.unique_values(a),
        lambda np, a: np.unique_counts(a)[1], lambda np, a: np.unique_inverse(a)[1], lambda np, a: np.unique_all(a)[1],
        lambda np, a: np.expand_dims(a, axis=0), lambda np, a: np.squeeze(np.expand_dims(a, axis=0), axis=0),
        lambda np, a: np.matrix_transpose(a), lambda np, a: np.vecdot(a, a), lambda np, a: np.clip(a, 0, 2),
        lambda np, a: np.nonzero(a)[0], lambda np, a: np.meshgrid(a[0], a[1])[0], lambda np, a: np.repeat(a, 2, axis=0),
        lambda np, a: np.cumulative_sum(a, axis=1, include_initial=True), lambda np, a: np.astype(a, np.int32),
        lambda np, a: np.min(a, axis=0), lambda np, a: np.mean(a), lambda np, a: np.broadcast_arrays(a, a[0])[1],
    ]  # fmt: skip
    for place, call in enumerate(calls):
        ours, theirs = call(xp, x), call(np, a)
        assert np.allclose(ours.numpy(), theirs), place
        assert ours.shape == np.shape(theirs), place


def test_types_of_the_namespace():
    xp = torch.zeros(1).__array_namespace__()
    assert xp.isdtype(xp.float32, ("integral", "real floating"))
    assert not xp.isdtype(xp.bool, "numeric")
    assert xp.can_cast(xp.int32, xp.int64)
    assert not xp.can_cast(xp.float64, xp.float32)
    assert xp.result_type(xp.float32, torch.zeros(1, dtype=xp.float64), 1) is xp.float64
    assert xp.__array_namespace_info__().dtypes(kind="bool") == {"bool": torch.bool}


def test_generators_are_pickled_in_their_state():
    generator = torch.Generator().manual_seed(3)
    torch.randn(3, generator=generator)
    again = pickle.loads(pickle.dumps(generator))
    assert torch.equal(torch.randn(2, generator=again), torch.randn(2, generator=generator))


def test_copies_of_tensors_that_share_memory_share_memory():
    x = torch.arange(6.0)
    first, rows, alone = copy.deepcopy([x, x.view(2, 3).T, torch.zeros(2)])
    first[1] = 70
    assert rows.tolist() == [[0, 3], [70, 4], [2, 5]]
    assert rows.stride() == (1, 3)
    assert x.tolist() == [0, 1, 2, 3, 4, 5]
    assert alone.tolist() == [0, 0]
    one_row = copy.deepcopy(x.expand(2, 6))
    assert one_row.stride() == (0, 1)


def test_copies_leave_hooks_behind_and_keep_gradients_and_attributes():
    x = torch.ones(2, requires_grad=True)
    x.tag = "kept"
    x.register_hook(lambda gradient: gradient * 100)
    (x * x).sum().backward()
    for made, gradient in ((copy.deepcopy(x), [200, 200]), (copy.copy(x), None), (pickle.loads(pickle.dumps(x)), None)):
        assert made.tag == "kept"
        assert made.requires_grad
        assert (made.grad is None) == (gradient is None)
        assert made.grad is None or made.grad.tolist() == gradient
        made.grad = None
        (made * made).sum().backward()
        assert made.grad.tolist() == [2, 2]
