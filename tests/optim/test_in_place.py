"""Steps on the memory of parameters: the numbers, the versions, and what shares the memory."""

from tests.differential import Programs, attempt

program = Programs("optim_in_place")

SETTINGS = [
    ("SGD", {}),
    ("SGD", {"weight_decay": 0.1, "momentum": 0.9, "dampening": 0.5, "maximize": True}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("Adam", {}),
    ("Adam", {"weight_decay": 0.1}),
    ("AdamW", {"weight_decay": 0.1, "maximize": True}),
]


def trained(torch, name, settings, w, steps=3):
    """A parameter after some steps, and its optimizer; `w` in powers of two, so that the sums are small."""
    optimizer = getattr(torch.optim, name)([w], lr=0.25, **settings)
    for _ in range(steps):
        optimizer.zero_grad()
        (w * w).sum().backward()
        optimizer.step()
    return optimizer


@program
def long_rows_scalars_and_nothing(torch):
    seen = []
    for name, settings in SETTINGS:
        for shape in ((40000,), (), (0,)):
            w = torch.full(shape, 0.5, requires_grad=True)
            trained(torch, name, settings, w)
            seen.append((tuple(w.shape), w.unique().detach().double().mul(1e4).round().tolist()))
    return seen


@program
def memory_that_is_not_in_order(torch):
    seen = []
    for name, settings in SETTINGS:
        w = torch.arange(6.0).reshape(2, 3).t().requires_grad_()
        trained(torch, name, settings, w)
        seen.append(w.detach().double().mul(1e4).round().tolist())
    return seen


@program
def views_see_the_step(torch):
    seen = []
    for name, settings in SETTINGS:
        w = torch.ones(4, requires_grad=True)
        view, same = w.detach()[1:3], w.data_ptr()
        trained(torch, name, settings, w)
        seen.append((bool((view == w[1]).all()), same == w.data_ptr()))
    return seen


@program
def a_step_between_forward_and_backward(torch):
    seen = []
    for name, settings in SETTINGS:
        w = torch.ones(2, requires_grad=True)
        optimizer = trained(torch, name, settings, w)
        before = w._version
        loss = (w * w).sum()
        optimizer.step()
        seen.append((w._version > before, str(attempt(loss.backward)).partition(":")[0]))
    return seen


@program
def a_step_in_inference_mode_and_one_on_what_was_made_in_it(torch):
    seen = []
    for name, settings in SETTINGS:
        w = torch.ones(2, requires_grad=True)
        optimizer = trained(torch, name, settings, w)
        with torch.inference_mode():
            optimizer.step()
            made = torch.ones(2)
        seen.append(w.detach().double().mul(1e4).round().tolist())
        if name == "SGD" and "momentum" not in settings:
            made.grad = torch.ones(2)
            seen.append(attempt(getattr(torch.optim, name)([made], lr=0.25).step))
    return seen


test_program = program.test()
