"""Optimizers that rescale each element of the gradient by what was seen of it before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adjoint.core.tensor import Tensor
from adjoint.ops.creation import full_like, ones, zeros_like
from adjoint.ops.data import tensor
from adjoint.optim.optimizer import Group, Optimizer, check_lr, check_not_negative, counter

__all__ = ["ASGD", "Adadelta", "Adagrad", "RMSprop", "Rprop"]


def _decayed(p: Tensor, g: Tensor, group: Group) -> Tensor:
    """The gradient with that of the weight decay."""
    return g.add(p, alpha=group["weight_decay"]) if group["weight_decay"] != 0 else g


class _Rescaling(Optimizer):
    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            for name in ("momentum", "centered", "maximize", "capturable", "differentiable", "foreach", "fused"):
                if name in self.defaults:
                    group.setdefault(name, self.defaults[name])


class Adadelta(_Rescaling):
    """Steps in the ratio of the recent sizes of steps and gradients (Zeiler, 2012)."""

    def __init__(
        self, params: Iterable[Any], lr: Any = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0,
        foreach: bool | None = None, *, capturable: bool = False, maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_not_negative(eps=eps, weight_decay=weight_decay)
        defaults = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def first_state(self, p: Tensor, group: Group) -> dict[str, Any]:
        return {"step": counter(), "square_avg": zeros_like(p.detach()), "acc_delta": zeros_like(p.detach())}

    def update(self, group: Group) -> None:
        rho, eps = group["rho"], group["eps"]
        for p, g, state in self.moving(group):
            state["step"] += 1
            g = _decayed(p, g, group)
            state["square_avg"].mul_(rho).addcmul_(g, g, value=1 - rho)
            delta = (state["acc_delta"] + eps).sqrt() / (state["square_avg"] + eps).sqrt() * g
            state["acc_delta"].mul_(rho).addcmul_(delta, delta, value=1 - rho)
            p.add_(delta, alpha=-float(group["lr"]))


class Adagrad(_Rescaling):
    """Steps by the gradient over the root of the sum of its squares so far (Duchi et al., 2011)."""

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-2, lr_decay: float = 0, weight_decay: float = 0,
        initial_accumulator_value: float = 0, eps: float = 1e-10, foreach: bool | None = None, *, maximize: bool = False,
        differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        check_lr(lr)
        check_not_negative(
            lr_decay=lr_decay, weight_decay=weight_decay, initial_accumulator_value=initial_accumulator_value, eps=eps
        )
        defaults = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p].update(self.first_state(p, group))

    def share_memory(self) -> None:
        """Move its state into memory that processes share."""
        for state in self.state.values():
            for each in (state["step"], state["sum"]):
                each.share_memory_()

    def first_state(self, p: Tensor, group: Group) -> dict[str, Any]:
        start = group["initial_accumulator_value"]
        return {"step": counter(), "sum": full_like(p.detach(), complex(start, start) if p.is_complex() else start)}

    def update(self, group: Group) -> None:
        for p, g, state in self.moving(group):
            state["step"] += 1
            g = _decayed(p, g, group)
            rate = float(group["lr"]) / (1 + (state["step"].item() - 1) * group["lr_decay"])
            state["sum"].addcmul_(g, g, value=1)
            p.addcdiv_(g, state["sum"].sqrt().add_(group["eps"]), value=-rate)


class RMSprop(_Rescaling):
    """Steps by the gradient over the root of its mean square, or of its variance where `centered` (Hinton, 2012)."""

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-2, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0,
        momentum: float = 0, centered: bool = False, capturable: bool = False, foreach: bool | None = None,
        maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        check_lr(lr)
        check_not_negative(eps=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        defaults = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def first_state(self, p: Tensor, group: Group) -> dict[str, Any]:
        state = {"step": counter(), "square_avg": zeros_like(p.detach())}
        if group["momentum"] > 0:
            state["momentum_buffer"] = zeros_like(p.detach())
        if group["centered"]:
            state["grad_avg"] = zeros_like(p.detach())
        return state

    def update(self, group: Group) -> None:
        alpha, lr = group["alpha"], float(group["lr"])
        for p, g, state in self.moving(group):
            state["step"] += 1
            g = _decayed(p, g, group)
            square = state["square_avg"].mul_(alpha).addcmul_(g, g, value=1 - alpha)
            if group["centered"]:
                mean = state["grad_avg"].lerp_(g, 1 - alpha)
                square = square.addcmul(mean, mean, value=-1)
            root = square.sqrt().add_(group["eps"])
            if group["momentum"] > 0:
                p.add_(state["momentum_buffer"].mul_(group["momentum"]).addcdiv_(g, root), alpha=-lr)
            else:
                p.addcdiv_(g, root, value=-lr)


class Rprop(_Rescaling):
    """Steps whose sizes grow while the gradient keeps its sign, and shrink when it changes (Riedmiller, 1993)."""

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-2, etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50), *, capturable: bool = False, foreach: bool | None = None,
        maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def first_state(self, p: Tensor, group: Group) -> dict[str, Any]:
        start = float(group["lr"])
        sizes = full_like(p.detach(), complex(start, start) if p.is_complex() else start)
        return {"step": counter(), "prev": zeros_like(p.detach()), "step_size": sizes}

    def update(self, group: Group) -> None:
        shrink, grow = group["etas"]
        for p, g, state in self.moving(group):
            state["step"] += 1
            sign = g.mul(state["prev"]).sign()
            factor = sign.masked_fill(sign == 0, 1.0).masked_fill(sign > 0, grow).masked_fill(sign < 0, shrink)
            state["step_size"].mul_(factor).clamp_(*group["step_sizes"])
            g = g.masked_fill(sign < 0, 0.0)
            p.addcmul_(g.sign(), state["step_size"], value=-1)
            state["prev"].copy_(g)


class ASGD(_Rescaling):
    """Gradient descent with decreasing steps, and the mean of the parameters along the way (Polyak and Juditsky, 1992)."""

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-2, lambd: float = 1e-4, alpha: float = 0.75, t0: float = 1e6,
        weight_decay: float = 0, foreach: bool | None = None, maximize: bool = False, differentiable: bool = False,
        capturable: bool = False,
    ) -> None:  # fmt: skip
        check_lr(lr)
        check_not_negative(weight_decay=weight_decay)
        defaults = {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def first_state(self, p: Tensor, group: Group) -> dict[str, Any]:
        return {"step": counter(), "eta": tensor(float(group["lr"])), "mu": ones(()), "ax": zeros_like(p.detach())}

    def update(self, group: Group) -> None:
        lr, lambd = float(group["lr"]), group["lambd"]
        for p, g, state in self.moving(group):
            state["step"] += 1
            step, rate, share = state["step"].item(), state["eta"].item(), state["mu"].item()
            g = _decayed(p, g, group)
            p.mul_(1 - lambd * rate).add_(g, alpha=-rate)
            mean = state["ax"]
            if share == 1:
                mean.copy_(p)
            else:
                mean.add_((p - mean) * share)
            state["eta"] = tensor(lr / (1 + lambd * lr * step) ** group["alpha"])
            state["mu"] = tensor(1 / max(1, step - group["t0"]))
