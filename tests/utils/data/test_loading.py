"""Datasets, the orders in which they are read, and the batches that are made of them."""

from collections import OrderedDict, UserDict, UserList, defaultdict, namedtuple
from types import MappingProxyType

import numpy as np

from tests.differential import Programs, attempt

program = Programs("data")

Point = namedtuple("Point", ["x", "y"])


def squares(torch, length=6):
    class Squares(torch.utils.data.Dataset):
        def __len__(self):
            return length

        def __getitem__(self, index):
            if not -length <= index < length:
                raise IndexError
            return index**2

    return Squares()


def stream(torch, *items, **methods):
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(items)

    return type("Stream", (Stream,), methods)()


def typed(value):
    """A value with the names of the types that hold its tensors."""
    if isinstance(value, (dict, UserDict, MappingProxyType)):
        return {"type": type(value).__name__, **{str(key): typed(each) for key, each in value.items()}}
    if isinstance(value, (list, tuple, UserList)):
        return [type(value).__name__, *(typed(each) for each in value)]
    return value if hasattr(value, "tolist") and hasattr(value, "requires_grad") else repr(value)


# --- datasets ---


@program
def datasets(torch):
    data = torch.utils.data
    tensors = data.TensorDataset(torch.arange(6).reshape(3, 2), torch.tensor([1.0, 2.0, 3.0]))
    joined = squares(torch) + tensors
    stacked = data.StackDataset(tensors, squares(torch, 3))
    named = data.StackDataset(a=tensors, b=data.Subset(squares(torch), [5, 1, 3]))
    chained = stream(torch, 1, 2) + stream(torch, 3)
    return {
        "tensors": [len(tensors), tensors[1], tensors[-1], tensors[:2], tensors[[0, 2]]],
        "joined": [type(joined).__name__, len(joined), joined[0], joined[5], joined[6], joined[-1], joined.cumulative_sizes],
        "old name": joined.cummulative_sizes,
        "stacked": [len(stacked), stacked[2], stacked.__getitems__([0, 2])],
        "named": [len(named), named[0], named.__getitems__([1, 2])],
        "chained": [type(chained).__name__, list(chained), attempt(lambda: len(chained))],
        "subset": [data.Subset(squares(torch), [4, 2])[1], data.Subset(tensors, [2, 0])[[0, 1]]],
        "sized": len(stream(torch, __len__=lambda self: 4) + stream(torch, __len__=lambda self: 2)),
    }  # fmt: skip


@program
def dataset_errors(torch):
    data = torch.utils.data

    class Doubled(data.Subset):
        def __getitem__(self, index):
            return 2 * super().__getitem__(index)

    class Short(data.Dataset):
        def __len__(self):
            return 3

        def __getitems__(self, indices):
            return [0]

    return [
        attempt(lambda: data.Dataset()[0]),
        attempt(lambda: len(data.Dataset())),
        attempt(lambda: iter(data.IterableDataset())).partition(" with")[0],  # the rest is Python's, by version
        attempt(lambda: data.TensorDataset(torch.zeros(2), torch.zeros(3))),
        attempt(lambda: data.StackDataset()),
        attempt(lambda: data.StackDataset([1], a=[1])),
        attempt(lambda: data.StackDataset([1], [1, 2])),
        attempt(lambda: data.StackDataset(a=[1], b=[1, 2])),
        attempt(lambda: data.StackDataset(Short(), [1, 2, 3]).__getitems__([0, 1])),
        attempt(lambda: data.ConcatDataset([])),
        attempt(lambda: data.ConcatDataset([stream(torch)])),
        attempt(lambda: data.ConcatDataset([[1, 2]])[-3]),
        attempt(lambda: data.ConcatDataset([[1, 2]])[2]),
        attempt(lambda: list(data.ChainDataset([[1]]))),
        attempt(lambda: Doubled([1, 2], [0])),
    ]


@program
def random_split(torch):
    split = torch.utils.data.random_split
    torch.manual_seed(3)
    seeded = torch.Generator().manual_seed(1)
    return [
        [part.indices for part in split(range(10), [3, 7])],
        [part.indices for part in split(range(10), [0.3, 0.3, 0.4], generator=seeded)],
        [part.indices for part in split(range(11), [0.25, 0.25, 0.5], seeded)],
        [len(part) for part in split(range(2), [0.2, 0.2, 0.6])],
        [len(part) for part in split(range(1), [1])],
        [list(part) for part in split(squares(torch), [2, 4], seeded)],
        attempt(lambda: split(range(5), [2, 2])),
        attempt(lambda: split(range(5), [1.5, -0.5])),
        attempt(lambda: split(range(5), [0.5, 0.4])),
        torch.rand(1),
    ]


