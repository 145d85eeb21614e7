"""Tensors, parameters and modules among other objects: Python's own pickles, copies, and queues between processes."""

import copy
import multiprocessing
import pickle

import pytest

import adjoint
from tests.serialization.contents import described, layouts, leaves, types


class Named(adjoint.Tensor):
    """A subclass of a program's own."""


def after_a_trip(thing, protocol=None):
    return pickle.loads(pickle.dumps(thing, protocol))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_tensors_of_every_type(protocol):
    assert described(after_a_trip(types(adjoint), protocol)) == described(types(adjoint))


def test_numbers_and_shapes_of_every_layout():
    before, after = layouts(adjoint), after_a_trip(layouts(adjoint))
    for name, tensor in before.items():
        assert (after[name].tolist(), after[name].shape) == (tensor.tolist(), tensor.shape)
    assert after["transposed"].stride() == before["transposed"].stride()


def test_classes_and_attributes_are_kept():
    assert described(after_a_trip(leaves(adjoint))) == described(leaves(adjoint))
    named = Named([1.0])
    named.note = "kept"
    for other in (after_a_trip(named), copy.copy(named)):
        assert (type(other), other.note, other.tolist()) == (Named, "kept", [1.0])


def test_parameters_that_wait_for_their_shape():
    for each in (adjoint.nn.UninitializedParameter(requires_grad=False), adjoint.nn.UninitializedBuffer()):
        assert type(after_a_trip(each)) is type(each)
    lazy = after_a_trip(adjoint.nn.LazyLinear(2))
    assert lazy(adjoint.ones(3)).shape == (2,)


def test_a_result_becomes_a_leaf():
    x = after_a_trip(adjoint.ones(2, requires_grad=True) * 2)
    assert (x.is_leaf, x.requires_grad, x.tolist()) == (True, True, [2.0, 2.0])


def test_a_shallow_copy_shares_memory():
    weight = adjoint.nn.Parameter(adjoint.ones(2))
    other = copy.copy(weight)
    assert type(other) is adjoint.nn.Parameter
    assert other.data_ptr() == weight.data_ptr()


def test_modules_and_optimizers():
    model = adjoint.nn.Sequential(adjoint.nn.Linear(2, 3), adjoint.nn.BatchNorm1d(3), adjoint.nn.GELU())
    optimizer = adjoint.optim.Adam(model.parameters())
    model(adjoint.ones(4, 2)).sum().backward()
    optimizer.step()
    for same in (after_a_trip, copy.deepcopy):
        other, again = same((model, optimizer))
        assert repr(other) == repr(model)
        assert described(other.state_dict()) == described(model.state_dict())
        assert again.param_groups[0]["params"][0] is other[0].weight
        assert described(again.state_dict()["state"][0]) == described(optimizer.state_dict()["state"][0])


def test_names_are_the_same_objects():
    for each in (adjoint.bfloat16, adjoint.channels_last, adjoint.strided):
        assert after_a_trip(each) is each
    assert after_a_trip(adjoint.Size([2, 3])) == adjoint.Size([2, 3])
    assert after_a_trip(adjoint.device("cpu")) == adjoint.device("cpu")


def doubled(source, target):
    thing = source.get()
    target.put(({name: tensor.detach() * 2 for name, tensor in thing.items()}, thing["w"].requires_grad))


@pytest.mark.slow
def test_tensors_in_queues_between_processes():
    spawning = multiprocessing.get_context("spawn")
    there, back = spawning.Queue(), spawning.Queue()
    process = spawning.Process(target=doubled, args=(there, back))
    process.start()
    there.put({"w": adjoint.nn.Parameter(adjoint.ones(2)), "b": adjoint.ones(1, dtype=adjoint.bfloat16)})
    found, requires_grad = back.get(timeout=60)
    process.join(timeout=60)
    assert {name: tensor.tolist() for name, tensor in found.items()} == {"w": [2.0, 2.0], "b": [2.0]}
    assert requires_grad
