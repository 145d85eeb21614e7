"""Anomaly detection: which operation failed in a backward pass or made a NaN there, and where the program called it."""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from adjoint.core import apply, modes
from adjoint.core.callers import caller, is_ours
from adjoint.core.graph import Node, expose
from adjoint.core.tensor import Tensor


class Place:
    """Where in a program an operation was called: the call stack, without this library's own innermost frames."""

    __slots__ = ("_frames",)

    def __init__(self) -> None:
        # the lines of the source are read when the place is shown, if it ever is
        self._frames = traceback.StackSummary.extract(traceback.walk_stack(caller()), lookup_lines=False)
        self._frames.reverse()

    def lines(self) -> list[str]:
        """The call stack as a traceback shows it, outermost call first."""
        return self._frames.format()

    @property
    def file(self) -> str:
        return self._frames[-1].filename

    @property
    def line(self) -> int:
        return self._frames[-1].lineno or 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def record_place(node: Node, operands: Sequence[Any], results: Sequence[Tensor]) -> None:
    """Note, on a new node, where its operation was called, and which node's backward pass called it if one did."""
    if modes.state.anomaly:
        annex = node.ensure_annex()
        annex.place = Place()
        annex.metadata = {"traceback_": annex.place.lines()}
        if modes.state.evaluating is not None:
            annex.metadata["parent_"] = expose(modes.state.evaluating)


apply.on_record.append(record_place)


def checked_vjp(node: Node, xp: Any, saved: tuple, cotangent: Any) -> Sequence[Any]:
    """A node's gradients; nodes made meanwhile are noted to be its offspring."""
    before = modes.set_mode("evaluating", node)
    try:
        gradients = node.vjp(xp, saved, cotangent)
    finally:
        modes.set_mode("evaluating", before)
    if node.annex is None or not node.annex.post_hooks:  # else they are checked as the hooks leave them
        check_nan(node, gradients)
    return gradients


def check_nan(node: Node, gradients: Sequence[Any]) -> None:
    """Raise when a gradient that a node gave has a NaN."""
    if not modes.state.check_nan:
        return
    for place, gradient in enumerate(gradients):
        array = gradient._data if isinstance(gradient, Tensor) else gradient
        if isinstance(array, (np.ndarray, np.generic)) and array.dtype.kind not in "biu" and np.isnan(array).any():
            raise RuntimeError(
                f"Function '{node.name()}' returned nan values in its {place}th output.\n"
                "Look at the values that it saved: a root or logarithm of 0, or 0 times an infinite derivative, gives a NaN."
                + (
                    f"\nIt ran at {node.annex.place}."
                    if node.annex is not None and node.annex.place is not None
                    else ""
                )
            )


def report_failure(node: Node | None) -> None:
    """Warn, with the call stacks that led to it, which node of a backward pass raised."""
    if node is None:
        return
    stack = _stack(node)
    if stack is None:
        _warn(
            f"Error detected in {node.name()}. No forward pass information available. Enable detect anomaly during forward "
            "pass for more information."
        )
        return
    _warn(f"Error detected in {node.name()}. Traceback of forward call that caused the error:\n{stack}")
    while (parent := node.annex.metadata.get("parent_")) is not None:  # type: ignore[union-attr]
        node = getattr(parent, "_node", parent)  # what stands for the node of a user's Function
        _warn(
            f"\n\nPrevious calculation was induced by {node.name()}. Traceback of forward call that induced the previous "
            f"calculation:\n{_stack(node) or ''}"
        )
        if node.annex is None or node.annex.metadata is None:
            return


def _stack(node: Node) -> str | None:
    metadata = node.annex.metadata if node.annex is not None else None
    lines = metadata.get("traceback_") if metadata else None
    return None if lines is None else "".join(lines)


def _warn(text: str) -> None:
    frame, depth = sys._getframe(1), 1
    while frame.f_back is not None and is_ours(frame.f_code):
        frame, depth = frame.f_back, depth + 1
    warnings.warn(text, UserWarning, stacklevel=depth)
