"""Small eager programs: what they cost is the library's own overhead."""

from __future__ import annotations

from benchmarks.task import Task

# ---- the chain rule on one number ------------------------------------------------------------------------------------


def sine_of_square_torch(torch, transform, size):
    def work():
        x = torch.tensor(3.0, requires_grad=True)
        y = x**2
        z = torch.sin(y)
        z.backward()
        return x.grad

    return work


def sine_of_square_jax(jax, transform, size):
    gradient = transform(jax.grad(lambda x: jax.numpy.sin(x**2)))
    return lambda: jax.block_until_ready(gradient(3.0))


def sine_of_square_autograd(autograd, transform, size):
    numpy = autograd.numpy

    gradient = autograd.grad(lambda x: numpy.sin(x**2))
    return lambda: gradient(3.0)


# ---- chains ----------------------------------------------------------------------------------------------------------


def chain_of_sines_torch(torch, transform, size):
    def work():
        x = torch.tensor(1.0, requires_grad=True)
        y = x
        for _ in range(size):
            y = torch.sin(y)
        y.backward()
        return x.grad

    return work


def _sines(sin, size):
    def chain(x):
        for _ in range(size):
            x = sin(x)
        return x

    return chain


def chain_of_sines_jax(jax, transform, size):
    gradient = transform(jax.grad(_sines(jax.numpy.sin, size)))
    return lambda: jax.block_until_ready(gradient(1.0))


def chain_of_sines_autograd(autograd, transform, size):
    numpy = autograd.numpy

    gradient = autograd.grad(_sines(numpy.sin, size))
    return lambda: gradient(1.0)


def chain_of_additions_torch(torch, transform, size):
    def work():
        x = torch.tensor(1.0, requires_grad=True)
        y = x
        for _ in range(size):
            y = y + x
        y.backward()
        return x.grad

    return work


def chain_of_additions_autograd(autograd, transform, size):
    def chain(x):
        y = x
        for _ in range(size):
            y = y + x
        return y

    gradient = autograd.grad(chain)
    return lambda: gradient(1.0)


# ---- logistic regression on one example ------------------------------------------------------------------------------


def logistic_loss_torch(torch, transform, size):
    def binary_cross_entropy(prediction, target):
        epsilon = 1e-8
        prediction = torch.clamp(prediction, epsilon, 1 - epsilon)
        return -(target * torch.log(prediction) + (1 - target) * torch.log(1 - prediction))

    def work():
        x = torch.tensor(6.7, requires_grad=True)
        y = torch.tensor(0.0)
        w = torch.tensor(1.0, requires_grad=True)
        b = torch.tensor(1.0)
        z = w * x + b
        loss = binary_cross_entropy(torch.sigmoid(z), y)
        loss.backward()
        return x.grad, w.grad

    return work


def _logistic_loss(clip, log, sigmoid):
    def loss(x, w, y, b):
        epsilon = 1e-8
        prediction = clip(sigmoid(w * x + b), epsilon, 1 - epsilon)
        return -(y * log(prediction) + (1 - y) * log(1 - prediction))

    return loss


def logistic_loss_jax(jax, transform, size):
    loss = _logistic_loss(jax.numpy.clip, jax.numpy.log, jax.nn.sigmoid)
    gradient = transform(jax.grad(loss, argnums=(0, 1)))
    return lambda: jax.block_until_ready(gradient(6.7, 1.0, 0.0, 1.0))


def logistic_loss_autograd(autograd, transform, size):
    numpy = autograd.numpy

    loss = _logistic_loss(numpy.clip, numpy.log, lambda z: 1 / (1 + numpy.exp(-z)))
    gradient = autograd.grad(loss, argnum=(0, 1))
    return lambda: gradient(6.7, 1.0, 0.0, 1.0)


# ---- a mean of three squares -----------------------------------------------------------------------------------------


def mean_of_squares_torch(torch, transform, size):
    values = [float(i + 1) for i in range(size)]

    def work():
        x = torch.tensor(values, requires_grad=True)
        y = (x**2).mean()
        y.backward()
        return x.grad

    return work


def mean_of_squares_jax(jax, transform, size):
    values = [float(i + 1) for i in range(size)]
    gradient = transform(jax.grad(lambda x: (x**2).mean()))
    return lambda: jax.block_until_ready(gradient(jax.numpy.array(values)))


def mean_of_squares_autograd(autograd, transform, size):
    numpy = autograd.numpy

    values = [float(i + 1) for i in range(size)]
    gradient = autograd.grad(lambda x: numpy.mean(x**2))
    return lambda: gradient(numpy.array(values, dtype=numpy.float32))


TASKS = [
    Task(
        name="sine-of-square",
        about="make a leaf, square it, take the sine, go backward, read the gradient",
        sources={
            "torch": sine_of_square_torch,
            "jax": sine_of_square_jax,
            "autograd": sine_of_square_autograd,
        },
        bounds={"torch": 6.0},
    ),
    Task(
        name="chain-of-sines",
        about="100 sines of one number, one after another, and back",
        sources={
            "torch": chain_of_sines_torch,
            "jax": chain_of_sines_jax,
            "autograd": chain_of_sines_autograd,
        },
        size=100,
        bounds={"torch": 3.5},
    ),
    Task(
        name="logistic-loss",
        about="the logistic loss of one example, with clamp and logs, and its gradient in two inputs",
        sources={
            "torch": logistic_loss_torch,
            "jax": logistic_loss_jax,
            "autograd": logistic_loss_autograd,
        },
        bounds={"torch": 4.0},
    ),
    Task(
        name="mean-of-squares",
        about="a leaf of 3 elements, the mean of its squares, backward, read the gradient",
        sources={
            "torch": mean_of_squares_torch,
            "jax": mean_of_squares_jax,
            "autograd": mean_of_squares_autograd,
        },
        size=3,
        bounds={"torch": 4.0},
    ),
    # JAX needs over ten seconds for one such chain op by op, and longer to compile one.
    Task(
        name="chain-of-additions",
        about="100,000 additions of one number, one after another, and back",
        sources={"torch": chain_of_additions_torch, "autograd": chain_of_additions_autograd},
        rivals=("torch", "autograd"),
        size=100_000,
        per="node",
        bounds={"torch": 2.5},
    ),
    Task(
        name="chain-of-a-million",
        about="10^6 additions against 10^5 on Adjoint alone: does a node cost the same?",
        sources={"torch": chain_of_additions_torch},
        rivals=("adjoint",),
        size=1_000_000,
        rival_size=100_000,
        per="node",
        bounds={"adjoint": 0.9},
        max_rounds=5,
    ),
]
