"""Record how PyTorch prints tensors, for tests that run without it.

Run with PyTorch installed, `python tests/golden/record_printing.py`; it writes printing.json next to itself, which
holds the inputs as well as the texts. The tests that read it are in tests/core/test_printing.py.
"""

import contextlib
import json
import math
from pathlib import Path

import torch
from torch.autograd import forward_ad

NAN, INF = float("nan"), float("inf")
FLOATS = ["float16", "bfloat16", "float32", "float64"]
FLOATS8 = ["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"]
INTEGERS = ["uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"]
COMPLEX = ["complex64", "complex128"]

# Values that bring out one rule each; every list is a vector of float32 unless the name ends in another type.
VECTORS = {
    "fractions": [1.5, -2.25, 3.14159],
    "whole": [1.0, -2.0, 300.0],
    "whole with zeros": [0.0, -0.0, 12.0],
    "nothing but zeros": [0.0, -0.0, 0.0],
    "nothing finite": [NAN, INF, -INF],
    "whole and not finite": [1.0, NAN, INF, -INF],
    "fractions and not finite": [1.5, NAN, INF, -INF],
    "scientific and not finite": [1e10, NAN, INF, -INF, 0.0],
    "not finite sticks out of its column": [1.0, -INF, 2.0, 0.0],
    "ties round to even": [0.00005, 0.00015, 0.5, 2.00005, 0.03125],
    "ratio of 1000": [1.0, 1000.0],
    "ratio over 1000": [1.0, 1000.0001],
    "fractions with ratio of 1000": [0.5, 500.0],
    "fractions with ratio over 1000": [0.5, 500.0001],
    "ratio is of magnitudes": [-5000.5, 1.0],
    "ratio leaves zeros out": [0.0, 0.5, 400.0],
    "as large as 1e8": [1e8, 1e8],
    "larger than 1e8": [100000008.0, 100000008.0],
    "whole and larger than 1e8 next to small": [123456789.0, 1.0],
    "small": [0.000101, 0.0002],
    "too small": [0.0000999, 0.00009],
    "largest": [3.4028234663852886e38],
    "subnormal": [1e-45, 1e-44],
    "a million": [1e6, -1e6],
}
EDGES_OF_FLOAT64 = {
    "exactly 1e-4": [1e-4, 1e-4],
    "next below 1e-4": [9.999999999999999e-05],
    "next above 1e8": [100000000.00000001],
    "ratio overflows": [1e-308, 1e308],
    "exponent of three digits": [1e-200, 2.5e-200],
    "all digits of a third": [1 / 3, 2 / 3],
}
COMPLEX_VECTORS = {
    "whole": [(1.0, 2.0), (-3.0, -4.0)],
    "fractions": [(1.5, -2.5), (10.25, 100.125)],
    "parts in notations of their own": [(1.0, 1e-7), (2.0, 1e7), (-3.0, 0.0)],
    "zeros of both signs": [(0.0, -0.0), (-0.0, 0.0)],
    "not finite": [(NAN, INF), (-INF, NAN), (1.5, -INF)],
    "only one part is finite": [(NAN, 1.5), (INF, -2.0)],
}
SHAPES = [(1,), (2, 3), (2, 3, 4), (2, 1, 2, 3), (1, 1, 1, 1, 2), (3, 1), (1, 12)]
EMPTY_SHAPES = [(0,), (0, 3), (3, 0), (2, 0, 3), (0, 0)]
LARGE_SHAPES = [(1001,), (1200,), (40, 40), (2, 600), (600, 2), (11, 12, 13), (6, 7, 8, 9)]
OPTIONS = [
    {"precision": 0},
    {"precision": 2},
    {"precision": 8},
    {"sci_mode": True},
    {"sci_mode": False},
    {"precision": 0, "sci_mode": True},
    {"linewidth": 40},
    {"linewidth": 20},
    {"linewidth": 1},
    {"linewidth": 200},
    {"threshold": 5},
    {"threshold": 5, "edgeitems": 1},
    {"threshold": 5, "edgeitems": 2, "linewidth": 30},
    {"threshold": 0, "edgeitems": 0},
    {"edgeitems": 0},
    {"profile": "short"},
    {"profile": "full"},
    {"profile": "short", "precision": 3, "threshold": 10},
    {"profile": "a name that PyTorch passes over"},
]


