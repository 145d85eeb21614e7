"""The limited-memory method of Broyden, Fletcher, Goldfarb and Shanno."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from adjoint.autograd.grad_mode import enable_grad, no_grad
from adjoint.core.tensor import Tensor
from adjoint.ops.joining import cat
from adjoint.optim.optimizer import Optimizer

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    """Steps along the gradient as an estimate of the inverse Hessian turns it (Nocedal and Wright, chapter 7).

    `step` takes a closure that computes the loss and the gradients anew, and calls it as often as it needs. With
    `line_search_fn="strong_wolfe"` the length of each step is searched for. It takes one group of parameters.
    """

    def __init__(
        self, params: Iterable[Any], lr: Any = 1, max_iter: int = 20, max_eval: int | None = None,
        tolerance_grad: float = 1e-7, tolerance_change: float = 1e-9, history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:  # fmt: skip
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not lr >= 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        defaults = {
            "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change, "history_size": history_size,
            "line_search_fn": line_search_fn,
        }  # fmt: skip
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params = self.param_groups[0]["params"]

    # --- all parameters as one vector ---

    def _gradient(self) -> Tensor:
        parts = [p.new_zeros(p.numel()) if p.grad is None else p.grad.reshape(-1) for p in self._params]
        return cat([part.detach() for part in parts])

    def _move(self, length: Any, direction: Tensor) -> None:
        place = 0
        for p in self._params:
            p.add_(direction[place : place + p.numel()].view_as(p), alpha=float(length))
            place += p.numel()

    def _evaluate(self, closure: Callable, start: list[Tensor], length: Any, direction: Tensor) -> tuple[float, Tensor]:
        """The loss and the gradient a step away; the parameters are put back."""
        self._move(length, direction)
        with enable_grad():
            loss = float(closure())
        gradient = self._gradient()
        for p, before in zip(self._params, start, strict=True):
            p.copy_(before)
        return loss, gradient

    # --- a step ---

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Minimise along several directions; returns the loss at the start."""
        if closure is None:
            raise TypeError("LBFGS.step() missing 1 required positional argument: 'closure'")
        self._opt_called = True
        for hook in self._optimizer_step_pre_hooks.values():
            hook(self, (closure,), {})
        with no_grad():
            loss = self._minimise(closure)
        for hook in self._optimizer_step_post_hooks.values():
            hook(self, (closure,), {})
        return loss

    def _minimise(self, closure: Callable) -> Any:
        group = self.param_groups[0]
        lr, search = group["lr"], group["line_search_fn"]
        if search not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        with enable_grad():
            first = closure()
        loss, evaluations = float(first), 1
        state["func_evals"] += 1
        gradient = self._gradient()
        if _size(gradient) <= group["tolerance_grad"]:
            return first
        direction, length = state.get("d"), state.get("t")
        before, loss_before = state.get("prev_flat_grad"), state.get("prev_loss")
        kept: dict[str, Any] = {name: state.get(name) for name in ("old_dirs", "old_stps", "ro", "H_diag")}
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                direction = -gradient
                kept = {"old_dirs": [], "old_stps": [], "ro": [], "H_diag": 1}
                length = min(1.0, 1.0 / gradient.abs().sum().item()) * lr
            else:
                self._remember(kept, gradient - before, direction * _number(length), group["history_size"])
                direction = _turned(gradient, kept, state.setdefault("al", [None] * group["history_size"]))
                length = lr
            before = gradient.clone()
            loss_before = loss
            slope = gradient.dot(direction)
            if slope > -group["tolerance_change"]:
                break
            used = 0
            if search:
                start = [p.clone() for p in self._params]
                loss, gradient, length, used = _strong_wolfe(
                    lambda t, d, start=start: self._evaluate(closure, start, t, d),
                    length,
                    direction,
                    loss,
                    gradient,
                    slope,
                )
                self._move(length, direction)
            else:
                self._move(length, direction)
                if iteration != group["max_iter"]:
                    with enable_grad():
                        loss = float(closure())
                    gradient = self._gradient()
                    used = 1
            evaluations += used
            state["func_evals"] += used
            if (
                iteration == group["max_iter"]
                or evaluations >= group["max_eval"]
                or _size(gradient) <= group["tolerance_grad"]
                or _size(direction * _number(length)) <= group["tolerance_change"]
                or abs(loss - loss_before) < group["tolerance_change"]
            ):
                break
        state.update(d=direction, t=length, **kept, prev_flat_grad=before, prev_loss=loss_before)
        return first

    @staticmethod
    def _remember(kept: dict[str, Any], change: Tensor, step: Tensor, size: int) -> None:
        """Keep a pair of a step and the change of the gradient along it, where it says that the function curves up."""
        curvature = change.dot(step)
        if curvature <= 1e-10:
            return
        if len(kept["old_dirs"]) == size:
            for name in ("old_dirs", "old_stps", "ro"):
                kept[name].pop(0)
        kept["old_dirs"].append(change)
        kept["old_stps"].append(step)
        kept["ro"].append(1.0 / curvature)
        kept["H_diag"] = curvature / change.dot(change)


