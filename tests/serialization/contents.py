"""What files are made to hold, written for one of the two libraries; and what can be seen of it after a trip."""

from collections import OrderedDict

DTYPES = (
    "bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "float16", "bfloat16", "float32",
    "float64", "complex64", "complex128", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz",
)  # fmt: skip

#: which PyTorch writes to files in the old format in a way that it cannot read itself
NEW_DTYPES = ("uint16", "uint32", "uint64", *(name for name in DTYPES if name.startswith("float8")))


def numbers(torch, dtype):
    return torch.tensor([[0.0, 1.0, 3.0], [1.0, 0.5, 2.0]]).to(getattr(torch, dtype))


def types(torch, names=DTYPES):
    """A tensor of each type."""
    return {name: numbers(torch, name) for name in names}


def layouts(torch):
    """Tensors that lie in their memory in every way."""
    base = torch.arange(12.0)
    return OrderedDict(
        part=base[2:5],
        base=base,
        transposed=base.view(3, 4).t(),
        steps=base[1::3],
        expanded=torch.ones(1).expand(4),
        scalar=torch.tensor(3),
        empty=torch.zeros(0, 3),
        truth=torch.tensor([True, False]),
    )


def leaves(torch):
    """Tensors with more to them than numbers."""
    weight = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    noted = torch.ones(2)
    noted.note = "kept"
    marked = torch.nn.Parameter(torch.ones(1))
    marked.is_bias = True
    return {
        "leaf": torch.ones(3, requires_grad=True),
        "weight": weight,
        "frozen": torch.nn.Parameter(torch.ones(1), requires_grad=False),
        "tied": weight,
        "noted": noted,
        "marked": marked,
        "buffer": torch.nn.Buffer(torch.ones(1)),
    }


def plain(torch):
    """Values without tensors."""
    state = OrderedDict(a=1)
    state._metadata = OrderedDict(version=2)
    return {
        "none": None, "flags": [True, False], "integers": [0, 255, 256, 65536, -1, 2**31, 2**70, -(2**70)],
        "floats": [0.5, float("inf"), -0.0], "complex": 1 + 2j, "text": ["", "ä", "x" * 300, "\ud800"],
        "bytes": [b"", b"\x00\xff", bytearray(b"abc")], "set": {1, 2}, "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
        "nested": {"a": [{"b": ({},)}], 3: [], (1, "x"): {}}, "size": torch.Size([2, 3]), "dtype": torch.bfloat16,
        "device": torch.device("cpu"), "layout": torch.strided, "ordered": state, "long": list(range(2500)),
    }  # fmt: skip


CONTENTS = {"types": types, "layouts": layouts, "leaves": leaves, "plain": plain}


def described(value):
    """All that can be seen of what was loaded, as plain data that both libraries give alike."""
    if hasattr(value, "requires_grad") and hasattr(value, "tolist"):
        kind = type(value).__name__
        attributes = {**vars(value), "_is_buffer": True} if kind == "Buffer" else vars(value)
        return [
            kind.replace("Buffer", "Tensor"), str(value.dtype), value.detach().tolist(), list(value.shape), value.stride(),
            value.storage_offset(), value.requires_grad, value.is_leaf, sorted(attributes.items()),
        ]  # fmt: skip
    if isinstance(value, dict):
        extra = [described(vars(value))] if isinstance(value, OrderedDict) else []
        return [type(value).__name__, *[(described(k), described(v)) for k, v in value.items()], *extra]
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, *map(described, value)]
    return repr(value)


def shared(tensors):
    """Which tensors of a dict share their memory, and from which byte on."""
    first = {}
    found = {}
    for name, tensor in tensors.items():
        if tensor.numel():
            start = tensor.data_ptr() - tensor.storage_offset() * tensor.element_size()
            found[name] = first.setdefault(start, name)
    return found