# --- samplers ---


@program
def samplers(torch):
    data = torch.utils.data
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(9)
    made = {
        "sequential": data.SequentialSampler("abc"),
        "random": data.RandomSampler(range(7)),
        "fewer": data.RandomSampler(range(7), num_samples=3),
        "more": data.RandomSampler(range(7), num_samples=17, generator=generator),
        "replacement": data.RandomSampler(range(7), replacement=True, num_samples=40),
        "whole draws": data.RandomSampler(range(7), True, 32, generator),
        "subset": data.SubsetRandomSampler([5, 3, 9], generator),
        "weighted": data.WeightedRandomSampler([0.1, 0.9, 0.0, 3.0], 12),
        "once": data.WeightedRandomSampler([0.1, 0.9, 0.4, 3.0], 4, replacement=False, generator=generator),
        "batches": data.BatchSampler(data.SequentialSampler(range(5)), 2, False),
        "whole batches": data.BatchSampler(data.RandomSampler(range(5), generator=generator), 2, True),
        "batches of a list": data.BatchSampler([4, 2, 0], 2, False),
    }
    passes = {name: [len(sampler), list(sampler), list(sampler)] for name, sampler in made.items()}
    return passes, torch.rand(2), torch.rand(2, generator=generator)


@program
def interleaved_draws(torch):
    """A pass draws when it gets there, and nothing before."""
    generator = torch.Generator().manual_seed(9)
    order = iter(torch.utils.data.RandomSampler(range(40), True, 40, generator))
    drawn = [torch.rand(1, generator=generator)]
    for place, index in enumerate(order):
        drawn += [index, torch.rand(1, generator=generator)] if place % 20 == 0 else [index]
    return drawn


@program
def distributed(torch):
    sampler = torch.utils.data.DistributedSampler
    found = []
    for length in (0, 2, 9, 12):
        for drop_last in (False, True):
            ranks = [sampler(range(length), 4, rank, drop_last=drop_last) for rank in range(4)]
            found.append([[each.num_samples, each.total_size, len(each), list(each)] for each in ranks])
    seeded = sampler(range(9), num_replicas=2, rank=1, seed=5)
    first = list(seeded)
    seeded.set_epoch(3)
    ordered = list(sampler(range(9), num_replicas=2, rank=1, shuffle=False))
    return found, first, list(seeded), ordered, attempt(lambda: sampler(range(9), num_replicas=2, rank=2))


@program
def sampler_errors(torch):
    data = torch.utils.data
    return [
        attempt(lambda: iter(data.Sampler())),
        attempt(lambda: data.RandomSampler([])),
        attempt(lambda: data.RandomSampler([1], num_samples=0)),
        attempt(lambda: data.RandomSampler([1], num_samples=1.5)),
        attempt(lambda: data.RandomSampler([1], replacement="yes")),
        attempt(lambda: data.WeightedRandomSampler([1.0], True)),
        attempt(lambda: data.WeightedRandomSampler([1.0], 0)),
        attempt(lambda: data.WeightedRandomSampler([1.0], 1, "no")),
        attempt(lambda: data.WeightedRandomSampler([[1.0]], 1)),
        attempt(lambda: data.BatchSampler([1], 0, False)),
        attempt(lambda: data.BatchSampler([1], True, False)),
        attempt(lambda: data.BatchSampler([1], 2, None)),
        attempt(lambda: len(data.BatchSampler(iter([1]), 2, False))),
    ]


# --- batches of samples ---


