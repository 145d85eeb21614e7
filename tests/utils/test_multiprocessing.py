"""Processes that share tensors, and groups of them."""

import copy
import os
import signal
import sys

import pytest

import adjoint as torch

multiprocessing = torch.multiprocessing

METHODS = ["fork", "spawn"]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="starts processes as POSIX systems do")


def write(place, tensor):
    tensor[place] = place + 1


def write_received(tensors, written):
    for tensor in tensors.get(timeout=60):
        tensor.detach()[0] = 7
    written.put(True)


def learn(place, model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()


def fail(place, how):
    if place == 0:
        signal.pause()
    if how == "raise":
        raise KeyError("nothing there")
    if how == "exit":
        sys.exit(3)
    os.kill(os.getpid(), signal.SIGKILL)


def wait_for(group):
    while not group.join(timeout=60):
        pass


@pytest.mark.parametrize("method", METHODS)
def test_arguments_in_shared_memory(method):
    shared, own = torch.zeros(2).share_memory_(), torch.zeros(2)
    assert (shared.is_shared(), own.is_shared()) == (True, False)
    multiprocessing.start_processes(write, (shared,), nprocs=2, start_method=method)
    multiprocessing.start_processes(write, (own,), nprocs=2, start_method=method)
    assert shared.tolist() == [1, 2]
    assert own.tolist() == [0, 0]


@pytest.mark.parametrize("method", METHODS)
def test_tensors_in_queues(method):
    context = multiprocessing.get_context(method)
    sent, written = context.Queue(), context.Queue()
    process = context.Process(target=write_received, args=(sent, written))
    process.start()
    base = torch.zeros(2, 3).share_memory_()
    parameter = torch.nn.Parameter(torch.zeros(2, dtype=torch.bfloat16)).share_memory_()
    own = torch.zeros(2)
    sent.put([base[1, 1:], parameter, own])
    written.get(timeout=60)
    process.join()
    assert base.tolist() == [[0, 0, 0], [0, 7, 0]]
    assert parameter.tolist() == [7, 0]
    assert own.tolist() == [0, 0]


@pytest.mark.parametrize("method", METHODS)
def test_processes_train_one_model(method):
    model = torch.nn.Linear(2, 1)
    alone = copy.deepcopy(model)
    assert model.share_memory() is model
    multiprocessing.spawn(learn, (model,), start_method=method)
    learn(0, alone)
    assert torch.equal(model.weight, alone.weight)
    assert torch.equal(model.bias, alone.bias)
    assert model.weight.is_shared()


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        ("raise", multiprocessing.ProcessRaisedException, "KeyError: 'nothing there'"),
        ("exit", multiprocessing.ProcessExitedException, "process 1 terminated with exit code 3"),
        ("kill", multiprocessing.ProcessExitedException, "process 1 terminated with signal SIGKILL"),
    ],
)
def test_one_that_fails_ends_the_others(how, kind, words):
    group = multiprocessing.start_processes(fail, (how,), nprocs=2, join=False, start_method="fork")
    with pytest.raises(kind, match=words) as raised:
        wait_for(group)
    assert raised.value.error_index == 1
    assert raised.value.error_pid == group.pids()[1]
    assert not any(process.is_alive() for process in group.processes)
    assert not any(os.path.exists(file) for file in group.error_files)  # noqa: PTH110


def test_a_group_that_runs():
    group = multiprocessing.start_processes(write, (torch.zeros(1),), join=False, start_method="fork")
    assert len(group.pids()) == 1
    wait_for(group)
    assert group.join()
