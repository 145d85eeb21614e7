"""What is saved is what is loaded, in every format; and what PyTorch has saved."""

import gzip
import io
import mmap
import os
import zipfile
from pathlib import Path

import pytest

import adjoint
from adjoint.serialization.container import Archive, ArchiveWriter
from tests.serialization.contents import CONTENTS, DTYPES, NEW_DTYPES, described, layouts, leaves, shared, types

RECORDED = Path(__file__).parents[1] / "golden" / "files"
OLD = {"_use_new_zipfile_serialization": False}


def after_a_trip(thing, load=None, **options):
    file = io.BytesIO()
    adjoint.save(thing, file, **options)
    file.seek(0)
    return adjoint.load(file, **(load or {}))


@pytest.mark.parametrize("options", [{}, OLD, {"pickle_protocol": 5}], ids=["new", "old", "protocol 5"])
@pytest.mark.parametrize("name", CONTENTS)
def test_a_trip_changes_nothing(name, options):
    thing = CONTENTS[name](adjoint)
    assert described(after_a_trip(thing, **options)) == described(thing)


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*.pt")), ids=lambda path: path.stem)
def test_files_of_pytorch(path):
    name, _, is_old = path.stem.partition("_")
    names = [each for each in DTYPES if not is_old or each not in NEW_DTYPES]
    assert described(adjoint.load(path)) == described(
        types(adjoint, names) if name == "types" else CONTENTS[name](adjoint)
    )


@pytest.mark.parametrize("options", [{}, OLD], ids=["new", "old"])
def test_shared_memory_stays_shared(options):
    loaded = after_a_trip(layouts(adjoint), **options)
    assert shared(loaded) == shared(layouts(adjoint))
    loaded["base"][2] = 50.0
    assert loaded["part"][0] == loaded["transposed"][2, 0] == 50.0
    tied = after_a_trip(leaves(adjoint), **options)
    assert tied["weight"] is tied["tied"]


def test_tensors_of_the_same_memory_in_different_types_are_refused():
    z = adjoint.ones(2, dtype=adjoint.complex64)
    with pytest.raises(RuntimeError, match="view the same data as different types"):
        adjoint.save([z, adjoint.view_as_real(z)], io.BytesIO())


def test_a_model_and_its_optimizer_go_on_where_they_were(tmp_path):
    def build():
        adjoint.manual_seed(0)
        model = adjoint.nn.Sequential(adjoint.nn.Linear(3, 4), adjoint.nn.BatchNorm1d(4), adjoint.nn.Linear(4, 1))
        return model, adjoint.optim.Adam(model.parameters(), lr=0.1)

    def step(model, optimizer):
        optimizer.zero_grad()
        loss = model(adjoint.arange(12.0).view(4, 3).sin()).square().mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    model, optimizer = build()
    for _ in range(3):
        step(model, optimizer)
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "seed": adjoint.get_rng_state()}
    adjoint.save(state, tmp_path / "state.pt")
    expected = [step(model, optimizer) for _ in range(3)]
    state = adjoint.load(tmp_path / "state.pt", weights_only=True)
    model, optimizer = build()
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    adjoint.set_rng_state(state["seed"])
    assert [step(model, optimizer) for _ in range(3)] == expected


def test_a_whole_module_is_loaded_once_its_classes_are_trusted(tmp_path):
    path = tmp_path / "model.pt"
    model = adjoint.nn.Sequential(adjoint.nn.Linear(2, 3), adjoint.nn.ReLU())
    adjoint.save(model, path)
    names = [
        "torch.nn.modules.activation.ReLU",
        "torch.nn.modules.container.Sequential",
        "torch.nn.modules.linear.Linear",
    ]
    assert adjoint.serialization.get_unsafe_globals_in_checkpoint(path) == names
    with adjoint.serialization.safe_globals([adjoint.nn.Sequential, adjoint.nn.Linear, adjoint.nn.ReLU]):
        loaded = adjoint.load(path)
    assert repr(loaded) == repr(model)
    assert loaded(adjoint.ones(2)).tolist() == model(adjoint.ones(2)).tolist()
    assert adjoint.serialization.get_safe_globals() == []


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_the_names_that_a_file_asks_for(protocol):
    file = io.BytesIO()
    model = adjoint.nn.Sequential(adjoint.nn.ReLU(), adjoint.nn.Linear(1, 1), adjoint.nn.ReLU())
    adjoint.save([model, adjoint.nn.functional.relu, range(3), type(None)], file, pickle_protocol=protocol)
    file.seek(0)
    assert adjoint.serialization.get_unsafe_globals_in_checkpoint(file) == [
        "builtins.range", "builtins.type", "torch.nn.functional.relu", "torch.nn.modules.activation.ReLU",
        "torch.nn.modules.container.Sequential", "torch.nn.modules.linear.Linear",
    ]  # fmt: skip