@program
def collation(torch):
    collate = torch.utils.data.default_collate
    kinds = {
        "tensors": [torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])],
        "gradients": [torch.tensor(1.0, requires_grad=True), torch.tensor(2.0)],
        "arrays": [np.arange(2), np.arange(2, 4)],
        "0-d arrays": [np.array(1.5), np.array(2.5)],
        "numpy's numbers": [np.float32(1), np.float32(2)],
        "numpy's truth": [np.bool_(True), np.bool_(False)],
        "numpy's text": [np.str_("a"), np.str_("b")],
        "floats": [0.1, 0.2],
        "ints": [1, 2**40],
        "truth": [True, False],
        "text": ["a", "b"],
        "bytes": [b"a", b"b"],
        "tuples": [(1, "a"), (2, "b")],
        "lists": [[1, 2.0], [3, 4.0]],
        "named": [Point(1, 2.0), Point(3, 4.0)],
        "mappings": [{"a": 1, "b": [1.0]}, {"b": [2.0], "a": 2}],
        "ordered": [OrderedDict(a=1), OrderedDict(a=2)],
        "defaults": [defaultdict(int, a=1), defaultdict(int, a=2)],
        "other mapping": [UserDict(a=1), UserDict(a=2)],
        "fixed mapping": [MappingProxyType({"a": 1}), MappingProxyType({"a": 2})],
        "other list": [UserList([1, 2]), UserList([3, 4])],
        "ranges": [range(2), range(2)],
        "empty": [[], []],
    }
    return {name: typed(collate(batch)) for name, batch in kinds.items()}


@program
def collation_errors(torch):
    collate = torch.utils.data.default_collate
    return [
        attempt(lambda: collate([])),
        attempt(lambda: collate([None, None])),
        attempt(lambda: collate([{1}, {2}])),
        attempt(lambda: collate([np.array(["a"]), np.array(["b"])])),
        attempt(lambda: collate([np.array([None]), np.array([None])])),
        attempt(lambda: collate([[1], [1, 2]])),
        attempt(lambda: collate([(1, 2), (1,)])),
        attempt(lambda: collate([{"a": 1}, {"b": 1}])),
        attempt(lambda: collate([torch.zeros(1), torch.zeros(2)])),
    ]


@program
def conversion(torch):
    convert = torch.utils.data.default_convert
    kinds = {
        "number": 1,
        "text": "a",
        "numpy's text": np.str_("a"),
        "array": np.arange(3),
        "array of text": np.array(["a"]),
        "numpy's number": np.float64(2),
        "tuple": (1, np.arange(2)),
        "named": Point(1, np.arange(2)),
        "list": [np.arange(2), "a"],
        "mapping": {"a": np.arange(2)},
        "fixed mapping": MappingProxyType({"a": np.arange(2)}),
        "range": range(2),
        "none": None,
    }
    return {name: typed(convert(each)) for name, each in kinds.items()}


@program
def own_collation(torch):
    module = __import__(f"{torch.__name__}.utils.data._utils.collate", fromlist=["collate"])

    def total(batch, *, collate_fn_map=None):
        return sum(batch)

    functions = {int: total, (float, str): lambda batch, *, collate_fn_map=None: batch[0]}
    return [
        module.collate([{"a": 1, "b": (0.5, "x")}, {"a": 2, "b": (1.5, "y")}], collate_fn_map=functions),
        attempt(lambda: module.collate([1, 2])),
        sorted(name for name in dir(torch.utils.data.dataloader) if name.startswith("default_")),
    ]


# --- loaders ---


@program
def loaders(torch):
    loader = torch.utils.data.DataLoader
    torch.manual_seed(0)
    data = squares(torch)
    return {
        "one": list(loader(data)),
        "batches": list(loader(data, 4)),
        "whole": list(loader(data, 4, drop_last=True)),
        "shuffled": [list(loader(data, 4, shuffle=True)) for _ in range(2)],
        "none": list(loader(data, batch_size=None)),
        "stream": list(loader(stream(torch, 1, 2, 3), 2)),
        "whole of stream": list(loader(stream(torch, 1, 2, 3), 2, drop_last=True)),
        "each of stream": list(loader(stream(torch, np.arange(2), (1, 2)), batch_size=None)),
        "collated": list(loader(data, 2, collate_fn=sum)),
        "list": list(loader([1.0, 2.0], 2)),
        "keys": list(loader({"a": 1, "b": 2}, sampler=["b", "a"])),
        "lengths": [
            len(loader(data, size, drop_last=drop)) for size in (1, 4, 7, None) for drop in (False, bool(size))
        ],
        "batch sampler": [len(loader(data, batch_sampler=[[1], [2, 3]])), *loader(data, batch_sampler=[[1], [2, 3]])],
        "drawn": torch.rand(1),
    }


