"""Files that were cut off, changed, or made to do harm: one clear error each, and nothing of them is executed."""

import io
import os
import pickle
import pickletools
import struct
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import adjoint
from adjoint.serialization.container import ArchiveWriter
from tests.serialization.contents import CONTENTS, described, layouts

#: what a file that is not in order may raise
REFUSALS = (RuntimeError, pickle.UnpicklingError, EOFError, ValueError)


def saved(thing, **options):
    file = io.BytesIO()
    adjoint.save(thing, file, **options)
    return file.getvalue()


def load(data, **options):
    return adjoint.load(io.BytesIO(data), **options)


def archive(pickled, records=(), version=b"3\n", byteorder=b"little"):
    """An archive with these contents, in order but for what they say."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, data in (("data.pkl", pickled), ("byteorder", byteorder), *records, ("version", version)):
            if data is not None:
                made.writestr(f"archive/{name}", data)
    return file.getvalue()


NEW, OLD = saved(layouts(adjoint)), saved(layouts(adjoint), _use_new_zipfile_serialization=False)
EXPECTED = described(layouts(adjoint))


# --- damage ---


@pytest.mark.parametrize("data", [NEW, OLD], ids=["new", "old"])
def test_a_file_that_was_cut_off(data):
    for length in range(len(data)):
        with pytest.raises(REFUSALS):
            load(data[:length])


def test_no_changed_bit_goes_unnoticed():
    """Each is refused, or is in bytes that mean nothing, such as those between records."""
    for place in range(0, len(NEW) * 8, 3):
        changed = bytearray(NEW)
        changed[place // 8] ^= 1 << place % 8
        try:
            found = load(bytes(changed))
        except REFUSALS:
            continue
        assert described(found) == EXPECTED


def test_changed_bits_of_the_old_format():
    for place in range(0, len(OLD) * 8, 3):
        changed = bytearray(OLD)
        changed[place // 8] ^= 1 << place % 8
        with suppress(*REFUSALS):
            load(bytes(changed))


EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 8), st.binary(max_size=8)), min_size=1, max_size=6)


def edited(data, edits):
    for place, length, inserted in edits:
        start = int(place * len(data))
        data = data[:start] + inserted + data[start + length :]
    return data


@given(data=st.sampled_from([NEW, OLD]), edits=EDITS)
def test_any_change(data, edits):
    with suppress(*REFUSALS):
        load(edited(data, edits))


@given(name=st.sampled_from(sorted(CONTENTS)), edits=EDITS)
def test_any_change_of_the_pickle(name, edits):
    """Within an archive whose check sums are right."""
    with zipfile.ZipFile(io.BytesIO(saved(CONTENTS[name](adjoint)))) as made:
        records = {path.removeprefix("archive/"): made.read(path) for path in made.namelist()}
    storages = [(name, data) for name, data in records.items() if name.startswith("data/")]
    with suppress(*REFUSALS):
        load(archive(edited(records["data.pkl"], edits), storages))


@given(st.binary(max_size=60))
def test_any_bytes_as_the_pickle(pickled):
    with suppress(*REFUSALS):
        load(archive(pickled + b"."))


OPCODES = [each.code.encode("latin1") for each in pickletools.opcodes]
PIECES = [
    *OPCODES, b"ctorch\nFloatStorage\n", b"ctorch._utils\n_rebuild_tensor_v2\n", b"ccollections\nOrderedDict\n",
    b"c__builtin__\nset\n", b"c__builtin__\nbytearray\n", b"X\x07\x00\x00\x00storage", b"X\x01\x00\x00\x000", b"K\x02",
    b"X\x03\x00\x00\x00cpu", b"ctorch\nSize\n", b"ctorch\ndevice\n", b"q\x00", b"h\x00", b"J\xff\xff\xff\xff",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_any_instructions(pieces):
    with suppress(*REFUSALS):
        load(archive(b"\x80\x02" + b"".join(pieces) + b".", [("data/0", bytes(8))]))


# --- what a pickle may not do ---


class Harm:
    """What a pickle of it calls when it is executed."""

    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("is_old", [False, True], ids=["new", "old"])
@pytest.mark.parametrize(
    "call", [(os.system, "touch {}"), (eval, "open({!r}, 'w')"), (open, "{}", "w"), (Path.touch, Path("{}"))]
)
def test_nothing_is_executed(tmp_path, call, is_old, protocol):
    mark = tmp_path / "mark"
    function, *arguments = call
    arguments = [type(each)(str(each).format(str(mark))) for each in arguments]
    pickled = pickle.dumps({"weight": Harm(function, *arguments)}, protocol)
    header = b"".join(pickle.dumps(each, 2) for each in (0x1950A86A20F9469CFC6C, 1001, {}))
    with pytest.raises(pickle.UnpicklingError, match=r"Weights only load failed.*GLOBAL"):
        load(header + pickled + pickle.dumps([], 2) if is_old else archive(pickled))
    assert not mark.exists()


@pytest.mark.parametrize(
    ("case", "expected"),
    {
        "a blocked module": (b"cposix\nsystem\n.", "GLOBAL posix.system whose module posix is blocked"),
        "a function": (
            b"c__builtin__\neval\n.",
            "Unsupported global: GLOBAL eval was not an allowed global by default",
        ),
        "an attribute": (b"ctorch\nSize.__class__\n.", "GLOBAL torch.Size.__class__ was not an allowed global"),
        "a module of the library": (b"cadjoint.lazy\nlazy\n.", "GLOBAL adjoint.lazy.lazy was not an allowed global"),
        "what Adjoint lacks": (b"ctorch._utils\n_rebuild_qtensor\n.", "Adjoint has no quantized tensors"),
        "by the stack": (b"\x8c\x02os\x8c\x06system\x93.", "GLOBAL os.system"),
        "INST": (b"(ios\nsystem\n.", "Unsupported operand INST"),
        "OBJ": (b"(ctorch\nSize\no.", "Unsupported operand OBJ"),
        "EXT1": (b"\x82\x01.", "Unsupported operand EXT1"),
        "GET": (b"g0\n.", "Unsupported operand GET"),
        "NEXT_BUFFER": (b"\x97.", "Unsupported operand NEXT_BUFFER"),
        "an unknown opcode": (b"\xff.", "unknown"),
        "no end": (b"K\x01", "pickle exhausted before seeing STOP"),
        "nothing": (b".", "the pickle makes no sense"),
        "an empty stack": (b"a.", "the pickle makes no sense"),
        "too short a stack": (b"N\x87.", "the pickle makes no sense"),
        "no mark": (b"Nt.", "the pickle makes no sense"),
        "an empty memo": (b"h\x05.", "the pickle makes no sense"),
        "odd items": (b"}(K\x01u.", "the pickle makes no sense"),
        "a key without hash": (b"}]Ns.", "the pickle makes no sense"),
        "text that is none": (b"X\x01\x00\x00\x00\xff.", "Weights only load failed"),
        "a call of a number": (b"K\x01)R.", "Trying to call reduce for unrecognized function 1"),
        "a call of a type": (b"ctorch\nfloat32\n)R.", "Trying to call reduce for unrecognized function"),
        "a tensor without arguments": (b"ctorch._utils\n_rebuild_tensor_v2\n)R.", "the pickle makes no sense"),
        "a tensor without storage": (b"ctorch._utils\n_rebuild_tensor\n(NNNNtR.", "a tensor must lie in a storage"),
        "a tensor of a class": (b"ctorch\nTensor\n)\x81.", "Can only create new object"),
        "a large bytearray": (b"c__builtin__\nbytearray\n\x8a\x06\x00\x00\x00\x00\x00\x10\x85R.", "made from bytes"),
        "large bytes": (b"c__builtin__\nbytes\n\x8a\x06\x00\x00\x00\x00\x00\x10\x85R.", "the pickle makes no sense"),
        "a decompression": (b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x04\x00\x00\x00zlib\x86R.", "text in latin1"),
        "attributes of a dict": (b"}}b.", "Can only build Tensor, Parameter, OrderedDict"),
        "methods of a dict": (b"ccollections\nOrderedDict\n)R}X\x05\x00\x00\x00itemsNsb.", "no such attributes"),
        "an append to a tuple": (b")Na.", "Can only append to lists"),
        "an item of a list": (b"]NNs.", "Can only SETITEMS for dict"),
        "another reference": (b"X\x06\x00\x00\x00module\x85Q.", "Only persistent_load of storage"),
        "a reference to a number": (b"K\x01Q.", "persistent_load id must be tuple"),
        "a reference to what it likes": (b"((X\x07\x00\x00\x00storage]]]]tQ.", "a storage has a type and a size"),
    }.items(),
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_a_pickle_may_not_say(case, expected):
    pickled, words = expected
    with pytest.raises(pickle.UnpicklingError, match=words.replace("(", r"\(")):
        load(archive(b"\x80\x02" + pickled))


def reference(elements, key=b"0", kind=b"FloatStorage"):
    return (
        b"(X\x07\x00\x00\x00storagectorch\n" + kind + b"\nX" + struct.pack("<I", len(key)) + key
        + b"X\x03\x00\x00\x00cpu\x8a\x08" + struct.pack("<q", elements) + b"tQ"
    )  # fmt: skip


def tensor(offset=0, size=(2,), stride=(1,), elements=2, **options):
    """A pickle of one tensor, whatever is said of it."""
    numbers = [b"\x8a\x08" + struct.pack("<q", each) for each in (offset, *size, *stride)]
    shape = b"(" + b"".join(numbers[1 : len(size) + 1]) + b"t(" + b"".join(numbers[len(size) + 1 :]) + b"t"
    made = b"ctorch._utils\n_rebuild_tensor_v2\n(" + reference(elements, **options) + numbers[0] + shape
    return b"\x80\x02" + made + b"\x89NtR."


HUGE = 1 << 60


def test_the_tensor_of_the_following_tests_is_in_order():
    assert load(archive(tensor(), [("data/0", bytes(8))])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    "said",
    [
        {"offset": 1}, {"offset": -1}, {"offset": HUGE}, {"size": (3,)}, {"size": (-1,)}, {"size": (HUGE,)}, {"stride": (2,)},
        {"stride": (-1,)}, {"stride": (HUGE,)}, {"size": (2, 2)}, {"stride": (1, 1)}, {"elements": 1}, {"elements": 3},
        {"elements": -1}, {"elements": HUGE}, {"key": b"1"}, {"key": b"../data.pkl"}, {"key": b"/etc/passwd"}, {"key": b""},
        {"kind": b"DoubleStorage"}, {"size": (HUGE, HUGE, 0), "stride": (1, 1, 1)}, {"size": (1,) * 70, "stride": (1,) * 70},
        {"size": (HUGE, HUGE), "stride": (0, 0)},
    ],
    ids=repr,
)  # fmt: skip
def test_a_tensor_stays_within_its_storage(said):
    tracemalloc.start()
    try:
        with pytest.raises(REFUSALS):
            load(archive(tensor(**said), [("data/0", bytes(8))]))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", [b"X", b"B", b"\x8b", b"T"])
def test_lengths_beyond_the_end_take_no_memory(kind):
    tracemalloc.start()
    try:
        with pytest.raises(pickle.UnpicklingError):
            load(archive(b"\x80\x02" + kind + b"\xff\xff\xff\x7f" + b"a."))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_an_index_of_the_memo_takes_no_memory():
    assert load(archive(b"\x80\x02K\x07r\xff\xff\xff\xff.")) == 7


def test_keys_that_would_take_forever_to_hash():
    doubled = b")" + b"q\x00h\x00\x86" * 100  # each a pair of the one before
    deep = b")" + b"\x85" * 200_000
    for key in (doubled, deep):
        for pickled in (b"}" + key + b"Ns.", b"c__builtin__\nset\n]" + key + b"a\x85R.", b"\x8f(" + key + b"\x90."):
            with pytest.raises(pickle.UnpicklingError, match="a key in this file is too large"):
                load(archive(b"\x80\x02" + pickled))


def test_what_would_take_forever_to_show_is_not_shown():
    doubled = b"]" + b"q\x00](h\x00h\x00e" * 100
    large = b"\x8b" + struct.pack("<I", 100_000) + b"\x7f" * 100_000
    for pickled in (
        doubled + b")R.",
        doubled + b"Q.",
        doubled + b"\x85Q.",
        b"ccollections\nOrderedDict\n)R" + doubled + b"b.",
    ):
        with pytest.raises(pickle.UnpicklingError):
            load(archive(b"\x80\x02" + pickled))
    sizes = b"(" + (large + b"q\x00" + b"h\x00" * 1000) + b"t"
    for pickled in (b"ctorch\nSize\n" + sizes + b"\x85R.", tensor().replace(b"\x89NtR.", large + b"NtR.")):
        with pytest.raises(REFUSALS):
            load(archive(b"\x80\x02" + pickled, [("data/0", bytes(8))]))


def test_truth_values_that_are_neither():
    found = load(archive(tensor(kind=b"BoolStorage"), [("data/0", b"\x00\x07")]))
    assert found.tolist() == [False, True]
    assert found.sum() == 1


# --- what an archive may not do ---


def test_records_that_are_missing_or_make_no_sense():
    data = [("data/0", bytes(8))]
    for pickled, records, options, words in (
        (None, data, {}, "locating file data.pkl: file not found"),
        (tensor(), [], {}, "locating file data/0: file not found"),
        (tensor(), data, {"version": None}, "locating file version"),
        (tensor(), data, {"version": b"99"}, "Attempted to read a PyTorch file with version 99"),
        (tensor(), data, {"version": b"x"}, "Couldn't parse the version"),
        (tensor(), data, {"byteorder": b"middle"}, "Unknown endianness type: middle"),
        (tensor(), [("constants.pkl", b"")], {}, "TorchScript archives"),
    ):
        with pytest.raises((RuntimeError, ValueError), match=words):
            load(archive(pickled, records, **options))


def test_compressed_records_are_refused():
    """One could be a thousand times as large as its file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("archive/data.pkl", tensor(elements=25_000_000))
        made.writestr("archive/data/0", bytes(100_000_000))
        made.writestr("archive/version", b"3\n")
    with pytest.raises(RuntimeError, match="is compressed or encrypted"):
        load(file.getvalue())


