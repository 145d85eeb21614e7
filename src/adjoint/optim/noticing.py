"""What an optimizer notices of the gradients that it steps by: that nobody cleared them, or that there are none.

A step costs a look at one gradient. Only where something is wrong, more is looked at.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from weakref import ref

from adjoint.core.advice import AccumulatedGradientWarning, UnreachedParametersWarning, warn_once
from adjoint.core.events import BACKWARD, STEP, ZERO_GRAD, Event, all_latest, latest, line_of
from adjoint.core.graph import version_of
from adjoint.core.recorded import Recorded
from adjoint.core.tensor import Tensor

if TYPE_CHECKING:
    from adjoint.optim.optimizer import Optimizer

_PATIENCE = 3  # steps without gradients, where several optimizers take turns
#: what may change a gradient without a trace
_UNTRACED = re.compile(r"\.grad\.(data|numpy)\b")


def look(optimizer: Optimizer) -> None:
    """Before a step: warn where its gradients are probably not what the program means."""
    used = optimizer._used
    for p in _parameters(optimizer):
        grad = getattr(p, "_grad", None)
        if grad is not None:
            if used is not None and used[0]() is grad and used[1] != version_of(grad._writes):
                _check_cleared(optimizer, grad, used[1])
            return
    if used is None:
        _check_reached(optimizer)


def remember(optimizer: Optimizer) -> None:
    """After a step: note which gradient it used, and how often that was written to."""
    for p in _parameters(optimizer):
        grad = getattr(p, "_grad", None)
        if grad is not None:
            optimizer._used = ref(grad), version_of(grad._writes)
            return


def _parameters(optimizer: Optimizer) -> Iterator[Tensor]:
    return (p for group in optimizer.param_groups for p in group["params"])


def _check_cleared(optimizer: Optimizer, grad: Tensor, version: int) -> None:
    """Warn where the first thing that happened to a used gradient was that another was added to it."""
    since = [by for _, by, each in grad._writes or () if each > version]
    step, backward = latest(STEP, optimizer), latest(BACKWARD)
    if since[:1] != ["AccumulateGrad"] or step is None or _changes_untraced(step):
        return
    added = (
        f"the backward pass at {_place(backward)} added to it" if backward is not None else "another was added to it"
    )
    warn_once(
        f"{type(optimizer).__name__}.step() uses gradients that still hold those of its previous step: {added}, and "
        "zero_grad() was not called in between. Call zero_grad() before each backward(), or silence "
        "adjoint.insight.AccumulatedGradientWarning if the sum over all steps is meant.",
        AccumulatedGradientWarning,
    )


def _changes_untraced(event: Event) -> bool:
    return any(_UNTRACED.search(line) for line in linecache.getlines(event.code.co_filename))


def _check_reached(optimizer: Optimizer) -> None:
    """Warn where a backward pass ran, and no parameter of an optimizer ever had a gradient."""
    optimizer._idle += 1
    backward, made = latest(BACKWARD), optimizer._made_at
    if backward is None or made is None:
        return
    if optimizer._idle < (_PATIENCE if _takes_turns(optimizer, made[2]) else 1):
        return
    cleared = [each.sequence for each in all_latest(ZERO_GRAD)]
    stepped = [each.sequence for each in all_latest(STEP) if each.subject() is optimizer]
    if backward.sequence < max(made[2], *cleared, *stepped[1:], 0):
        return
    root = backward.subject()
    if root is not None and not Recorded(root).leaves.keys().isdisjoint(map(id, _parameters(optimizer))):
        return
    given = f", which it was given at {made[0].co_filename}:{line_of(*made[:2])},"
    count = sum(1 for _ in _parameters(optimizer))
    which = f"none of its {count} parameters{given} has" if count > 1 else f"its parameter{given} has not"
    warn_once(
        f"{type(optimizer).__name__}.step() changes nothing: {which} a gradient, though a backward pass ran at "
        f"{_place(backward)}. The loss there was not computed from them. adjoint.why(parameter) says more of each.",
        UnreachedParametersWarning,
    )


def _takes_turns(optimizer: Optimizer, since: int) -> bool:
    """Whether other optimizers have stepped since this one was made."""
    return any(each.sequence > since and each.subject() is not optimizer for each in all_latest(STEP))


def _place(event: Event) -> str:
    return f"{event.code.co_filename}:{event.line}"