@program
def attributes(torch):
    data = torch.utils.data
    names = [
        "batch_size", "drop_last", "num_workers", "prefetch_factor", "pin_memory", "pin_memory_device", "timeout",
        "worker_init_fn", "multiprocessing_context", "in_order", "generator", "persistent_workers",
    ]  # fmt: skip
    made = [data.DataLoader([1]), data.DataLoader([1], batch_sampler=[[0]]), data.DataLoader([1], num_workers=1)]
    found = [[repr(getattr(loader, name)) for name in names] for loader in made]
    kinds = [
        [type(loader.sampler).__name__, type(loader.batch_sampler).__name__, loader.collate_fn.__name__]
        for loader in made
    ]
    loader = data.DataLoader([1, 2])
    loader.num_workers = 0
    errors = [attempt(lambda name=name: setattr(loader, name, 1)) for name in ("batch_size", "dataset", "sampler")]
    iterator = iter(loader)
    return (
        found,
        kinds,
        errors,
        len(iterator),
        iter(iterator) is iterator,
        data.get_worker_info(),
        data.DataLoader[int]._name,
    )


@program
def loader_errors(torch):
    def made(dataset=(1, 2, 3), **options):
        return attempt(lambda: type(torch.utils.data.DataLoader(list(dataset), **options)).__name__)

    def streamed(**options):
        return attempt(lambda: type(torch.utils.data.DataLoader(stream(torch, 1), **options)).__name__)

    return [
        made(num_workers=-1),
        made(timeout=-1),
        made(prefetch_factor=2),
        made(prefetch_factor=-2, num_workers=1),
        made(persistent_workers=True),
        made(multiprocessing_context="fork"),
        made(multiprocessing_context="fire", num_workers=1).partition(" in [")[0],
        made(multiprocessing_context=3, num_workers=1),
        made(sampler=[1], shuffle=True),
        made(batch_sampler=[[1]], batch_size=2),
        made(batch_sampler=[[1]], shuffle=True),
        made(batch_sampler=[[1]], sampler=[1]),
        made(batch_sampler=[[1]], drop_last=True),
        made(batch_size=None, drop_last=True),
        made(batch_size=0),
        made(batch_size=1.5),
        made(drop_last=1),
        made([], shuffle=True),
        made([]),
        streamed(shuffle=True),
        streamed(shuffle=False),
        streamed(sampler=[1]),
        streamed(batch_sampler=[[1]]),
        attempt(lambda: len(torch.utils.data.DataLoader(stream(torch, 1)))),
        attempt(lambda: next(iter(torch.utils.data.DataLoader([1], timeout=1)))),
    ]


@program
def warnings_of_pinning(torch):
    loader = torch.utils.data.DataLoader([1, 2], pin_memory=True, pin_memory_device="cuda")
    return list(loader)


@program
def length_of_a_stream(torch):
    sized = stream(torch, 1, 2, 3, 4, 5, __len__=lambda self: 5)
    lengths = [
        len(torch.utils.data.DataLoader(sized, size, drop_last=drop))
        for size, drop in ((1, False), (2, False), (2, True))
    ]
    wrong = stream(torch, 1, 2, 3, __len__=lambda self: 2, __repr__=lambda self: "a stream")
    unasked = list(torch.utils.data.DataLoader(wrong))
    loader = torch.utils.data.DataLoader(wrong)
    return lengths, unasked, len(loader), list(loader)


@program
def ended_streams(torch):
    """A stream that has ended is not asked again."""
    loader = torch.utils.data.DataLoader(stream(torch, 1, 2, 3), 2)
    iterator = iter(loader)
    return [
        next(iterator),
        next(iterator),
        attempt(lambda: next(iterator)),
        attempt(lambda: next(iterator)),
        list(loader),
    ]


@program
def errors_of_datasets(torch):
    iterator = iter(torch.utils.data.DataLoader({0: 1, 2: 5}, sampler=[0, 1, 2]))
    return [next(iterator), attempt(lambda: next(iterator)), next(iterator), attempt(lambda: next(iterator))]


@program
def strategies(torch):
    module = torch.multiprocessing
    module.set_sharing_strategy(module.get_sharing_strategy())
    return [
        sorted(module.get_all_sharing_strategies()),
        attempt(lambda: module.set_sharing_strategy("post")).partition(", expected")[0],
        module.get_context("spawn").get_start_method(),
        module.get_all_start_methods(),
    ]


test_program = program.test()
