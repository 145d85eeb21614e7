"""What shares memory with what, and what keeps its history, where a single line of code does not show it."""

import copy
import pickle

import numpy as np
import pytest

import adjoint as torch


def test_tensor_and_array_share_memory_both_ways():
    array = np.zeros(3)
    tensor = torch.from_numpy(array)
    array[0] = 1
    tensor[1] = 2
    assert tensor.tolist() == array.tolist() == [1, 2, 0]
    tensor.numpy()[2] = 3
    assert tensor[2].item() == 3


def test_0d_result_shares_memory_once_it_is_asked_for():
    total = torch.ones(3).sum()
    total.numpy()[...] = 7
    assert total.item() == 7


def test_tensor_of_data_has_memory_of_its_own():
    array = np.zeros(2)
    for made in (torch.tensor(array), torch.Tensor(array), torch.asarray(array, copy=True)):
        made[0] = 1
    assert array[0] == 0
    torch.as_tensor(array)[0] = 1
    assert array[0] == 1


def test_flip_and_repeat_copy_even_where_nothing_moves():
    x = torch.zeros(2)
    for made in (x.flip(()), x.repeat(1), x.clone(), x.conj_physical() + 0):
        made[0] = 1
    assert x[0] == 0


def test_conjugate_is_new_memory():
    """PyTorch's is a view that conjugates on reading, which NumPy cannot do."""
    z = torch.tensor([1 + 2j])
    z.conj()[0] = 0
    assert z.item() == 1 + 2j


def test_pieces_of_a_tensor_see_a_write_to_it():
    x = torch.zeros(2, 2)
    pieces = (*x.unbind(1), *x.split(1), *x.chunk(2, 1))
    x[0, 0] = 5
    assert [5 in each for each in pieces] == [True, False, True, False, True, False]


def test_copies():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    deep, shallow, pickled = copy.deepcopy(x), copy.copy(x), pickle.loads(pickle.dumps(x))
    with torch.no_grad():
        x[0] = 9
    assert (deep[0].item(), shallow[0].item(), pickled[0].item()) == (1, 9, 1)
    assert deep.requires_grad
    assert shallow.requires_grad
    assert pickled.requires_grad
    assert deep.grad.tolist() == [2, 4]
    assert deep.grad is not x.grad


def test_comparison_in_place_cuts_off_the_history():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = (x * 3).gt_(4)
    (y * x).sum().backward()
    assert y.tolist() == [0, 1]
    assert x.grad.tolist() == [0, 1]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_sums_of_many_small_numbers(dtype):
    """They are added up in 32 bits: in 16 a sum of ones would stop growing."""
    ones = torch.ones(5000, dtype=dtype)
    assert ones.sum().item() == ones.dot(ones).item() == pytest.approx(5000, rel=1e-2)
    assert ones.mean().item() == 1


@pytest.mark.parametrize("power", [2.0, 3.0])
def test_second_derivatives_of_a_power_at_zero(power):
    x, y = (torch.tensor(each, dtype=torch.float64, requires_grad=True) for each in (0.0, power))
    by_x, by_y = torch.autograd.grad(x**y, (x, y), create_graph=True)
    second = torch.autograd.grad(by_x, (x, y), retain_graph=True)
    assert [by_x.item(), by_y.item(), *(each.item() for each in second)] == [0, 0, 2.0 if power == 2 else 0, 0]
    assert [each.item() for each in torch.autograd.grad(by_y, (x, y))] == [0, 0]


def test_second_derivatives_of_a_product_with_zeros():
    x = torch.tensor([0.0, 0.0, 3.0], dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad(x.prod(), x, create_graph=True)
    rows = [torch.autograd.grad(each, x, retain_graph=True)[0].tolist() for each in first]
    assert first.tolist() == [0, 0, 0]
    assert rows == [[0, 3, 0], [3, 0, 0], [0, 0, 0]]
