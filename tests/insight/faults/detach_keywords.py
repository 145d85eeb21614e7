"""Arguments that are passed on by name and by star."""

import adjoint as torch


def scale(*, value, by):
    return value * by


def run(*args, **kwargs):
    return scale(value=args[0].detach(), by=kwargs["by"])  # <- fault: detach


a = torch.tensor(2.0, requires_grad=True)
b = torch.tensor(3.0, requires_grad=True)
loss = run(a, by=b)
loss.backward()
answer = torch.why(a)
