"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from adjoint.core.tensor import Tensor
from adjoint.optim import in_place
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
        on_memory = in_place.possible(group["lr"], group["weight_decay"])
        for p, g, state in self.moving(group):
            if on_memory and self._update_memory(p, g, state.get("momentum_buffer"), group):
                continue
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

    def _update_memory(self, p: Tensor, g: Tensor, velocity: Tensor | None, group: Group) -> bool:
        """The same on memory, where that is possible: whether it was."""
        momentum, decay = group["momentum"], group["weight_decay"]
        if momentum and velocity is None:
            return False
        moved = [velocity] if momentum and velocity is not None else []
        found = in_place.rows(g, p, *moved)
        if found is None:
            return False
        for change, w, *v, a, b in in_place.blocks(found, scratch=2):
            if decay:
                change = np.add(np.multiply(w, decay, out=a), change, out=a)
            if v:
                v[0] *= momentum
                v[0] += np.multiply(change, 1 - group["dampening"], out=b) if group["dampening"] else change
                change = np.add(np.multiply(v[0], momentum, out=b), change, out=b) if group["nesterov"] else v[0]
            w += np.multiply(change, -group["lr"], out=b)
        in_place.written(p, "add_")
        for tensor in moved:
            in_place.written(tensor, "mul_", "add_")
        return True
