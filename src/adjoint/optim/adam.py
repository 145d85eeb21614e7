"""Adam and its relatives: moving means of the gradient and of its square."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from adjoint.core.tensor import Tensor
from adjoint.ops.choice import maximum
from adjoint.ops.creation import ones_like, zeros_like
from adjoint.optim import adam_memory, in_place
from adjoint.optim.optimizer import Group, Optimizer, check_betas, check_lr, check_not_negative, counter

__all__ = ["Adam", "AdamW", "Adamax", "NAdam", "RAdam"]


class _Moments(Optimizer):
    """What all of them have in common."""

    def _check(self, lr: Any, betas: Any, eps: float, weight_decay: float, **others: float) -> None:
        check_not_negative(lr=lr, eps=eps)
        check_betas(betas)
        check_not_negative(weight_decay=weight_decay, **others)

    def first_state(self, p: Tensor, group: Group) -> dict[str, Any]:
        return {"step": counter(), "exp_avg": zeros_like(p.detach()), "exp_avg_sq": zeros_like(p.detach())}

    def _begin(self, p: Tensor, g: Tensor, state: dict[str, Any], group: Group) -> tuple[Tensor, float, float, float]:
        """Count the step, apply weight decay: the gradient, the count, and what the two means lack yet of 1."""
        state["step"] += 1
        step = state["step"].item()
        if group["weight_decay"] != 0:
            if group.get("decoupled_weight_decay"):
                p.mul_(1 - group["lr"] * group["weight_decay"])
            else:
                g = g.add(p, alpha=group["weight_decay"])
        first, second = map(float, group["betas"])
        return g, step, 1 - first**step, 1 - second**step

    def _average(self, g: Tensor, state: dict[str, Any], group: Group) -> None:
        """Move both means towards this gradient."""
        first, second = map(float, group["betas"])
        state["exp_avg"].lerp_(g, 1 - first)
        state["exp_avg_sq"].mul_(second).addcmul_(g, g.conj(), value=1 - second)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            for name in ("maximize", "capturable", "differentiable", "decoupled_weight_decay"):
                if name in self.defaults:
                    group.setdefault(name, self.defaults[name])
            group.setdefault("foreach", None)


class Adam(_Moments):
    """Steps by the mean gradient over the root of its mean square (Kingma and Ba, 2014).

    >>> import adjoint as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-3, betas: tuple[Any, Any] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, amsgrad: bool = False, *, foreach: bool | None = None, maximize: bool = False,
        capturable: bool = False, differentiable: bool = False, fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:  # fmt: skip
        check_lr(lr, foreach, capturable)
        self._check(lr, betas, eps, weight_decay)
        if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor):
            raise ValueError("betas must be either both floats or both Tensors")
        for place, beta in enumerate(betas):
            if isinstance(beta, Tensor):
                if not capturable and foreach:
                    raise ValueError(
                        f"betas[{place}] as a Tensor is not supported for capturable=False and foreach=True"
                    )
                if beta.numel() != 1:
                    raise ValueError(f"Tensor betas[{place}] must be 1-element")
        if fused and differentiable:
            raise RuntimeError("`fused` does not support `differentiable`")
        if fused and foreach:
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable, "differentiable": differentiable,
            "fused": fused, "decoupled_weight_decay": decoupled_weight_decay,
        }  # fmt: skip
        super().__init__(params, defaults)

    _elements = 0  # that large steps worked on

    def first_state(self, p: Tensor, group: Group) -> dict[str, Any]:
        state = super().first_state(p, group)
        return state | ({"max_exp_avg_sq": zeros_like(p.detach())} if group["amsgrad"] else {})

    def update(self, group: Group) -> None:
        on_memory = not group["amsgrad"] and in_place.possible(group["lr"], group["weight_decay"], *group["betas"])
        ready: list[tuple[in_place.Rows, Tensor, dict[str, Any]]] = []
        for p, g, state in self.moving(group):
            if on_memory:
                found = in_place.rows(g, p, state["exp_avg"], state["exp_avg_sq"])
                if found is not None:
                    ready.append((found, p, state))
                    continue
            g, _, missing, missing_square = self._begin(p, g, state, group)
            self._average(g, state, group)
            square = state["exp_avg_sq"]
            if group["amsgrad"]:
                square = state["max_exp_avg_sq"].copy_(maximum(state["max_exp_avg_sq"], square))
            root = (square.sqrt() / math.sqrt(missing_square)).add_(group["eps"])
            rate = group["lr"] / missing
            if isinstance(rate, Tensor):
                p.add_(state["exp_avg"] / root * -rate)
            else:
                p.addcdiv_(state["exp_avg"], root, value=-rate)
        steps = [self._advance(p, state, group) for _, p, state in ready]
        rates = {step: self._rates(group, step) for step in set(steps)}
        self._step_on([(found, rates[step]) for (found, *_), step in zip(ready, steps, strict=True)])

    def _advance(self, p: Tensor, state: dict[str, Any], group: Group) -> float:
        """Count the step of a parameter on whose memory it will be made, and note what will be written."""
        in_place.written(
            p, *(["mul_"] if group["weight_decay"] and group["decoupled_weight_decay"] else []), "addcdiv_"
        )
        in_place.written(state["exp_avg"], "lerp_")
        in_place.written(state["exp_avg_sq"], "mul_", "addcmul_")
        return in_place.advance(state["step"])

    def _rates(self, group: Group, step: float) -> adam_memory.Rates:
        first, second = map(float, group["betas"])
        decay, decoupled, rate = float(group["weight_decay"]), group["decoupled_weight_decay"], float(group["lr"])
        return adam_memory.Rates(
            kept=1 - rate * decay if decoupled else 1.0,
            decay=0.0 if decoupled else decay,
            first=1 - first,
            second_kept=second,
            second=1 - second,
            scale=math.sqrt(1 - second**step),
            eps=float(group["eps"]),
            back=-rate / (1 - first**step),
        )

    def _step_on(self, works: list[adam_memory.Work]) -> None:
        """Make the steps; by machine code once as many elements were stepped on as it is worth compiling for."""
        elements = sum(found[0].size for found, _ in works)
        if elements >= adam_memory.LARGE:
            self._elements += elements
            if self._elements > adam_memory.WORTH:
                adam_memory.step_together(works)
                return
        for work in works:
            adam_memory.step(work)