class Point(adjoint.Tensor):
    """A subclass of the program's own."""


def test_a_subclass_is_kept_once_it_is_trusted():
    point = Point([1.0, 2.0])
    point.name = "origin"
    with adjoint.serialization.safe_globals([Point]):
        loaded = after_a_trip(point)
    assert type(loaded) is Point
    assert (loaded.name, loaded.tolist()) == ("origin", [1.0, 2.0])


# --- where files are ---


def test_paths_and_objects_like_files(tmp_path):
    for place in (tmp_path / "a.pt", str(tmp_path / "b.pt"), tmp_path / "ä.pt"):
        adjoint.save([1], place)
        assert adjoint.load(place) == [1]
    with (tmp_path / "c.pt").open("wb") as file:
        adjoint.save([2], file)
    with (tmp_path / "c.pt").open("rb") as file:
        assert adjoint.load(file) == [2]
    with gzip.open(tmp_path / "d.gz", "wb") as file:
        adjoint.save(adjoint.ones(3), file)
    with gzip.open(tmp_path / "d.gz", "rb") as file:
        assert adjoint.load(file).tolist() == [1.0, 1.0, 1.0]


def test_files_of_the_old_format_follow_one_another(tmp_path):
    with (tmp_path / "many.pt").open("wb") as file:
        for number in range(3):
            adjoint.save(adjoint.full((2,), number), file, **OLD)
    with (tmp_path / "many.pt").open("rb") as file:
        assert [adjoint.load(file).tolist() for _ in range(3)] == [[0, 0], [1, 1], [2, 2]]


def test_the_archive_is_pytorchs(tmp_path):
    adjoint.save({"a": adjoint.ones(5), "b": adjoint.zeros(0)}, tmp_path / "model.pt")
    data = (tmp_path / "model.pt").read_bytes()
    with zipfile.ZipFile(tmp_path / "model.pt") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "model/data.pkl", "model/.format_version", "model/.storage_alignment", "model/byteorder", "model/data/0",
            "model/data/1", "model/version", "model/.data/serialization_id",
        ]  # fmt: skip
        for entry in archive.infolist():
            header = data[entry.header_offset :]
            start = (
                entry.header_offset
                + 30
                + sum(int.from_bytes(header[place : place + 2], "little") for place in (26, 28))
            )
            assert start % 64 == 0


def test_sizes_beyond_32_bits_stand_in_extra_fields(monkeypatch):
    monkeypatch.setattr("adjoint.serialization.container._LIMIT", 1000)
    file = io.BytesIO()
    writer = ArchiveWriter(file, "archive")
    for number in range(3):
        writer.record(f"data/{number}", bytes([number]) * (number * 2000))
    writer.close()
    data = file.getvalue().replace((1000).to_bytes(4, "little"), b"\xff\xff\xff\xff")  # which says: see there
    archive = Archive(io.BytesIO(data))
    assert [archive.read(f"data/{number}") for number in range(3)] == [bytes([n]) * (n * 2000) for n in range(3)]


# --- options ---


def test_a_mapped_file_is_not_changed(tmp_path):
    path = tmp_path / "model.pt"
    adjoint.save({**layouts(adjoint), **types(adjoint)}, path)
    before = path.read_bytes()
    loaded = adjoint.load(path, mmap=True)
    assert described(loaded) == described(adjoint.load(path))
    loaded["base"].fill_(9.0)
    assert loaded["part"].tolist() == [9.0, 9.0, 9.0]
    assert path.read_bytes() == before
    adjoint.save(loaded["part"], tmp_path / "part.pt")
    assert (tmp_path / "part.pt").stat().st_size < len(before)


def test_a_mapped_file_that_is_replaced_keeps_its_numbers(tmp_path):
    adjoint.save(adjoint.ones(2000), tmp_path / "x.pt")
    loaded = adjoint.load(tmp_path / "x.pt", mmap=True)
    adjoint.save(adjoint.zeros(2000), tmp_path / "x.pt")
    assert loaded.sum() == 2000


@pytest.mark.skipif(not hasattr(mmap, "MAP_SHARED"), reason="a choice that only POSIX systems have")
def test_a_shared_mapping_writes_to_its_file(tmp_path):
    adjoint.save(adjoint.ones(2), tmp_path / "x.pt")
    with adjoint.serialization.set_default_mmap_options(mmap.MAP_SHARED):
        adjoint.load(tmp_path / "x.pt", mmap=True).fill_(7.0)
    assert adjoint.serialization.get_default_mmap_options() == mmap.MAP_PRIVATE
    assert adjoint.load(tmp_path / "x.pt", mmap=True).tolist() == [7.0, 7.0]


