"""Files that one of the two libraries has saved and the other loads; and what both refuse."""

import gzip
import importlib.util
import inspect
import io
import pickle
import warnings
import zipfile
from operator import attrgetter

import pytest

import adjoint
from tests.serialization.contents import CONTENTS, DTYPES, NEW_DTYPES, described, numbers, shared, types
from tests.serialization.test_damage import archive, reference, tensor

torch = pytest.importorskip("torch")

OLD = {"_use_new_zipfile_serialization": False}
LIBRARIES = {"adjoint to torch": (adjoint, torch), "torch to adjoint": (torch, adjoint)}


def saved(library, thing, **options):
    file = io.BytesIO()
    library.save(thing, file, **options)
    file.seek(0)
    return file


@pytest.fixture(params=LIBRARIES.values(), ids=LIBRARIES)
def libraries(request):
    return request.param


def contents(library, name, options):
    names = [each for each in DTYPES if not options or each not in NEW_DTYPES]
    made = types(library, names) if name == "types" else CONTENTS[name](library)
    if name == "plain" and library is torch:
        made["bytes"] = made["bytes"][1:]  # PyTorch does not load b"", which it saves as a call of `bytes`
    return made


@pytest.mark.parametrize("options", [{}, OLD], ids=["new", "old"])
@pytest.mark.parametrize("name", CONTENTS)
def test_from_one_library_to_the_other(libraries, name, options):
    source, target = libraries
    thing = contents(source, name, options)
    if name == "plain":
        thing["bytes"] = [each for each in thing["bytes"] if each]
    loaded = target.load(saved(source, thing, **options), weights_only=True)
    assert described(loaded) == described(thing)
    if name == "layouts":
        assert shared(loaded) == shared(thing)


@pytest.mark.parametrize("name", ["types", "layouts", "leaves"])
def test_the_files_are_the_same(name):
    """But for one record, which says nothing: a hash of the names, in an order that PyTorch leaves to chance."""
    ours, theirs = (saved(library, CONTENTS[name](library)).getvalue() for library in (adjoint, torch))
    start = theirs.index(b".data/serialization_id")
    last = theirs.index(b"PK\x01\x02")
    assert ours[:start] == theirs[:start]
    assert len(ours) == len(theirs)
    ours, theirs = (
        {
            entry.filename: (entry.header_offset, entry.file_size, entry.flag_bits, entry.extra)
            for entry in archive.infolist()
        }
        for archive in (zipfile.ZipFile(io.BytesIO(ours)), zipfile.ZipFile(io.BytesIO(theirs)))
    )
    assert ours == theirs
    assert start < last


@pytest.mark.parametrize("name", ["model.pt", "a.tar.gz", "plain", "ä.pt", "a b.pt"])
def test_the_folder_within_the_archive(tmp_path, name):
    found = []
    for library in (adjoint, torch):
        library.save([1], tmp_path / name)
        found.append(zipfile.ZipFile(tmp_path / name).namelist()[0])
    assert found[0] == found[1]


