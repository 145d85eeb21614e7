"""Workers of a loader: what they send, how they fail, and that they end."""

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import adjoint as torch
from adjoint.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, get_worker_info, transport

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc, and forks"),
    pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning"),
]


class Made(Dataset):
    """Samples that a function makes."""

    def __init__(self, function, length=8):
        self.function = function
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        return self.function(index)


def raising(error):
    def raise_it(index):
        raise error

    return Made(raise_it)


def loader(function, length=8, **options):
    return DataLoader(Made(function, length), **{"num_workers": 2, "multiprocessing_context": "fork", **options})


def is_running(pid):
    """Whether there is such a process, that has not ended yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    assert condition()


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """Where temporary files are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


# --- what they send ---


def refuse(*args):
    raise OSError


@pytest.mark.parametrize(
    "system", ["this", "without files in memory", "with too many of them", "with no room for them"]
)
@pytest.mark.parametrize("length", [3, 50_000])
def test_batches_arrive_whole(length, system, monkeypatch, scratch):
    if system == "without files in memory":
        monkeypatch.setattr(transport, "_HAS_MEMORY_FILES", False)
    elif system == "with too many of them":
        monkeypatch.setattr(transport.socket, "send_fds", refuse, raising=False)
    elif system == "with no room for them":
        monkeypatch.setattr(os, "memfd_create", refuse, raising=False)

    def sample(index):
        return {
            "float": torch.full((length,), float(index)),
            "short": torch.full((length,), index, dtype=torch.bfloat16),
            "complex": torch.full((length,), 1j * index),
            "number": torch.tensor(index),
            "empty": torch.zeros(0, 2),
            "gradient": torch.ones(length, requires_grad=True),
            "array": np.full(length, index),
            "text": "x" * length,
        }

    batches = list(loader(sample, batch_size=None))
    for index, batch in enumerate(batches):
        for name in ("float", "short", "complex", "array"):
            assert batch[name].shape == (length,)
            assert (batch[name] == sample(index)[name]).all()
            assert batch[name].dtype == torch.as_tensor(sample(index)[name]).dtype
        assert batch["number"].item() == index
        assert batch["number"].shape == ()
        assert batch["empty"].shape == (0, 2)
        assert batch["gradient"].requires_grad
        assert batch["text"] == "x" * length
    batches[0]["float"].add_(1)
    batches[1]["short"].add_(1)
    assert batches[0]["float"].sum() == length
    assert not list(scratch.iterdir())


def test_layouts():
    x = torch.arange(24.0).reshape(2, 3, 4)
    views = [x.transpose(0, 2), x[:, ::2], x[1].expand(5, 3, 4), x.flip(0)]
    for view, arrived in zip(views, loader(lambda index: views[index], 4, batch_size=None), strict=True):
        assert torch.equal(view, arrived)


def test_keeping_all_batches_costs_no_descriptors():
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.glob("*")))
    kept = list(loader(lambda index: torch.full((10_000,), float(index)), 400))
    assert [batch[0, 0].item() for batch in kept] == list(range(400))
    assert len(list(descriptors.glob("*"))) < before + 200


def test_large_indices_and_large_samples():
    """Neither side waits for the other to read, however much both have to say."""
    batches = [list(range(100_000))] * 12
    made = DataLoader(range(100_000), batch_sampler=batches, num_workers=2, collate_fn=lambda batch: "x" * 10**6)
    assert [len(batch) for batch in made] == [10**6] * 12


def test_far_ahead():
    assert len(list(loader(lambda index: index, 3000, prefetch_factor=1500))) == 3000


def test_out_of_order():
    def sample(index):
        if index == 0:
            time.sleep(0.3)
        return index

    found = [batch.item() for batch in loader(sample, in_order=False)]
    assert sorted(found) == list(range(8))
    assert found[0] != 0


def test_two_loaders_at_once():
    pairs = zip(loader(lambda index: index), loader(lambda index: -index), strict=True)
    assert [(a.item(), b.item()) for a, b in pairs] == [(n, -n) for n in range(8)]


def test_worker_info():
    def sample(index):
        info = get_worker_info()
        return info.id, info.num_workers, info.seed - info.id, info.dataset.length, torch.initial_seed() - info.seed

    found = list(loader(sample, batch_size=None))
    assert [row[:2] for row in found] == [[0, 2], [1, 2]] * 4
    assert len({row[2] for row in found}) == 1
    assert all(row[3:] == [8, 0] for row in found)
    assert get_worker_info() is None


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_other_ways_to_start(method):
    dataset = TensorDataset(torch.arange(5), torch.ones(5, 3))
    made = DataLoader(dataset, 2, num_workers=1, multiprocessing_context=method)
    assert [batch[0].tolist() for batch in made] == [[0, 1], [2, 3], [4]]


