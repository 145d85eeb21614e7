"""`torch.autograd.profiler`: the table per operation, in PyTorch's columns."""

import re

import pytest

import adjoint as torch
from adjoint.autograd.profiler import profile, record_function


def program():
    x = torch.ones(10, requires_grad=True)
    with record_function("mine"):
        y = (x.sin() * x).sum()
    y.backward()


def test_each_operation_has_a_row():
    with profile() as prof:
        program()
    counts = {event.key: event.count for event in prof.key_averages()}
    assert counts == {
        "mine": 1, "aten::sin": 1, "aten::mul": 1, "aten::sum": 1, "SumBackward0": 1, "MulBackward0": 1, "SinBackward0": 1,
    }  # fmt: skip


def test_times_of_a_block_hold_those_inside():
    with profile() as prof:
        program()
    mine = next(event for event in prof.function_events if event.key == "mine")
    assert [child.key for child in mine.cpu_children] == ["aten::sin", "aten::mul", "aten::sum"]
    assert mine.cpu_time_total >= sum(child.cpu_time_total for child in mine.cpu_children)
    assert all(child.cpu_parent is mine for child in mine.cpu_children)


def test_the_table_has_pytorchs_columns():
    with profile(profile_memory=True) as prof:
        program()
    titles = prof.key_averages().table(sort_by="self_cpu_time_total").splitlines()[1]
    assert re.split(r"\s{2,}", titles.strip()) == [
        "Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg", "CPU Mem", "Self CPU Mem", "# of Calls",
    ]  # fmt: skip


def test_memory_is_that_of_the_results():
    with profile(profile_memory=True) as prof:
        program()
    memory = {event.key: event.cpu_memory_usage for event in prof.key_averages()}
    assert (memory["aten::sin"], memory["aten::mul"], memory["mine"]) == (40, 40, 84)


def test_groups_by_shape():
    with profile(record_shapes=True) as prof:
        torch.ones(2).sin()
        torch.ones(3).sin()
    assert [event.input_shapes for event in prof.key_averages(group_by_input_shape=True)] == [[[2]], [[3]]]


def test_it_is_off_outside_and_after_an_error():
    def fail():
        with prof:
            torch.ones(2).sin()
            raise ZeroDivisionError

    prof = profile()
    with pytest.raises(ZeroDivisionError):
        fail()
    torch.ones(2).cos()
    assert [event.key for event in prof.function_events] == ["aten::sin"]


def test_it_is_not_reentrant():
    with profile() as prof:
        pass
    with pytest.raises(RuntimeError, match="Profiler context manager is not reentrant"):
        prof.__enter__()