def test_training_goes_on_in_the_other_library(libraries):
    def build(library):
        library.manual_seed(0)
        model = library.nn.Sequential(library.nn.Linear(3, 4), library.nn.BatchNorm1d(4), library.nn.Linear(4, 1))
        return model.double(), library.optim.AdamW(model.parameters(), lr=0.1)

    def steps(library, model, optimizer, count=3):
        losses = []
        for _ in range(count):
            optimizer.zero_grad()
            loss = model(library.arange(12.0, dtype=library.float64).view(4, 3).sin()).square().mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    source, target = libraries
    model, optimizer = build(source)
    steps(source, model, optimizer)
    file = saved(source, {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    expected = steps(source, model, optimizer)
    state = target.load(file, weights_only=True)
    model, optimizer = build(target)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    assert steps(target, model, optimizer) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("protocol", [2, 3])
def test_whole_modules(libraries, protocol):
    source, target = libraries
    model = source.nn.Sequential(source.nn.Linear(2, 3), source.nn.BatchNorm1d(3), source.nn.ReLU()).eval()
    file = saved(source, model, pickle_protocol=protocol)
    unsafe = [
        sorted(library.serialization.get_unsafe_globals_in_checkpoint(file))
        for library in libraries
        if not file.seek(0)
    ]
    assert unsafe[0] == unsafe[1]
    classes = [target.nn.Sequential, target.nn.Linear, target.nn.BatchNorm1d, target.nn.ReLU]
    file.seek(0)
    with target.serialization.safe_globals(classes), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's, of protocols other than 2
        loaded = target.load(file)
    assert repr(loaded) == repr(model)
    assert loaded(target.ones(2)[None])[0].tolist() == pytest.approx(model(source.ones(2)[None])[0].tolist())


def test_other_ways_to_open(libraries, tmp_path):
    source, target = libraries
    thing = CONTENTS["layouts"](source)
    source.save(thing, tmp_path / "x.pt")
    assert described(target.load(str(tmp_path / "x.pt"), mmap=True)) == described(thing)
    with gzip.open(tmp_path / "x.gz", "wb") as file:
        source.save(thing, file)
    with gzip.open(tmp_path / "x.gz", "rb") as file:
        assert described(target.load(file)) == described(thing)
    with (tmp_path / "many.pt").open("wb") as file:
        for each in range(3):
            source.save(source.tensor(each), file, **OLD)
    with (tmp_path / "many.pt").open("rb") as file:
        assert [target.load(file).item() for _ in range(3)] == [0, 1, 2]


def test_an_empty_part_keeps_its_place():
    empty = torch.arange(12.0)[5:5]
    assert described(adjoint.load(saved(torch, empty))) == described(empty)


def test_conjugates_are_resolved():
    z = torch.tensor([1 + 2j, 3j])
    for options in ({}, OLD):
        for thing in ([z, z.conj()], [z.conj().imag]):
            found = adjoint.load(saved(torch, thing, **options))
            assert [each.tolist() for each in found] == [each.tolist() for each in thing]


def test_numbers_in_the_other_order_of_bytes():
    for dtype in ("int16", "float64", "complex64", "complex128"):
        thing = numbers(torch, dtype)
        with zipfile.ZipFile(saved(torch, thing)) as made:
            data = made.read("archive/data/0")
            pickled = made.read("archive/data.pkl")
        width = thing.element_size() // (2 if thing.is_complex() else 1)
        swapped = b"".join(data[place : place + width][::-1] for place in range(0, len(data), width))
        file = archive(pickled, [("data/0", swapped)], byteorder=b"big")
        found = [library.load(io.BytesIO(file)).tolist() for library in (adjoint, torch)]
        assert found[0] == found[1] == thing.tolist()


@pytest.mark.parametrize(
    "name",
    [
        "save", "load", "serialization.add_safe_globals", "serialization.get_unsafe_globals_in_checkpoint",
        "serialization.safe_globals", "serialization.set_default_load_endianness", "serialization.set_crc32_options",
        "serialization.set_default_mmap_options", "serialization.default_restore_location", "serialization.location_tag",
    ],
)  # fmt: skip
def test_parameters(name):
    ours, theirs = ([*inspect.signature(attrgetter(name)(library)).parameters.values()] for library in (adjoint, torch))
    assert [(each.name, each.kind, each.default) for each in ours] == [
        (each.name, each.kind, each.default) for each in theirs
    ]


def test_pytorch_reads_the_files_that_these_tests_make():
    assert torch.load(io.BytesIO(archive(tensor(), [("data/0", bytes(8))]))).tolist() == [0.0, 0.0]


def refusal(library, data, **options):
    """The type of the error that ends loading."""
    try:
        library.load(io.BytesIO(data), **options)
    except Exception as error:
        return type(error)
    return None


GOOD = archive(tensor(), [("data/0", bytes(8))])
DATA = [("data/0", bytes(8))]


@pytest.mark.parametrize(
    ("data", "options"),
    {
        "empty": (b"", {}),
        "cut off": (GOOD[:-30], {}),
        "not a file of tensors": (pickle.dumps([1], 2), {}),
        "a function": (archive(b"\x80\x02c__builtin__\neval\n."), {}),
        "a blocked module": (archive(b"\x80\x02cos\nsystem\n."), {}),
        "an opcode": (archive(b"\x80\x02I1\n."), {}),
        "a reference": (archive(b"\x80\x02X\x01\x00\x00\x00aQ."), {}),
        "a call": (archive(b"\x80\x02" + reference(2) + b")R.", DATA), {}),
        "no storage": (archive(tensor()), {}),
        "a short storage": (archive(tensor(elements=3), DATA), {}),
        "beyond the storage": (archive(tensor(size=(3,)), DATA), {}),
        "no pickle": (archive(None), {}),
        "no version": (archive(tensor(), DATA, version=None), {}),
        "a new version": (archive(tensor(), DATA, version=b"99"), {}),
        "an order of bytes": (archive(tensor(), DATA, byteorder=b"middle"), {}),
        "TorchScript": (archive(tensor(), [*DATA, ("constants.pkl", b"")]), {}),
        "a device": (GOOD, {"map_location": "cuda"}),
        "an unknown device": (GOOD, {"map_location": "nowhere"}),
        "no map": (GOOD, {"map_location": 3}),
        "mmap of a buffer": (GOOD, {"mmap": True}),
        "a pickle module": (GOOD, {"pickle_module": pickle, "weights_only": True}),
    }.values(),
    ids=lambda each: "",
)
@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
@pytest.mark.filterwarnings("ignore:'torch.load' received a zip file that looks like a TorchScript archive")
def test_both_refuse(data, options):
    assert refusal(adjoint, data, **options) is refusal(torch, data, **options) is not None


def test_what_cannot_be_saved(tmp_path):
    def outcome(action):
        with pytest.raises((RuntimeError, AttributeError, TypeError)) as caught:
            action()
        return caught.type, str(caught.value).partition("\n")[0]

    for library, found in (pairs := {torch: [], adjoint: []}).items():
        z = library.ones(2, dtype=library.complex64)
        file = io.BytesIO()
        found += [
            outcome(lambda library=library: library.save([1], None)),
            outcome(lambda library=library: library.save([1], tmp_path / "nowhere" / "x.pt")),
            outcome(lambda library=library, z=z, file=file: library.save([z, library.view_as_real(z)], file)),
            outcome(lambda library=library: library.serialization.set_default_load_endianness("little")),
        ]
    assert pairs[adjoint] == pairs[torch]


@pytest.mark.skipif(importlib.util.find_spec("safetensors") is None, reason="the package safetensors is optional")
def test_safetensors():
    from safetensors import torch as package  # noqa: PLC0415  (optional)

    names = [name for name in DTYPES if name != "complex128"]
    ours = adjoint.serialization.safetensors.save(types(adjoint, names), {"format": "pt"})
    assert ours == package.save(types(torch, names), {"format": "pt"})
    loaded, expected = adjoint.serialization.safetensors.load(ours), types(adjoint, names)
    assert {name: described(loaded[name]) for name in names} == {name: described(expected[name]) for name in names}
