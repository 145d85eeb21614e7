"""The engine at its limits: very large graphs, graphs that are dropped, re-entrance, many threads."""

import copy
import gc
import pickle
import sys
import threading
import weakref

import pytest

import adjoint

MANY = 10**6


@pytest.fixture
def no_collector():
    """What is freed in a test is freed by reference count."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def chain(x, length, step):
    y = x
    for _ in range(length):
        y = step(y, x)
    return y


def test_a_chain_of_a_million_additions(no_collector):
    x = adjoint.tensor(0.5, dtype=adjoint.float64, requires_grad=True)
    y = chain(x, MANY, lambda y, x: y + x)
    assert repr(y) == "tensor(500000.5000, dtype=torch.float64, grad_fn=<AddBackward0>)"
    y.backward()
    assert x.grad.item() == MANY + 1


def test_a_million_consumers_of_one_leaf(no_collector):
    x = adjoint.tensor(0.5, dtype=adjoint.float64, requires_grad=True)
    total = adjoint.stack([x * 2 for _ in range(MANY)]).sum()
    total.backward()
    assert x.grad.item() == 2 * MANY


def test_a_long_chain_differentiated_twice(torch):
    x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    y = chain(x, 20_000, lambda y, x: y + x * x)
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    assert (first.item(), second.item()) == (40_001.0, 40_000.0)


@pytest.mark.parametrize("run_backward", [False, True])
def test_a_dropped_graph_is_freed_at_once(no_collector, run_backward):
    x = adjoint.ones(3, requires_grad=True)
    y = (adjoint.sin(x) * x).exp().sum()
    nodes = [weakref.ref(y.grad_fn), weakref.ref(y.grad_fn.edges[0])]
    if run_backward:
        y.backward(retain_graph=True)
    del y
    assert [node() for node in nodes] == [None, None]
    assert gc.collect() == 0


def test_a_written_view_leaves_no_cycle(no_collector):
    x = adjoint.ones(3, requires_grad=True)
    y = x * 2
    z = y.sin()
    y[0:1].mul_(z[1:2])
    node = weakref.ref(y.grad_fn)
    del y, z
    assert node() is None


def test_a_chain_of_a_million_is_dropped_without_recursion(no_collector):
    x = adjoint.tensor(0.5, requires_grad=True)
    y = chain(x, MANY, lambda y, _: adjoint.sin(y))
    node = weakref.ref(y.grad_fn)
    del y
    assert node() is None


def test_pickling_and_copying_do_not_walk_the_graph(torch):
    x = torch.tensor(0.5, requires_grad=True)
    y = chain(x, 10_000, lambda y, x: y + x)
    again = pickle.loads(pickle.dumps(y.detach()))
    assert again.item() == y.item()
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copy.deepcopy(y)


def test_backward_inside_a_hook(torch):
    x = torch.tensor(2.0, requires_grad=True)
    w = torch.tensor(3.0, requires_grad=True)

    def inner(gradient):
        with torch.enable_grad():  # a hook runs without
            (w * w * gradient).backward()

    y = x * x
    y.register_hook(inner)
    (y * 5).backward()
    assert (x.grad.item(), w.grad.item()) == (20.0, 30.0)


def test_threads_share_leaves_and_lose_no_gradient(torch):
    x = torch.zeros(100, dtype=torch.float64, requires_grad=True)
    rounds, count = 200, 8
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def work():
        for _ in range(rounds):
            (x * 1.0).sum().backward()

    threads = [threading.Thread(target=work) for _ in range(count)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert x.grad.tolist() == [float(rounds * count)] * 100


def test_threads_share_a_graph(torch):
    x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    y = chain(x, 200, lambda y, x: y + torch.sin(x))
    threads = [threading.Thread(target=lambda: y.backward(retain_graph=True)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (once,) = torch.autograd.grad(y, x)
    assert x.grad.item() == pytest.approx(8 * once.item(), rel=1e-15)


def test_modes_of_one_thread_do_not_reach_another(torch):
    seen = []
    inside, go_on = threading.Event(), threading.Event()

    def other():
        with torch.no_grad():
            inside.set()
            go_on.wait()

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait()
    seen.append((torch.tensor(1.0, requires_grad=True) * 2).requires_grad)
    go_on.set()
    thread.join()
    assert seen == [True]