def _turned(gradient: Tensor, kept: dict[str, Any], shares: list[Any]) -> Tensor:
    """Minus the gradient times the estimate of the inverse Hessian, by the loop forth and back over the kept pairs."""
    changes, steps, inverse = kept["old_dirs"], kept["old_stps"], kept["ro"]
    q = -gradient
    for place in reversed(range(len(changes))):
        shares[place] = steps[place].dot(q) * inverse[place]
        q = q - changes[place] * shares[place]
    direction = q * kept["H_diag"]
    for place in range(len(changes)):
        back = changes[place].dot(direction) * inverse[place]
        direction = direction + steps[place] * (shares[place] - back)
    return direction


def _size(x: Tensor) -> float:
    return x.abs().max().item()


def _number(x: Any) -> float:
    return float(x)


def _cubic_minimum(x1: Any, f1: Any, g1: Any, x2: Any, f2: Any, g2: Any, bounds: tuple[Any, Any] | None = None) -> Any:
    """Where the cubic through two points with these slopes is least, within bounds (Nocedal and Wright, 3.59)."""
    low, high = bounds if bounds is not None else (min(x1, x2), max(x1, x2))
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1**2 - g1 * g2
    if square < 0:
        return (low + high) / 2.0
    d2 = square**0.5
    if x1 <= x2:
        least = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
    else:
        least = x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2))
    return min(max(least, low), high)


def _strong_wolfe(
    evaluate: Callable, t: Any, direction: Tensor, f: float, g: Tensor, slope: Tensor, c1: float = 1e-4, c2: float = 0.9,
    tolerance_change: float = 1e-9, max_steps: int = 25,
) -> tuple[float, Tensor, Any, int]:  # fmt: skip
    """A length that meets the strong conditions of Wolfe (Nocedal and Wright, algorithms 3.5 and 3.6)."""
    size = _size(direction)
    g = g.clone()
    f_new, g_new = evaluate(t, direction)
    evaluations, slope_new = 1, g_new.dot(direction)
    t_prev: Any = 0
    f_prev, g_prev, slope_prev = f, g, slope
    done = False
    bracket: list[Any] = []
    for step in range(max_steps):
        if f_new > f + c1 * t * slope or (step > 1 and f_new >= f_prev):
            bracket = [t_prev, t]
            bracket_f, bracket_g = [f_prev, f_new], [g_prev, g_new.clone()]
            bracket_slope = [slope_prev, slope_new]
            break
        if abs(slope_new) <= -c2 * slope:
            bracket, bracket_f, bracket_g, bracket_slope, done = [t], [f_new], [g_new], [slope_new], True
            break
        if slope_new >= 0:
            bracket = [t_prev, t]
            bracket_f, bracket_g = [f_prev, f_new], [g_prev, g_new.clone()]
            bracket_slope = [slope_prev, slope_new]
            break
        least, most = t + 0.01 * (t - t_prev), t * 10
        earlier = t
        t = _cubic_minimum(t_prev, f_prev, slope_prev, t, f_new, slope_new, bounds=(least, most))
        t_prev, f_prev, g_prev, slope_prev = earlier, f_new, g_new.clone(), slope_new
        f_new, g_new = evaluate(t, direction)
        evaluations += 1
        slope_new = g_new.dot(direction)
    else:
        bracket, bracket_f, bracket_g, bracket_slope = [0, t], [f, f_new], [g, g_new], [slope, slope_new]
        step = max_steps
    stuck = False
    low, high = (0, 1) if bracket_f[0] <= bracket_f[-1] else (1, 0)
    while not done and step < max_steps:
        if abs(bracket[1] - bracket[0]) * size < tolerance_change:
            break
        t = _cubic_minimum(bracket[0], bracket_f[0], bracket_slope[0], bracket[1], bracket_f[1], bracket_slope[1])
        margin = 0.1 * (max(bracket) - min(bracket))
        if min(max(bracket) - t, t - min(bracket)) < margin:  # too near an end to make progress
            if stuck or t >= max(bracket) or t <= min(bracket):
                t = max(bracket) - margin if abs(t - max(bracket)) < abs(t - min(bracket)) else min(bracket) + margin
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        f_new, g_new = evaluate(t, direction)
        evaluations += 1
        slope_new = g_new.dot(direction)
        step += 1
        if f_new > f + c1 * t * slope or f_new >= bracket_f[low]:
            bracket[high], bracket_f[high], bracket_g[high], bracket_slope[high] = t, f_new, g_new.clone(), slope_new
            low, high = (0, 1) if bracket_f[0] <= bracket_f[1] else (1, 0)
        else:
            if abs(slope_new) <= -c2 * slope:
                done = True
            elif slope_new * (bracket[high] - bracket[low]) >= 0:
                bracket[high], bracket_f[high] = bracket[low], bracket_f[low]
                bracket_g[high], bracket_slope[high] = bracket_g[low], bracket_slope[low]
            bracket[low], bracket_f[low], bracket_g[low], bracket_slope[low] = t, f_new, g_new.clone(), slope_new
    return bracket_f[low], bracket_g[low], bracket[low], evaluations