def test_what_cannot_be_pickled_warns_before_it_fails():
    made = DataLoader([1], num_workers=1, collate_fn=lambda batch: batch, multiprocessing_context="spawn")
    with pytest.warns(UserWarning, match="Got pickle error"), pytest.raises((AttributeError, TypeError)):
        iter(made)


# --- how they fail ---


def test_exception():
    with pytest.raises(ValueError, match="Caught ValueError in DataLoader worker process 0") as caught:
        list(DataLoader(raising(ValueError("bad")), num_workers=2))
    text = str(caught.value)
    assert "\nOriginal Traceback (most recent call last):\n" in text
    assert "in raise_it\n" in text
    assert text.endswith("ValueError: bad\n")


def test_exception_that_nobody_else_knows():
    class OwnError(Exception):
        pass

    with pytest.raises(RuntimeError, match=r"(?s)in DataLoader worker process 0.*OwnError: bad"):
        list(DataLoader(raising(OwnError("bad")), num_workers=2))


def test_pass_goes_on_after_an_exception():
    def sample(index):
        return 1 // (index - 2)

    batches, found = iter(loader(sample, 5)), []
    for _ in range(5):
        try:
            found.append(next(batches).item())
        except ZeroDivisionError:
            found.append(None)
    assert found == [-1, -1, None, 1, 0]
    assert next(batches, None) is None


def test_samples_that_cannot_be_sent():
    with pytest.raises((AttributeError, TypeError), match="in DataLoader worker process 0"):
        list(loader(lambda index: lambda: index, collate_fn=lambda batch: batch))
    with pytest.raises(RuntimeError, match="Cowardly refusing to serialize non-leaf tensor which requires_grad"):
        list(loader(lambda index: torch.ones(1, requires_grad=True) * index))


def test_no_room_for_a_batch(monkeypatch, scratch):
    monkeypatch.setattr(transport, "_HAS_MEMORY_FILES", False)
    scratch.rmdir()
    with pytest.raises(FileNotFoundError, match="in DataLoader worker process 0"):
        list(loader(lambda index: torch.zeros(50_000)))


def test_exception_at_the_start():
    def fail(worker):
        raise ValueError(f"worker {worker}")

    with pytest.raises(ValueError, match="worker 0"):
        list(loader(lambda index: index, worker_init_fn=fail))


def test_exception_of_a_stream():
    class Stream(IterableDataset):
        def __iter__(self):
            yield 1
            raise ValueError("bad")

    batches = iter(DataLoader(Stream(), num_workers=1))
    assert next(batches).item() == 1
    with pytest.raises(ValueError, match="bad"):
        next(batches)


@pytest.mark.parametrize(
    ("end", "details"),
    [
        (lambda: os._exit(3), "exited unexpectedly with exit code 3. "),
        (lambda: sys.exit(4), "exited unexpectedly with exit code 4. "),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "is killed by signal: Killed. "),
        (lambda: os.kill(os.getpid(), signal.SIGSEGV), "is killed by signal: Segmentation fault. "),
    ],
    ids=["_exit", "exit", "kill", "fault"],
)
@pytest.mark.parametrize("workers", [1, 3])
def test_death(end, details, workers):
    others = set(multiprocessing.active_children())
    batches = iter(loader(lambda index: end() if index == 2 else index, num_workers=workers, prefetch_factor=1))
    with pytest.raises(RuntimeError, match=r"DataLoader worker \(pid\(s\) \d+\) exited unexpectedly") as caught:
        list(batches)
    pid = "".join(filter(str.isdigit, str(caught.value)))
    assert str(caught.value.__cause__).startswith(f"DataLoader worker (pid {pid}) {details}")
    assert next(batches, None) is None
    assert set(multiprocessing.active_children()) <= others


def test_death_while_nothing_is_asked_of_them():
    made = loader(lambda index: (index, os.getpid()), batch_size=None, persistent_workers=True)
    pids = {pid for _, pid in made}
    os.kill(min(pids), signal.SIGKILL)
    wait_until(lambda: not is_running(min(pids)))
    with pytest.raises(RuntimeError, match=rf"DataLoader worker \(pid\(s\) {min(pids)}\) exited unexpectedly"):
        list(made)
    assert len(list(made)) == 8  # by new workers


def test_timeout():
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0\.1 seconds"):
        list(loader(lambda index: time.sleep(2), timeout=0.1))


# --- that they end ---


