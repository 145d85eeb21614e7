"""Files in the safetensors format, and all that may be wrong with one."""

import importlib.util
import json
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

import adjoint
from adjoint.serialization import safetensors
from tests.serialization.contents import DTYPES, described, numbers

HAS_PACKAGE = importlib.util.find_spec("safetensors") is not None
NAMES = [name for name in DTYPES if name != "complex128"]


def tensors():
    found = {name: numbers(adjoint, name) for name in NAMES}
    return {**found, "scalar": adjoint.tensor(1.5), "empty": adjoint.zeros(0, 3), "ä": adjoint.ones(1)}


def file_of(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(dtype="F32", shape=(2,), offsets=(0, 8), **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets), **more}


def test_a_trip_changes_nothing(tmp_path):
    path = tmp_path / "model.safetensors"
    safetensors.save_file(tensors(), path, {"format": "pt"})
    for loaded in (safetensors.load_file(path), safetensors.load(path.read_bytes()), adjoint.load(path)):
        assert {name: described(each) for name, each in loaded.items()} == {
            n: described(t) for n, t in tensors().items()
        }
    assert safetensors.save(tensors(), {"format": "pt"}) == path.read_bytes()


def test_numbers_are_aligned_and_the_widest_come_first():
    data = safetensors.save(tensors())
    (length,) = struct.unpack("<Q", data[:8])
    assert length % 8 == 0
    starts = {name: each["data_offsets"][0] for name, each in json.loads(data[8 : 8 + length]).items()}
    for name in NAMES:
        assert starts[name] % getattr(adjoint, name).itemsize == 0


@pytest.mark.skipif(not HAS_PACKAGE, reason="compares with the package safetensors, which is optional")
def test_the_package_reads_and_writes_the_same(tmp_path):
    from safetensors import numpy as package  # noqa: PLC0415  (optional)

    plain = [name for name in NAMES if not name.startswith(("bfloat", "float8"))]
    ours = {name: numbers(adjoint, name) for name in plain}
    theirs = {name: tensor.numpy() for name, tensor in ours.items()}
    data = safetensors.save(ours, {"a": "b"})
    assert package.save(theirs, {"a": "b"}) == data
    assert {name: array.tolist() for name, array in package.load(data).items()} == {
        n: t.tolist() for n, t in ours.items()
    }


def test_only_contiguous_tensors_of_their_own_are_saved():
    x = adjoint.ones(2, 3)
    for wrong, error, words in (
        ([x], ValueError, "Expected a dict of"),
        ({"x": 1}, ValueError, "Key `x` is invalid"),
        ({"x": x.t()}, ValueError, "non contiguous tensor: `x`"),
        ({"x": x, "y": x[0]}, RuntimeError, "Some tensors share memory"),
        ({"x": x.to(adjoint.complex128)}, ValueError, "has no type for torch.complex128"),
    ):
        with pytest.raises(error, match=words):
            safetensors.save(wrong)
    with pytest.raises(TypeError, match="metadata must be a dict of text"):
        safetensors.save({"x": x}, {"step": 1})
    halves = adjoint.ones(4)
    assert safetensors.load(safetensors.save({"a": halves[:2], "b": halves[2:]}))["b"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "header too small"),
        (struct.pack("<Q", 1 << 60), "header too large"),
        (struct.pack("<Q", 100) + b"{}", "invalid header length"),
        (file_of(b" {}"), "invalid header start"),
        (file_of(b"{"), "invalid header: "),
        (file_of(b"{\xff}"), "invalid header: "),
        (file_of(b'{"a":' + b"[" * 100_000), "invalid header: "),
        (file_of(b'{"a":' + b"9" * 10_000 + b"}"), "invalid header: "),
        (file_of(b'{"a":1,"a":1}'), "a name stands there twice"),
        (file_of({"__metadata__": {"a": 1}}), "metadata is not a dict of text"),
        (file_of({"a": 1}), "must have a dtype"),
        (file_of({"a": entry(more=1)}, bytes(8)), "must have a dtype"),
        (file_of({"a": entry("F33")}, bytes(8)), "no type 'F33'"),
        (file_of({"a": entry(["F32"])}, bytes(8)), "no type"),
        (file_of({"a": entry(shape=[2.0])}, bytes(8)), "must be integers"),
        (file_of({"a": entry(shape=[True, 2])}, bytes(8)), "must be integers"),
        (file_of({"a": entry(shape=[-2])}, bytes(8)), "must be integers"),
        (file_of({"a": entry(shape=[1 << 62, 1 << 62])}, bytes(8)), "invalid shape, data type, or offset"),
        (file_of({"a": entry(shape=[3])}, bytes(8)), "invalid shape, data type, or offset"),
        (file_of({"a": entry(offsets=[0, 8, 16])}, bytes(8)), "invalid shape, data type, or offset"),
        (file_of({"a": entry(offsets=[8, 0])}, bytes(8)), "invalid shape, data type, or offset"),
        (file_of({"a": entry(offsets=[8, 16])}, bytes(16)), "invalid offset"),
        (file_of({"a": entry(), "b": entry(offsets=[4, 12])}, bytes(12)), "invalid offset"),
        (file_of({"a": entry(), "b": entry()}, bytes(8)), "invalid offset"),
        (file_of({"a": entry()}, bytes(4)), "file not fully covered"),
        (file_of({"a": entry()}, bytes(12)), "file not fully covered"),
    ],
    ids=range(26),
)
def test_what_a_file_may_not_say(data, words):
    with pytest.raises(safetensors.SafetensorError, match=words):
        safetensors.load(data)


@given(st.integers(0, 2000), st.integers(0, 4), st.binary(max_size=4))
def test_any_change(place, length, inserted):
    data = safetensors.save(tensors())
    with suppress(safetensors.SafetensorError):
        safetensors.load(data[:place] + inserted + data[place + length :])


def test_the_device_is_the_cpu(tmp_path):
    path = tmp_path / "x.safetensors"
    safetensors.save_file({"x": adjoint.ones(2)}, path)
    assert adjoint.load(path, map_location="cpu")["x"].tolist() == [1.0, 1.0]
    with pytest.raises(AssertionError, match="CUDA"):
        safetensors.load_file(path, "cuda:0")
    with pytest.raises(RuntimeError, match="callable map_location is not supported"):
        adjoint.load(path, map_location=lambda storage, place: storage)
