"""Where the time of a program goes: each operation, forward and backward, with its calls, time and memory.

The table has PyTorch's columns. Times are of this thread's operations while the profiler is on; memory is that of the
arrays that an operation makes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter_ns
from typing import Any

import numpy as np

from adjoint.core import modes
from adjoint.core.graph import Node
from adjoint.core.primitive import Primitive
from adjoint.core.tensor import Tensor

__all__ = ["EventList", "FunctionEvent", "FunctionEventAvg", "profile", "record_function"]


class FunctionEvent:
    """One call of an operation, or one `record_function` block: times in microseconds, memory in bytes."""

    def __init__(self, name: str, start: float, parent: FunctionEvent | None, input_shapes: list[list[int]]) -> None:
        self.name = self.key = name
        self.count = 1
        self.start_us = start
        self.end_us = start
        self.cpu_parent = parent
        self.cpu_children: list[FunctionEvent] = []
        self.input_shapes = input_shapes
        self.self_cpu_memory_usage = 0

    @property
    def cpu_time_total(self) -> float:
        """The time from the start to the end of the call."""
        return self.end_us - self.start_us

    cpu_time = cpu_time_total

    @property
    def self_cpu_time_total(self) -> float:
        """The time of the call without that of the calls inside it."""
        return self.cpu_time_total - sum(child.cpu_time_total for child in self.cpu_children)

    @property
    def cpu_memory_usage(self) -> int:
        """The bytes of the arrays made in this call and in those inside it."""
        return self.self_cpu_memory_usage + sum(child.cpu_memory_usage for child in self.cpu_children)

    def __repr__(self) -> str:
        return (
            f"<FunctionEvent name={self.name} cpu_time={time_text(self.cpu_time_total)} start_us={self.start_us:.3f} "
            f"end_us={self.end_us:.3f} input_shapes={self.input_shapes} cpu_memory_usage={self.cpu_memory_usage}>"
        )


class FunctionEventAvg:
    """All calls of one operation together."""

    def __init__(self, key: str, input_shapes: list[list[int]] | None = None) -> None:
        self.key = key
        self.input_shapes = input_shapes or []
        self.count = 0
        self.cpu_time_total = 0.0
        self.self_cpu_time_total = 0.0
        self.cpu_memory_usage = 0
        self.self_cpu_memory_usage = 0

    def add(self, event: FunctionEvent | FunctionEventAvg) -> FunctionEventAvg:
        """Count an event, or other calls, in."""
        self.count += event.count
        self.cpu_time_total += event.cpu_time_total
        self.self_cpu_time_total += event.self_cpu_time_total
        self.cpu_memory_usage += event.cpu_memory_usage
        self.self_cpu_memory_usage += event.self_cpu_memory_usage
        return self

    @property
    def cpu_time(self) -> float:
        """The mean time of one call."""
        return self.cpu_time_total / self.count if self.count else 0.0

    def __repr__(self) -> str:
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={time_text(self.self_cpu_time_total)} "
            f"cpu_time={time_text(self.cpu_time)} input_shapes={self.input_shapes} cpu_memory_usage={self.cpu_memory_usage}>"
        )


class EventList(list):
    """Events, or their averages, with a table."""

    def __init__(self, events: Iterable[Any] = (), *, profile_memory: bool = False) -> None:
        super().__init__(events)
        self._profile_memory = profile_memory

    @property
    def self_cpu_time_total(self) -> float:
        return sum(event.self_cpu_time_total for event in self)

    def key_averages(self, group_by_input_shape: bool = False, **_: Any) -> EventList:
        """The calls of each operation together, or of each operation on each choice of input shapes."""
        groups: dict[Any, FunctionEventAvg] = {}
        for event in self:
            shapes = event.input_shapes if group_by_input_shape else None
            group = groups.setdefault((event.key, str(shapes)), FunctionEventAvg(event.key, shapes))
            group.add(event)
        return EventList(groups.values(), profile_memory=self._profile_memory)

    def total_average(self) -> FunctionEventAvg:
        """All calls of all operations together."""
        total = FunctionEventAvg("Total")
        for event in self:
            total.add(event)
        return total

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_name_column_width: int = 55,
        header: str | None = None,
        **_: Any,
    ) -> str:
        """The events as a table, in the order of `sort_by`, an attribute such as "self_cpu_time_total"."""
        rows = sorted(self, key=lambda event: getattr(event, sort_by), reverse=True) if sort_by else list(self)
        columns = _COLUMNS + (_MEMORY_COLUMNS if self._profile_memory else ()) + _LAST_COLUMNS
        whole = self.self_cpu_time_total or 1.0
        cells = [[cell(event, whole) for _, cell in columns] for event in rows[:row_limit]]
        width = min(max([len(event.key) for event in rows[:row_limit]] + [4]) + 4, max_name_column_width)
        names = [_shortened(event.key, width) for event in rows[:row_limit]]
        widths = [width] + [
            max([len(title), 12, *(len(row[place]) for row in cells)]) for place, (title, _) in enumerate(columns)
        ]
        rule = "  ".join("-" * each for each in widths) + "  "
        titles = ["Name", *(title for title, _ in columns)]
        lines = [] if header is None else [header]
        lines += [rule, _row(titles, widths), rule]
        lines += [_row([name, *row], widths) for name, row in zip(names, cells, strict=True)]
        lines += [rule, f"Self CPU time total: {time_text(self.self_cpu_time_total)}", ""]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.table()


def _row(cells: list[str], widths: list[int]) -> str:
    return "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True)) + "  "


def _shortened(name: str, width: int) -> str:
    return name if len(name) <= width else name[: width - 3] + "..."


def time_text(microseconds: float) -> str:
    """A time in the unit that reads best."""
    if microseconds >= 1e6:
        return f"{microseconds / 1e6:.3f}s"
    if microseconds >= 1e3:
        return f"{microseconds / 1e3:.3f}ms"
    return f"{microseconds:.3f}us"


def memory_text(count: int) -> str:
    """A number of bytes in the unit that reads best."""
    for unit, size in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if abs(count) >= size:
            return f"{count / size:.2f} {unit}"
    return f"{count} B"


_COLUMNS: tuple[tuple[str, Callable[[Any, float], str]], ...] = (
    ("Self CPU %", lambda event, whole: f"{100 * event.self_cpu_time_total / whole:.2f}%"),
    ("Self CPU", lambda event, _: time_text(event.self_cpu_time_total)),
    ("CPU total %", lambda event, whole: f"{100 * event.cpu_time_total / whole:.2f}%"),
    ("CPU total", lambda event, _: time_text(event.cpu_time_total)),
    ("CPU time avg", lambda event, _: time_text(event.cpu_time)),
)
_MEMORY_COLUMNS: tuple[tuple[str, Callable[[Any, float], str]], ...] = (
    ("CPU Mem", lambda event, _: memory_text(event.cpu_memory_usage)),
    ("Self CPU Mem", lambda event, _: memory_text(event.self_cpu_memory_usage)),
)
_LAST_COLUMNS: tuple[tuple[str, Callable[[Any, float], str]], ...] = (
    ("# of Calls", lambda event, _: str(event.count)),
)


class profile:  # noqa: N801
    """Measure the operations of a `with` block.

    With `record_shapes` events know their inputs' shapes, with `profile_memory` the table has columns of memory.

    >>> import adjoint as torch
    >>> x = torch.ones(3, requires_grad=True)
    >>> with torch.autograd.profiler.profile() as prof:
    ...     x.sin().sum().backward()
    >>> [(event.key, event.count) for event in prof.key_averages()]
    [('aten::sin', 1), ('aten::sum', 1), ('SumBackward0', 1), ('SinBackward0', 1)]
    """

    def __init__(
        self,
        enabled: bool = True,
        *,
        record_shapes: bool = False,
        profile_memory: bool = False,
        use_cpu: bool = True,
        **_: Any,
    ) -> None:
        self.enabled = enabled
        self.record_shapes = record_shapes
        self.profile_memory = profile_memory
        self.function_events: EventList = EventList(profile_memory=profile_memory)
        self._open: FunctionEvent | None = None
        self._entered = False

    def __enter__(self) -> profile:
        if self._entered:
            raise RuntimeError("Profiler context manager is not reentrant")
        self._entered = True
        if self.enabled:
            self._began = perf_counter_ns()
            modes.set_mode("observers", (*modes.state.observers, self))
        return self

    def __exit__(self, *_: object) -> None:
        if self.enabled:
            modes.set_mode("observers", tuple(each for each in modes.state.observers if each is not self))

    @contextmanager
    def event(self, name: str, operands: Iterable[Any] = ()) -> Iterator[FunctionEvent]:
        """Measure what happens in a block; `made` on the event counts its memory."""
        shapes = [list(each.shape) for each in operands if isinstance(each, Tensor)] if self.record_shapes else []
        event = FunctionEvent(name, (perf_counter_ns() - self._began) / 1e3, self._open, shapes)
        self.function_events.append(event)
        outer, self._open = self._open, event
        try:
            yield event
        finally:
            event.end_us = (perf_counter_ns() - self._began) / 1e3
            self._open = outer
            if outer is not None:
                outer.cpu_children.append(event)

    def operation(self, primitive: Primitive, operands: Sequence[Any], params: dict | None, call: Callable) -> Any:
        """Run an operation of the forward pass, and note it."""
        return self.around(f"aten::{primitive.title}", operands, call)

    def backward(self, node: Node, call: Callable) -> Any:
        """Run an operation's rules in the backward pass, and note it."""
        return self.around(node.name(), (), call)

    def around(self, name: str, operands: Iterable[Any], call: Callable[[], Any]) -> Any:
        """Run one operation, and note its time and the memory of its results."""
        with self.event(name, operands) as event:
            result = call()
            event.self_cpu_memory_usage += sum(
                _bytes(each) for each in (result if isinstance(result, (tuple, list)) else (result,))
            )
        return result

    def key_averages(self, group_by_input_shape: bool = False, **_: Any) -> EventList:
        """The calls of each operation together."""
        self._finished()
        return self.function_events.key_averages(group_by_input_shape)

    def total_average(self) -> FunctionEventAvg:
        """All calls together."""
        self._finished()
        return self.function_events.total_average()

    def table(self, sort_by: str | None = None, row_limit: int = 100, **options: Any) -> str:
        """The table of all events."""
        self._finished()
        return self.function_events.table(sort_by, row_limit, **options)

    @property
    def self_cpu_time_total(self) -> float:
        """The time of all operations, in microseconds."""
        self._finished()
        return self.function_events.self_cpu_time_total

    def _finished(self) -> None:
        if not self._entered:
            raise RuntimeError("Profiler didn't finish running")

    def __str__(self) -> str:
        return self.table() if self._entered else "<unfinished torch.autograd.profile>"

    __repr__ = __str__


def _bytes(value: Any) -> int:
    data = value._data if isinstance(value, Tensor) else value
    if isinstance(data, np.ndarray):
        return data.nbytes if data.base is None else 0
    return data.itemsize if isinstance(data, np.generic) else 0


class record_function:  # noqa: N801
    """Give a block, or the calls of a decorated function, a name and a row in the profile.

    >>> import adjoint as torch
    >>> with torch.autograd.profiler.profile() as prof:
    ...     with torch.autograd.profiler.record_function("both"):
    ...         _ = torch.ones(2).sin().cos()
    >>> prof.function_events[0].key, len(prof.function_events[0].cpu_children)
    ('both', 2)
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self.args = args

    def __enter__(self) -> record_function:
        self._events = [observer.event(self.name) for observer in modes.state.observers[-1:]]
        for event in self._events:
            event.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        for event in self._events:
            event.__exit__(*error)

    def __call__(self, function: Callable) -> Callable:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name, self.args):
                return function(*args, **kwargs)

        return wrapped
