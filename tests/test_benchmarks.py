"""The benchmarks race the same work: here the numbers that each library gives, and what is made of times. No timing."""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest

from benchmarks.peers import PEERS
from benchmarks.report import LaneResult, TaskResult, table, write
from benchmarks.run import agree, main
from benchmarks.task import Lane, Task
from benchmarks.tasks import TASKS
from benchmarks.worker import Worker, WorkerError

# torch.compile needs a C++ compiler and many seconds; a run of the benchmarks compares its numbers too.
TRIED = [name for name, peer in PEERS.items() if peer.installed and name != "torch-compile"]

# Those that give numbers, are no second use of another's source, and have someone to agree with.
COMPARED = {
    name: task
    for name, task in TASKS.items()
    if name != "import" and task.measure == "steady" and task.rivals != (task.ours,)
}


@pytest.fixture(scope="module")
def worker():
    """The process of a peer, by the peer's name: one for all tasks."""
    with ExitStack() as stack:
        started: dict[str, Worker] = {}

        def of(peer: str) -> Worker:
            if peer not in started:
                started[peer] = stack.enter_context(Worker(peer))
            return started[peer]

        yield of


@pytest.mark.parametrize("task", COMPARED.values(), ids=COMPARED)
def test_every_library_gives_the_same_numbers(task, worker):
    peers = dict.fromkeys(lane.peer for lane in task.lanes if lane.peer in TRIED)
    if len(peers) < 2:
        pytest.skip("no other library is installed")
    samples = {peer: worker(peer).prepare(task.name, task.tiny) for peer in peers}
    ours = samples.pop(task.ours)
    assert {peer: sample for peer, sample in samples.items() if not agree(ours, sample)} == {}


def test_numbers_that_differ_do_not_agree():
    assert agree([1.0, 2.0], [1.0, 2.00001])
    assert not agree([1.0, 2.0], [1.0, 2.01])
    assert not agree([1.0, 2.0], [1.0])


def test_a_failure_in_a_worker_is_one_line(worker):
    with pytest.raises(WorkerError, match=r"^KeyError: 'no-such-task'$"):
        worker("numpy").prepare("no-such-task", 1)


def race(ours, theirs, bound):
    task = Task("t", "about", {}, rivals=("torch",), bounds={"torch": bound})
    times = {"adjoint": ours, "torch": theirs}
    return TaskResult(task, [LaneResult(Lane(name, 1, name), seconds) for name, seconds in times.items()])


def test_a_slow_moment_of_the_machine_leaves_the_ratio_alone():
    ratio = race([1.0, 10.0, 1.0], [3.0, 30.0, 3.0], 2.5).lines[1].ratio
    assert (ratio.median, ratio.least, ratio.most) == (3.0, 3.0, 3.0)


def test_a_ratio_below_its_bound_fails():
    result = race([1.0, 1.0, 1.0], [2.0, 2.4, 9.0], 2.5)
    assert result.failed
    assert "2.40       [2.00, 9.00]  at least 2.5: FAIL" in table(result)
    assert not race([1.0], [2.5], 2.5).failed


def test_a_run_writes_every_time_that_it_measured(tmp_path, capsys):
    output = tmp_path / "new" / "latest.json"
    options = ["--only", "import", "--peers", "numpy", "--rounds", "2", "--quick", "--output", str(output)]
    assert main(options) == 0
    (task,) = json.loads(output.read_text())["tasks"]
    assert [(lane["peer"], len(lane["seconds"])) for lane in task["lanes"]] == [("adjoint", 2), ("numpy", 2)]
    assert "import: a whole process" in capsys.readouterr().out


def test_a_run_that_is_stopped_while_writing_keeps_the_last_results(tmp_path):
    output = tmp_path / "latest.json"
    output.write_text("the last results")
    with pytest.raises(TypeError):
        write(output, {"not": object()}, [], {})
    assert output.read_text() == "the last results"


@pytest.mark.parametrize("options", [["--only", "nothing"], ["--peers", "torch,nobody"], ["--rounds", "0"]])
def test_options_that_mean_nothing_are_refused(options, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(options)
    assert "error:" in capsys.readouterr().err