def test_persistent_workers():
    made = loader(lambda index: os.getpid(), batch_size=None, persistent_workers=True)
    first = list(made)
    assert len(set(first)) == 2
    assert list(made) == first
    assert iter(made) is iter(made)
    del made
    gc.collect()
    assert not any(is_running(pid) for pid in first)


def test_workers_of_one_pass():
    made = loader(lambda index: os.getpid(), batch_size=None)
    first, second = list(made), list(made)
    assert not {*first} & {*second}
    assert not any(is_running(pid) for pid in {*first, *second})


def test_iterator_that_is_dropped():
    batches = iter(loader(lambda index: os.getpid(), 1000, batch_size=None))
    pids = {next(batches), next(batches)}
    assert all(is_running(pid) for pid in pids)
    del batches
    gc.collect()
    assert not any(is_running(pid) for pid in pids)


def test_worker_whose_stream_ended_does_not_wait_for_the_others():
    class Stream(IterableDataset):
        def __iter__(self):
            return iter([os.getpid()] * (1 + 5 * get_worker_info().id))

    batches = iter(DataLoader(Stream(), batch_size=None, num_workers=2))
    first, second, *_ = (next(batches) for _ in range(4))
    wait_until(lambda: not is_running(first))
    assert is_running(second)
    assert list(batches) == [second] * 3


PROGRAM = textwrap.dedent(r"""
    import os, time
    import adjoint as torch

    class Slow(torch.utils.data.Dataset):
        def __len__(self):
            return 100

        def __getitem__(self, index):
            if index == 9:
                os.write(1, b"waiting\n")  # at one blow: others write there too
                time.sleep(100)
            return os.getpid()

    for pid in torch.utils.data.DataLoader(Slow(), batch_size=None, num_workers=2, prefetch_factor=1):
        os.write(1, b"%d\n" % pid)
""")


def begun(program, **options):
    """A program that waits for its workers, which are in the middle of their work, and their numbers."""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, **options)
    pids = set()
    while (line := process.stdout.readline().strip()) != "waiting":
        pids.add(int(line))
    time.sleep(0.2)
    assert len(pids) == 2
    return process, pids


def test_interrupt():
    process, pids = begun(PROGRAM, stderr=subprocess.PIPE, start_new_session=True)
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert error.count("Traceback") == 1  # the program's own
    assert error.endswith("KeyboardInterrupt\n")
    assert not any(is_running(pid) for pid in pids)


def test_interrupt_of_the_parent_alone():
    process, pids = begun(PROGRAM.replace("100)", "5)"), stderr=subprocess.PIPE)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert not any(is_running(pid) for pid in pids)


def test_parent_that_is_killed():
    process, pids = begun(PROGRAM.replace("time.sleep(100)", "time.sleep(0.5)"))
    process.kill()
    process.wait()
    process.stdout.close()
    wait_until(lambda: not any(is_running(pid) for pid in pids))


# --- tensors in queues; the command ---


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_tensors_in_queues(method):
    context = torch.multiprocessing.get_context(method)
    sent, received = context.Queue(), context.Queue()
    process = context.Process(target=_echo, args=(sent, received))
    process.start()
    tensors = [
        torch.arange(6).reshape(2, 3).T,
        torch.tensor(1.5, dtype=torch.bfloat16),
        torch.ones(2, requires_grad=True),
        torch.nn.Parameter(torch.zeros(3)),
    ]
    sent.put(tensors)
    arrived = received.get(timeout=60)
    process.join()
    for tensor, other in zip(tensors, arrived, strict=True):
        assert type(tensor) is type(other)
        assert tensor.dtype == other.dtype
        assert tensor.requires_grad == other.requires_grad
        assert torch.equal(tensor, other)


def _echo(sent, received):
    received.put(sent.get(timeout=60))


def test_command(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        textwrap.dedent("""
        import torch
        from torch.utils.data import DataLoader, TensorDataset
        from torch.utils.data.sampler import RandomSampler
        import torch.multiprocessing as mp

        class Doubled(torch.utils.data.Dataset):
            def __len__(self):
                return 4

            def __getitem__(self, index):
                return torch.tensor(2 * index)

        print([batch.tolist() for batch in DataLoader(Doubled(), 2, num_workers=1)], mp.get_sharing_strategy())
        """)
    )
    run = [sys.executable, "-m", "adjoint", "run", str(script)]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("[[0, 2], [4, 6]] file")


def test_loaded_on_use():
    program = """
        import sys, adjoint
        loaded = {"multiprocessing", "adjoint.multiprocessing", "adjoint.utils.data"} & set(sys.modules)
        assert not loaded, loaded
        adjoint.utils.data.DataLoader([1])
        assert "adjoint.utils.data.parallel" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True)
