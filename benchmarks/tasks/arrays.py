"""Eager programs on arrays: the library's overhead beside real arithmetic."""

from __future__ import annotations

import numpy as np

from benchmarks.task import Task


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


# ---- elementwise -----------------------------------------------------------------------------------------------------


def elementwise_torch(torch, transform, size):
    data = torch.from_numpy(normal(size))
    function = transform(lambda x: torch.sigmoid(torch.sin(x) * x + torch.exp(-x * x)).mean())

    def work():
        x = data.detach().requires_grad_()
        value = function(x)
        value.backward()
        return value, x.grad

    return work


def elementwise_jax(jax, transform, size):
    jnp = jax.numpy
    function = transform(jax.value_and_grad(lambda x: jax.nn.sigmoid(jnp.sin(x) * x + jnp.exp(-x * x)).mean()))
    x = jnp.asarray(normal(size))
    return lambda: jax.block_until_ready(function(x))


def elementwise_autograd(autograd, transform, size):
    numpy = autograd.numpy

    def function(x):
        return numpy.mean(1 / (1 + numpy.exp(-(numpy.sin(x) * x + numpy.exp(-x * x)))))

    function = autograd.value_and_grad(function)
    x = normal(size)
    return lambda: function(x)


# ---- one step of a small network -------------------------------------------------------------------------------------

BATCH, OUTPUTS, RATE = 32, 10, 0.01


def _network(hidden):
    inputs = 2 * hidden
    scale = np.float32(inputs**-0.5)
    return {
        "x": normal(BATCH, inputs, seed=1),
        "target": normal(BATCH, OUTPUTS, seed=2),
        "parameters": [
            normal(inputs, hidden, seed=3) * scale,
            np.zeros(hidden, dtype=np.float32),
            normal(hidden, OUTPUTS, seed=4) * scale,
            np.zeros(OUTPUTS, dtype=np.float32),
        ],
    }


def network_step_torch(torch, transform, size):
    network = _network(size)
    x, target = torch.from_numpy(network["x"]), torch.from_numpy(network["target"])
    parameters = [torch.tensor(p, requires_grad=True) for p in network["parameters"]]

    def loss_of(w1, b1, w2, b2):
        hidden = torch.relu(x @ w1 + b1)
        error = hidden @ w2 + b2 - target
        return (error * error).mean()

    loss_of = transform(loss_of)

    def work():
        for p in parameters:
            p.grad = None
        loss = loss_of(*parameters)
        loss.backward()
        with torch.no_grad():
            for p in parameters:
                p -= RATE * p.grad
        return loss

    return work


def _network_loss(relu, mean):
    def loss_of(parameters, x, target):
        w1, b1, w2, b2 = parameters
        error = relu(x @ w1 + b1) @ w2 + b2 - target
        return mean(error * error)

    return loss_of


def network_step_jax(jax, transform, size):
    network = _network(size)
    x, target = jax.numpy.asarray(network["x"]), jax.numpy.asarray(network["target"])
    parameters = [jax.numpy.asarray(p) for p in network["parameters"]]
    value_and_gradient = jax.value_and_grad(_network_loss(jax.nn.relu, jax.numpy.mean))

    def step(parameters, x, target):
        loss, gradients = value_and_gradient(parameters, x, target)
        return loss, [p - RATE * g for p, g in zip(parameters, gradients, strict=True)]

    step = transform(step)

    def work():
        nonlocal parameters
        loss, parameters = jax.block_until_ready(step(parameters, x, target))
        return loss

    return work


def network_step_autograd(autograd, transform, size):
    numpy = autograd.numpy

    network = _network(size)
    x, target, parameters = network["x"], network["target"], network["parameters"]
    value_and_gradient = autograd.value_and_grad(_network_loss(lambda a: numpy.maximum(a, 0), numpy.mean))

    def work():
        loss, gradients = value_and_gradient(parameters, x, target)
        for p, g in zip(parameters, gradients, strict=True):
            p -= RATE * g
        return loss

    return work


# ---- matmul ----------------------------------------------------------------------------------------------------------


def matmul_torch(torch, transform, size):
    a = torch.tensor(normal(size, size, seed=1), requires_grad=True)
    b = torch.tensor(normal(size, size, seed=2), requires_grad=True)

    def work():
        a.grad = b.grad = None
        (a @ b).sum().backward()
        return a.grad, b.grad

    return work


def matmul_jax(jax, transform, size):
    a, b = (jax.numpy.asarray(normal(size, size, seed=seed)) for seed in (1, 2))
    gradient = transform(jax.grad(lambda a, b: (a @ b).sum(), argnums=(0, 1)))
    return lambda: jax.block_until_ready(gradient(a, b))


def matmul_autograd(autograd, transform, size):
    numpy = autograd.numpy

    a, b = (normal(size, size, seed=seed) for seed in (1, 2))
    gradient = autograd.grad(lambda a, b: numpy.sum(a @ b), argnum=(0, 1))
    return lambda: gradient(a, b)


TASKS = [
    Task(
        name="elementwise",
        about="sigmoid(sin(x)*x + exp(-x*x)).mean() over 10^6 float32, value and gradient, eager",
        sources={"torch": elementwise_torch, "jax": elementwise_jax, "autograd": elementwise_autograd},
        rivals=("torch", "jax", "autograd"),
        size=1_000_000,
    ),
    Task(
        name="network-step",
        about="a step of gradient descent on a network of two layers (256, 128, 10), batch 32",
        sources={"torch": network_step_torch, "jax": network_step_jax, "autograd": network_step_autograd},
        size=128,
    ),
    Task(
        name="matmul",
        about="the sum of a product of two 512 x 512 matrices, and its gradient in both",
        sources={"torch": matmul_torch, "jax": matmul_jax, "autograd": matmul_autograd},
        size=512,
    ),
]