def case(name, values, dtype="float32", shape=None, **rest):
    """One tensor to print. `rest`: print options, default_dtype, and where the tensor comes from."""
    shape = shape if shape is not None else (len(values),)
    return {"name": name, "values": values, "dtype": dtype, "shape": shape, **rest}


def ramp(shape, step):
    """0, step, 2 step, ...: written down by its step, as it may be long."""
    return {"step": step, "count": math.prod(shape)}


def cases():
    for name, values in VECTORS.items():
        yield case(name, values)
    for name, values in EDGES_OF_FLOAT64.items():
        yield case(f"float64: {name}", values, "float64")
        yield case(f"float64 by default: {name}", values, "float64", default_dtype="float64")
    for dtype in COMPLEX:
        for name, values in COMPLEX_VECTORS.items():
            yield case(f"{dtype}: {name}", values, dtype)
        yield case(f"{dtype}: 0-d", [(1.5, -2.0)], dtype, ())
        yield case(f"{dtype}: lines", [(i / 4, -i * 1.0) for i in range(24)], dtype, (2, 12))
    for dtype in FLOATS + FLOATS8:
        yield case(f"{dtype}: powers of two", [1.0, 2.0, 4.0, 0.5], dtype)
        yield case(f"{dtype}: NaN", [1.0, NAN, 4.0], dtype)
        yield case(f"{dtype}: 0-d", [0.25], dtype, ())
    yield case("float8_e8m0fnu: smallest, which PyTorch takes for zero", [2.0**-127], "float8_e8m0fnu")
    yield case("float8_e8m0fnu: powers far apart", [2.0**-100, 2.0**100], "float8_e8m0fnu")
    for dtype in INTEGERS:
        largest = torch.iinfo(getattr(torch, dtype)).max
        smallest = torch.iinfo(getattr(torch, dtype)).min
        yield case(f"{dtype}: extremes", [0, smallest, largest], dtype)
        yield case(f"{dtype}: 0-d", [7], dtype, ())
    yield case("bool", [True, False, True, True], "bool", (2, 2))
    yield case("bool: all true", [True, True], "bool")
    yield case("bool: 0-d", [False], "bool", ())
    for value in [1.0, 0.0, -0.0, 2.5, 1e9, 1e-5, 123456.789, NAN, -INF]:
        yield case(f"0-d: {value}", [value], shape=())
    for shape in SHAPES:
        yield case(f"float32 of shape {shape}", ramp(shape, 0.5), shape=shape)
        yield case(f"int64 of shape {shape}", ramp(shape, 1), "int64", shape)
    for shape in EMPTY_SHAPES:
        for dtype in ["float32", "int64", "bool", "complex64"]:
            yield case(f"empty {dtype} of shape {shape}", [], dtype, shape)
    for shape in LARGE_SHAPES:
        yield case(f"large float32 of shape {shape}", ramp(shape, 0.25), shape=shape)
        yield case(f"large int64 of shape {shape}", ramp(shape, 1), "int64", shape)
    yield case("lines of zeros", [0.0] * 60)
    yield case("line of 25 floats", ramp((25,), 0.1), shape=(25,))
    yield case("lines of 30 integers", ramp((2, 30), 1), "int64", (2, 30))
    yield case("1000 elements are not shortened", ramp((1000,), 1), "int64", (1000,))
    yield from cases_of_options()
    yield from cases_of_suffixes()