def test_records_that_share_their_bytes_are_refused():
    """A hundred records in the same megabyte would be a hundred megabytes."""
    file = io.BytesIO()
    writer = ArchiveWriter(file, "archive")
    writer.record("data.pkl", b"\x80\x02N.")
    writer.record("data/0", bytes(1000))
    writer._entries += [writer._entries[1].replace(b"data/0", b"data/1")]
    writer.close()
    with pytest.raises(RuntimeError, match="reaches beyond its place"):
        load(file.getvalue())


def test_a_name_that_stands_twice_is_refused():
    file = io.BytesIO()
    writer = ArchiveWriter(file, "archive")
    for data in (b"\x80\x02K\x01.", b"\x80\x02K\x02."):
        writer.record("data.pkl", data)
    writer.close()
    with pytest.raises(RuntimeError, match=r"two records by the name data\.pkl"):
        load(file.getvalue())


def test_a_record_beyond_the_end_is_refused():
    start = NEW.rindex(b"PK\x01\x02")
    entry = bytearray(NEW)
    entry[start + 20 : start + 28] = struct.pack("<2L", 1 << 31, 1 << 31)
    with pytest.raises(RuntimeError, match="reaches beyond its place"):
        load(bytes(entry))


def test_files_of_other_kinds():
    for data, error, words in (
        (b"", EOFError, "Ran out of input"),
        (b"hello world", pickle.UnpicklingError, "Weights only load failed"),
        (pickle.dumps({"a": 1}, 2), RuntimeError, "Invalid magic number; corrupt file"),
        (b"\x80\x04N.", RuntimeError, "Invalid magic number"),
        (bytes(257) + b"ustar" + bytes(300), RuntimeError, "legacy .tar format"),
        (b"PK\x03\x04" + bytes(100), RuntimeError, "failed finding central directory"),
    ):
        with pytest.raises(error, match=words):
            load(data)


def test_storages_of_the_old_format_are_no_larger_than_their_file():
    header = b"".join(pickle.dumps(each, 2) for each in (0x1950A86A20F9469CFC6C, 1001, {}))
    made = tensor(elements=1 << 40).replace(b"tQ", b"NtQ")
    tracemalloc.start()
    try:
        with pytest.raises(RuntimeError, match="unexpected EOF"):
            load(header + made + pickle.dumps(["0"], 2))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
