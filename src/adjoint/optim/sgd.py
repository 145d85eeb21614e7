"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adjoint.core.tensor import Tensor
from adjoint.optim.optimizer import Group, Optimizer, check_lr, check_not_negative

__all__ = ["SGD"]


class SGD(Optimizer):
    """`p -= lr * g`, with momentum: `v = momentum * v + (1 - dampening) * g; p -= lr * v` (Sutskever et al., 2013).

    >>> import adjoint as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.8000], requires_grad=True)
    """

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-3, momentum: float = 0, dampening: float = 0, weight_decay: Any = 0,
        nesterov: bool = False, *, maximize: bool = False, foreach: bool | None = None, differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:  # fmt: skip
        check_lr(lr)
        check_not_negative(momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov,
            "maximize": maximize, "foreach": foreach, "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            for name in ("nesterov", "maximize", "differentiable"):
                group.setdefault(name, False)
            group.setdefault("foreach", None)
            group.setdefault("fused", False)

    def update(self, group: Group) -> None:
        for p, g, state in self.moving(group):
            if group["weight_decay"] != 0:
                g = g.add(p, alpha=group["weight_decay"])
            if group["momentum"] != 0:
                velocity = state.get("momentum_buffer")
                if velocity is None:
                    velocity = self.state[p]["momentum_buffer"] = g.clone().detach()
                else:
                    velocity.mul_(group["momentum"]).add_(g, alpha=1 - group["dampening"])
                g = g.add(velocity, alpha=group["momentum"]) if group["nesterov"] else velocity
            if isinstance(group["lr"], Tensor):
                p.add_(g * -group["lr"])
            else:
                p.add_(g, alpha=-group["lr"])