def cases_of_options():
    for options in OPTIONS:
        yield case(f"fractions with {options}", ramp((4, 8), 0.37), shape=(4, 8), options=options)
        yield case(f"0-d with {options}", [1.5], shape=(), options=options)
        yield case(f"whole with {options}", [1.0, 20.0, NAN, 0.0], options=options)
        yield case(f"complex with {options}", [(0.5, -1e5), (12.0, 0.25)] * 4, "complex64", options=options)
        yield case(f"integers with {options}", ramp((9, 3), 7), "int64", (9, 3), options=options)
        yield case(f"empty with {options}", [], shape=(2, 0), options=options)
    yield case("zeros with sci_mode", [0.0, NAN], options={"sci_mode": True})


def cases_of_suffixes():
    for default in ["float64", "float16"]:
        for dtype in [*FLOATS, *COMPLEX, "int64", "int32", "bool"]:
            yield case(f"{dtype} where {default} is the default", [1, 0], dtype, default_dtype=default)
        yield case(f"empty float32 where {default} is the default", [], default_dtype=default)
    for origin in ["leaf", "node", "parameter", "frozen parameter", "subclass", "subclass of parameter"]:
        for dtype in ["float32", "float64", "complex64"]:
            yield case(f"{origin}: {dtype}", [1.5, 2.5, -3.0], dtype, origin=origin)
        yield case(f"{origin}: 0-d", [1.5], shape=(), origin=origin)
        yield case(f"{origin}: empty", [], shape=(0, 2), origin=origin)
        yield case(f"{origin}: matrix", ramp((3, 4), 0.5), shape=(3, 4), origin=origin)
    # The suffix moves to a new line somewhere among these lengths.
    for count in range(5, 13):
        yield case(f"grad_fn after {count}", ramp((count,), 0.5), shape=(count,), origin="node")
        yield case(f"dtype and grad_fn after {count}", ramp((count,), 0.5), "float64", (count,), origin="node")
        yield case(f"dtype after rows of {count}", ramp((2, count), 1), "int32", (2, count))
        yield case(f"size and dtype after {count}", [1] * count, "int16", options={"edgeitems": 0, "linewidth": 40})
    for width in range(50, 55):  # a second suffix after one that opened a line
        yield case(f"two suffixes within {width}", [1.5] * 5, "float64", origin="node", options={"linewidth": width})
    for origin in ["dual", "dual of a node"]:
        yield case(f"{origin}: 0-d", [1.5], shape=(), origin=origin)
        yield case(f"{origin}: vector", [1.5, 2.5], origin=origin)
        yield case(f"{origin}: matrix", ramp((3, 4), 0.5), shape=(3, 4), origin=origin)
    for dtype in ["float32", "float64", "int64"]:
        yield case(f"meta: {dtype}", ramp((2, 3), 1), dtype, (2, 3), origin="meta")
        yield case(f"meta: empty {dtype}", [], dtype, (0,), origin="meta")

    # So large that only an implementation that leaves the middle alone can print it.
    yield case("expanded to 10^12 elements", [1.5], shape=(1, 1), origin="expanded")


def build(values, dtype, shape):
    if isinstance(values, dict):
        values = [values["step"] * i for i in range(values["count"])]
    if dtype.startswith("complex"):
        values = [complex(*value) if isinstance(value, tuple) else value for value in values]
    return torch.tensor(values, dtype=getattr(torch, dtype)).reshape(shape)


class MyTensor(torch.Tensor):
    pass


class MyParameter(torch.nn.Parameter):
    pass


ORIGINS = {
    "data": lambda tensor: tensor,
    "leaf": lambda tensor: tensor.requires_grad_(),
    "node": lambda tensor: tensor.requires_grad_().clone(),
    "parameter": torch.nn.Parameter,
    "frozen parameter": lambda tensor: torch.nn.Parameter(tensor, requires_grad=False),
    "subclass": lambda tensor: tensor.as_subclass(MyTensor),
    "subclass of parameter": MyParameter,
    "dual": lambda tensor: forward_ad.make_dual(tensor, -tensor),
    "dual of a node": lambda tensor: forward_ad.make_dual(tensor.clone().requires_grad_().clone(), -tensor),
    "meta": lambda tensor: tensor.to("meta"),
    "expanded": lambda tensor: tensor.expand(10**6, 10**6),
}