def test_only_paths_and_the_new_format_are_mapped(tmp_path):
    with pytest.raises(ValueError, match="f must be a file path"):
        after_a_trip([1], {"mmap": True})
    adjoint.save([1], tmp_path / "old.pt", **OLD)
    with pytest.raises(RuntimeError, match="mmap can only be used"):
        adjoint.load(tmp_path / "old.pt", mmap=True)


@pytest.mark.parametrize(
    "where",
    ["cpu", adjoint.device("cpu"), {"cpu": "cpu"}, lambda storage, place: None],
    ids=["text", "device", "table", "function"],
)
def test_map_location(where):
    assert after_a_trip(adjoint.ones(2), {"map_location": where}).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("options", [{}, OLD], ids=["new", "old"])
def test_map_location_is_called_once_for_each_storage(options):
    calls = []

    def restore(storage, place):
        calls.append((storage.nbytes(), str(storage.device), place))
        return storage

    assert described(after_a_trip(layouts(adjoint), {"map_location": restore}, **options)) == described(
        layouts(adjoint)
    )
    assert sorted(calls) == [
        (0, "cpu", "cpu"),
        (2, "cpu", "cpu"),
        (4, "cpu", "cpu"),
        (8, "cpu", "cpu"),
        (48, "cpu", "cpu"),
    ]


def test_other_devices_are_refused():
    with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device"):
        after_a_trip(adjoint.ones(2), {"map_location": "cuda:1"})
    with pytest.raises(RuntimeError, match="don't know how to restore data location"):
        after_a_trip(adjoint.ones(2), {"map_location": "xla"})
    with pytest.raises(TypeError, match="not callable"):
        after_a_trip(adjoint.ones(2), {"map_location": 3})
    with pytest.raises(TypeError, match="map_location must return a storage"):
        after_a_trip(adjoint.ones(2), {"map_location": lambda storage, place: "cpu"})


def test_files_without_their_order_of_bytes():
    file = io.BytesIO()
    adjoint.save(adjoint.tensor([1, 256]), file, _disable_byteorder_record=True)
    orders = adjoint.serialization.LoadEndianness
    found = {}
    try:
        for order in (None, orders.LITTLE, orders.NATIVE, orders.BIG):
            adjoint.serialization.set_default_load_endianness(order)
            assert adjoint.serialization.get_default_load_endianness() is order
            file.seek(0)
            found[order] = adjoint.load(file).tolist()
    finally:
        adjoint.serialization.set_default_load_endianness(None)
    assert found == {None: [1, 256], orders.LITTLE: [1, 256], orders.NATIVE: [1, 256], orders.BIG: [1 << 56, 1 << 48]}


def test_saving_without_check_sums():
    adjoint.serialization.set_crc32_options(False)
    try:
        assert after_a_trip(adjoint.ones(2)).tolist() == [1.0, 1.0]
    finally:
        adjoint.serialization.set_crc32_options(True)


# --- failures ---


def test_weights_only_false_is_refused(tmp_path):
    adjoint.save([1], tmp_path / "x.pt")
    with pytest.raises(RuntimeError, match="which Adjoint never does"):
        adjoint.load(tmp_path / "x.pt", weights_only=False)
    with pytest.raises(RuntimeError, match="Can not safely load weights"):
        adjoint.load(tmp_path / "x.pt", pickle_module=os)


def test_what_cannot_be_written_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.pt"
    adjoint.save([1], path)
    with pytest.raises(Exception, match="pickle"):
        adjoint.save([2, lambda: 3], path)
    assert adjoint.load(path) == [1]
    assert [each.name for each in tmp_path.iterdir()] == ["x.pt"]


def test_the_place_of_a_file(tmp_path):
    with pytest.raises(RuntimeError, match=r"Parent directory .* does not exist"):
        adjoint.save([1], tmp_path / "nowhere" / "x.pt")
    with pytest.raises(RuntimeError, match="Is a directory"):
        adjoint.save([1], tmp_path)
    with pytest.raises(AttributeError, match="expected 'f' to be string, path, or a file-like object"):
        adjoint.save([1], None)
    with pytest.raises(FileNotFoundError):
        adjoint.load(tmp_path / "x.pt")
    with pytest.raises(AttributeError, match=r"You can only torch\.load from a file that is seekable"):
        adjoint.load(object())


@pytest.mark.skipif(os.name != "posix", reason="of POSIX systems")
def test_permissions_and_links_are_kept(tmp_path):
    target, link = tmp_path / "target.pt", tmp_path / "link.pt"
    adjoint.save([1], target)
    target.chmod(0o640)
    link.symlink_to(target)
    adjoint.save([2], link)
    assert link.is_symlink()
    assert adjoint.load(target) == [2]
    assert target.stat().st_mode & 0o777 == 0o640
    adjoint.save([3], "/dev/null")
    assert not Path("/dev/null").is_file()