class AdamW(Adam):
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2017)."""

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-3, betas: tuple[Any, Any] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 1e-2, amsgrad: bool = False, *, maximize: bool = False, foreach: bool | None = None,
        capturable: bool = False, differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize, capturable=capturable,
            differentiable=differentiable, fused=fused, decoupled_weight_decay=True,
        )  # fmt: skip


class Adamax(_Moments):
    """Steps by the mean gradient over a decaying maximum of its size (Kingma and Ba, 2014)."""

    def __init__(
        self, params: Iterable[Any], lr: Any = 2e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, foreach: bool | None = None, *, maximize: bool = False, differentiable: bool = False,
        capturable: bool = False,
    ) -> None:  # fmt: skip
        check_lr(lr)
        self._check(lr, betas, eps, weight_decay)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def first_state(self, p: Tensor, group: Group) -> dict[str, Any]:
        return {"step": counter(), "exp_avg": zeros_like(p.detach()), "exp_inf": zeros_like(p.detach())}

    def update(self, group: Group) -> None:
        for p, g, state in self.moving(group):
            g, _, missing, _ = self._begin(p, g, state, group)
            first, second = group["betas"]
            state["exp_avg"].lerp_(g, 1 - first)
            largest = state["exp_inf"]
            largest.copy_(maximum(largest * second, g.abs().add_(group["eps"])))
            p.addcdiv_(state["exp_avg"], largest, value=-float(group["lr"]) / missing)


class NAdam(_Moments):
    """Adam with Nesterov's momentum (Dozat, 2016)."""

    def __init__(
        self, params: Iterable[Any], lr: Any = 2e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, momentum_decay: float = 4e-3, decoupled_weight_decay: bool = False, *,
        foreach: bool | None = None, maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        check_lr(lr)
        self._check(lr, betas, eps, weight_decay, momentum_decay=momentum_decay)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def first_state(self, p: Tensor, group: Group) -> dict[str, Any]:
        step, *means = super().first_state(p, group).items()
        return dict([step, ("mu_product", ones_like(step[1])), *means])

    def update(self, group: Group) -> None:
        for p, g, state in self.moving(group):
            g, step, _, missing_square = self._begin(p, g, state, group)
            now, later = (
                group["betas"][0] * (1 - 0.5 * 0.96 ** (count * group["momentum_decay"])) for count in (step, step + 1)
            )
            state["mu_product"] *= now
            product = state["mu_product"].item()
            self._average(g, state, group)
            root = state["exp_avg_sq"].div(missing_square).sqrt().add_(group["eps"])
            p.addcdiv_(g, root, value=-float(group["lr"]) * (1 - now) / (1 - product))
            p.addcdiv_(state["exp_avg"], root, value=-float(group["lr"]) * later / (1 - product * later))


class RAdam(_Moments):
    """Adam that waits with the division until the mean square is known well enough (Liu et al., 2019)."""

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, decoupled_weight_decay: bool = False, *, foreach: bool | None = None,
        maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        check_lr(lr)
        self._check(lr, betas, eps, weight_decay)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update(self, group: Group) -> None:
        second = group["betas"][1]
        limit = 2 / (1 - second) - 1
        for p, g, state in self.moving(group):
            g, step, missing, missing_square = self._begin(p, g, state, group)
            self._average(g, state, group)
            change = state["exp_avg"] / missing * group["lr"]
            length = limit - 2 * step * second**step / missing_square
            if length > 5:
                share = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
                root = state["exp_avg_sq"].sqrt().add_(group["eps"])
                change = change * (math.sqrt(missing_square) / root) * math.sqrt(share)
            p.add_(change, alpha=-1.0)