def text_of(recorded):
    torch.set_printoptions(profile="default")
    torch.set_printoptions(**recorded.get("options", {}))
    tensor = build(recorded["values"], recorded["dtype"], recorded["shape"])
    torch.set_default_dtype(getattr(torch, recorded.get("default_dtype", "float32")))
    try:
        origin = recorded.get("origin", "data")
        with forward_ad.dual_level() if "dual" in origin else contextlib.nullcontext():
            return repr(ORIGINS[origin](tensor))
    finally:
        torch.set_default_dtype(torch.float32)


SPECS = [
    ("float32", [1.1], ["", ".2f", "10.3e", "g", "%", "d", "s", ">20"]),
    ("float64", [1 / 3], ["", ".2f"]),
    ("float32", [NAN], ["", ".2f"]),
    ("float16", [1.1], ["", ".3f"]),
    ("bfloat16", [1.1], ["", ".3f"]),
    ("float8_e4m3fn", [0.1], ["", ".3f"]),
    ("float8_e5m2", [0.1], ["", ".3f"]),
    ("int64", [42], ["", "5d", "x", ".1f", ","]),
    ("uint8", [200], ["", "08b"]),
    ("bool", [True], ["", "5", "d"]),
    ("complex64", [(1.0, -2.5)], ["", ".1f"]),
    ("float32", [1.0, 2.0], ["", ".2f"]),
]


def formats():
    """What format() makes of a 0-d tensor, or of a vector: a text, or an error of a type and with a message."""
    for dtype, values, specs in SPECS:
        for spec in specs:
            shape = () if len(values) == 1 else (len(values),)
            recorded = {"dtype": dtype, "values": values, "shape": shape, "spec": spec}
            try:
                recorded["text"] = format(build(values, dtype, shape), spec)
            except (ValueError, TypeError) as error:
                recorded["error"] = [type(error).__name__, str(error)]
            yield recorded


CALLS = [
    [],
    [{"precision": 2, "sci_mode": True}],
    [{"sci_mode": False}, {"precision": 7}],
    [{"profile": "short"}],
    [{"profile": "short"}, {"profile": "full"}],
    [{"profile": "full", "threshold": 7, "linewidth": 100}],
    [{"edgeitems": 9}, {"profile": "a name that PyTorch passes over", "linewidth": 50}],
    [{"threshold": 7}, {"profile": "default"}],
]


def options():
    """The options in force after some calls of set_printoptions."""
    for calls in CALLS:
        torch.set_printoptions(profile="default")
        for call in calls:
            torch.set_printoptions(**call)
        yield {"calls": calls, "options": torch._tensor_str.get_printoptions()}


def wrappers():
    """Tensors that function transforms wrap, as they print inside the function."""
    seen = []

    def look(tensor):
        seen.append(repr(tensor))
        return (tensor * 2).sum()

    matrix, block = torch.arange(6.0).reshape(2, 3), torch.arange(8.0).reshape(2, 2, 2)
    torch.func.vmap(look)(matrix)
    torch.func.vmap(look, in_dims=1)(matrix)
    torch.func.grad(look)(matrix)
    torch.func.vmap(torch.func.grad(look))(block)
    return seen


def main():
    torch.set_printoptions(profile="default")
    recorded = [{**one, "text": text_of(one)} for one in cases()]
    torch.set_printoptions(profile="default")
    sections = {
        "torch": [torch.__version__],
        "cases": recorded,
        "options": list(options()),
        "formats": list(formats()),
        "wrappers": wrappers(),
    }
    texts = []
    for title, entries in sections.items():  # an entry a line, so that a change of one shows as one
        texts.append(f"{json.dumps(title)}: [\n" + ",\n".join(map(json.dumps, entries)) + "\n]")
    Path(__file__).with_name("printing.json").write_text("{\n" + ",\n".join(texts) + "\n}\n")


if __name__ == "__main__":
    main()
