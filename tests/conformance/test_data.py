"""Loaders in many configurations: the same batches for the same seed, without and with workers."""

import random

import numpy as np
import pytest

import adjoint
from tests.differential import differences, observe

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")


def samples(library):
    """A dataset of random samples: drawn from all of the sources that a worker seeds."""

    class Samples(library.utils.data.Dataset):
        def __len__(self):
            return 23

        def __getitem__(self, index):
            return {
                "index": index,
                "drawn": [library.rand(2), random.random(), np.random.rand(2)],  # noqa: NPY002
                "worker": library.utils.data.get_worker_info() is None,
                "name": f"sample {index}",
            }

    return Samples()


def stream(library, sized=False):
    """A stream of which each worker gives its part, one of them a shorter one."""

    class Stream(library.utils.data.IterableDataset):
        def __iter__(self):
            info = library.utils.data.get_worker_info()
            part = range(11) if info is None else range(info.id, 11 - 3 * info.id, info.num_workers)
            return ((library.tensor(float(each)), library.rand(()), each) for each in part)

        if sized:

            def __len__(self):
                return 11

    return Stream()


def seeded(library):
    random.seed(1)
    np.random.seed(2)  # noqa: NPY002 - it is what a worker seeds
    library.manual_seed(3)


def passes(library, dataset, workers, count=2, **options):
    """Some passes over a dataset, and what is drawn after them; options may be made of the library."""
    seeded(library)
    options = {name: value(library) if callable(value) else value for name, value in options.items()}
    loader = library.utils.data.DataLoader(dataset(library), num_workers=workers, **options)
    return [list(loader) for _ in range(count)], library.rand(2)


def generator(library):
    return library.Generator().manual_seed(5)


def weighted(library):
    weights = library.arange(23.0)
    return library.utils.data.WeightedRandomSampler(weights, 40, generator=generator(library))


def unweighted(library):
    return library.utils.data.SubsetRandomSampler([3, 1, 4, 15, 9, 2, 6, 5])


def with_replacement(library):
    return library.utils.data.RandomSampler(range(23), replacement=True, num_samples=70, generator=generator(library))


def eager(library):
    """A sampler that draws when its pass begins."""

    class Eager(library.utils.data.Sampler):
        def __iter__(self):
            return iter(library.randperm(23).tolist())

    return Eager()


def batches(library):
    sampler = library.utils.data.RandomSampler(range(23), generator=generator(library))
    return library.utils.data.BatchSampler(sampler, 5, drop_last=True)


def rank(library):
    return library.utils.data.DistributedSampler(range(23), num_replicas=4, rank=3, seed=7)


CONFIGURATIONS = {
    "default": {},
    "batches": {"batch_size": 4},
    "shuffle": {"batch_size": 4, "shuffle": True},
    "no batches": {"batch_size": None},
    "no batches, shuffle": {"batch_size": None, "shuffle": True},
    "drop last": {"batch_size": 4, "drop_last": True, "shuffle": True},
    "generator": {"batch_size": 4, "shuffle": True, "generator": generator},
    "weighted": {"batch_size": 7, "sampler": weighted},
    "subset": {"batch_size": 3, "sampler": unweighted},
    "replacement": {"batch_size": 9, "sampler": with_replacement},
    "eager": {"batch_size": 6, "sampler": eager},
    "batch sampler": {"batch_sampler": batches},
    "list of batches": {"batch_sampler": [[1, 2], [3], [4, 5, 6]]},
    "rank": {"batch_size": 3, "sampler": rank},
    "collate": {"batch_size": 4, "collate_fn": lambda library: lambda batch: [each["index"] for each in batch]},
}
PARALLEL = {
    "prefetch one": {"batch_size": 4, "shuffle": True, "prefetch_factor": 1},
    "prefetch many": {"batch_size": 2, "shuffle": True, "prefetch_factor": 9, "generator": generator},
    "persistent": {"batch_size": 4, "shuffle": True, "persistent_workers": True},
    "timeout": {"batch_size": 4, "timeout": 60},
    "init": {"batch_size": 4, "worker_init_fn": lambda library: lambda worker: library.manual_seed(worker)},
}
STREAMS = {
    "stream": {"batch_size": 3},
    "drop last": {"batch_size": 3, "drop_last": True},
    "no batches": {"batch_size": None},
}


def compare(program):
    found = differences(observe(program, adjoint), observe(program, torch))
    # how often PyTorch's worker wrote to a batch before it was sent is its own affair
    assert not [each for each in found if ".version: " not in each]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_map(name, workers):
    compare(lambda library: passes(library, samples, workers, **CONFIGURATIONS[name]))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("name", PARALLEL)
def test_workers(name, workers):
    compare(lambda library: passes(library, samples, workers, **PARALLEL[name]))


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("name", STREAMS)
def test_stream(name, workers, persistent):
    persistent = persistent and workers > 0
    compare(lambda library: passes(library, stream, workers, persistent_workers=persistent, **STREAMS[name]))


@pytest.mark.parametrize("workers", [0, 2])
def test_pass_left_early(workers):
    """The rest of a pass that is left does not get into the next, and costs the same random numbers."""

    def program(library):
        seeded(library)
        dataset, persistent = samples(library), workers > 0
        loader = library.utils.data.DataLoader(dataset, 3, True, num_workers=workers, persistent_workers=persistent)
        first = [next(iter(loader)) for _ in range(3)]
        return first, list(loader), library.rand(2)

    compare(program)


def test_length_of_a_stream_was_wrong():
    def program(library):
        loader = library.utils.data.DataLoader(stream(library, sized=True), batch_size=5)
        length = len(loader)
        loader._promised_length = loader._IterableDataset_len_called = 2
        return length, len(list(loader))

    ours, theirs = observe(program, adjoint), observe(program, torch)
    assert ours["returns"] == theirs["returns"]
    assert [each.partition(" was reported")[2] for each in ours["warns"]] == [
        each.partition(" was reported")[2] for each in theirs["warns"]
    ]


def test_too_many_workers_warn():
    compare(lambda library: library.utils.data.DataLoader(range(3), num_workers=999).num_workers)


def crash(library, end):
    class Crashing(library.utils.data.Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return end(index)

    try:
        list(library.utils.data.DataLoader(Crashing(), num_workers=1))
    except Exception as error:
        return type(error).__name__, "".join(
            each for each in str(error).partition("\nOriginal")[0] if not each.isdigit()
        )


def _fail(error):
    raise error


class TwoArgumentsError(Exception):
    def __init__(self, first, second):
        super().__init__(first, second)


class WithMessageError(Exception):
    message = "x"

    def __init__(self, message):
        super().__init__(message)


@pytest.mark.parametrize(
    "error",
    [ValueError("bad"), KeyError("missing"), StopIteration(), TwoArgumentsError(1, 2), WithMessageError("y"), SystemExit(3), OSError(2, "x")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_errors_of_workers(error):
    assert crash(adjoint, lambda index: _fail(error)) == crash(torch, lambda index: _fail(error))
