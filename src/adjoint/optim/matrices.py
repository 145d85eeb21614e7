"""Optimizers that treat a parameter as the matrix that it is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from adjoint.core.limits import finfo
from adjoint.core.tensor import Tensor
from adjoint.ops.creation import zeros_like
from adjoint.optim.optimizer import Group, Optimizer, counter

__all__ = ["Adafactor", "Muon"]


def _check(value: Any, words: str, holds: bool) -> None:
    if not holds:
        raise ValueError(f"{words} but is: {value}")


class Adafactor(Optimizer):
    """Adam with the mean square of a matrix kept as the means of its rows and columns (Shazeer and Stern, 2018)."""

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-2, beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3), d: float = 1.0, weight_decay: float = 0.0, *,
        foreach: bool | None = None, maximize: bool = False,
    ) -> None:  # fmt: skip
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        _check(lr, "Learning rate should be >= 0", lr >= 0)
        _check(beta2_decay, "beta2_decay should be <= 0", beta2_decay <= 0)
        _check(eps[0], "epsilon1 should be >= 0", eps[0] is None or eps[0] >= 0)
        _check(eps[1], "epsilon2 should be >= 0", eps[1] >= 0)
        _check(d, "Clipping threshold d should be >= 1", d >= 1)
        _check(weight_decay, "weight_decay should be >= 0", weight_decay >= 0)
        defaults = {
            "lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize,
        }  # fmt: skip
        super().__init__(params, defaults)

    def first_state(self, p: Tensor, group: Group) -> dict[str, Any]:
        if p.dim() < 2:
            return {"step": counter(), "variance": zeros_like(p.detach())}
        rows, columns = p.new_zeros((*p.shape[:-1], 1)), p.new_zeros((*p.shape[:-2], 1, p.shape[-1]))
        return {"step": counter(), "row_var": rows.detach(), "col_var": columns.detach()}

    def update(self, group: Group) -> None:
        lr = float(group["lr"])
        for p, g, state in self.moving(group):
            state["step"] += 1
            step = state["step"].item()
            least, floor = group["eps"]
            least = finfo(p.dtype).eps if least is None else least
            share = step ** group["beta2_decay"]
            size = math.sqrt(p.numel())
            rate = max(floor, p.norm(2).item() / size) * min(lr, 1 / math.sqrt(step))
            if group["weight_decay"] != 0:
                p.mul_(1 - lr * group["weight_decay"])
            if p.dim() < 2:
                square = state["variance"].lerp_(g.square(), share).clone()
            else:
                rows = state["row_var"].lerp_(g.square().mean(dim=-1, keepdim=True), share)
                columns = state["col_var"].lerp_(g.square().mean(dim=-2, keepdim=True), share)
                square = rows @ columns / rows.mean(dim=-2, keepdim=True).clamp(min=least)
            change = square.clamp(min=least * least).rsqrt() * g
            too_large = max(1.0, change.norm(2).item() / (size * group["d"]))
            p.add_(change, alpha=-rate / too_large)


class Muon(Optimizer):
    """Momentum made orthogonal by Newton and Schulz's iteration, for parameters that are matrices (Jordan, 2024)."""

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, weight_decay: float = 0.1, momentum: float = 0.95,
        nesterov: bool = True, ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7, ns_steps: int = 5, adjust_lr_fn: str | None = None,
    ) -> None:  # fmt: skip
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        _check(lr, "Learning rate should be >= 0", lr >= 0)
        _check(momentum, "momentum should be >= 0", momentum >= 0)
        _check(weight_decay, "weight decay should be >= 0", weight_decay >= 0)
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = {
            "lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov,
            "ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps, "adjust_lr_fn": adjust_lr_fn,
        }  # fmt: skip
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                if p.dim() != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {p.size()}"
                    )

    def first_state(self, p: Tensor, group: Group) -> dict[str, Any]:
        return {"momentum_buffer": zeros_like(p.detach())}

    def update(self, group: Group) -> None:
        lr, momentum = float(group["lr"]), group["momentum"]
        for p, g, state in self.moving(group):
            velocity = state["momentum_buffer"].lerp_(g, 1 - momentum)
            change = g.lerp(velocity, momentum) if group["nesterov"] else velocity
            change = _orthogonal(change, group["ns_coefficients"], group["ns_steps"], group["eps"])
            rows, columns = p.shape
            if group["adjust_lr_fn"] == "match_rms_adamw":
                rate = lr * 0.2 * math.sqrt(max(rows, columns))
            else:
                rate = lr * math.sqrt(max(1, rows / columns))
            p.mul_(1 - lr * group["weight_decay"]).add_(change.to(p.dtype), alpha=-rate)


def _orthogonal(x: Tensor, coefficients: tuple[float, float, float], steps: int, eps: float) -> Tensor:
    """The orthogonal matrix near `x`, roughly, in 16 bits: a polynomial that moves all singular values towards 1."""
    a, b, c = coefficients
    x = x.bfloat16()
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = x.addmm(gram.addmm(gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x
