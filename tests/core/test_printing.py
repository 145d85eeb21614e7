"""Tensors print as in PyTorch, to the character: the texts of golden/printing.json were recorded from it."""

import json
from pathlib import Path

import numpy as np
import pytest

from adjoint.core import dtypes, printing

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "printing.json").read_text())

BY_NAME = {dtype.name: dtype for dtype in dtypes.DTYPES}

# What each origin of a tensor adds to its text; the names are those of golden/record_printing.py.
ORIGINS = {
    "data": {},
    "leaf": {"requires_grad": True},
    "node": {"requires_grad": True, "grad_fn_name": "CloneBackward0"},
    "parameter": {"requires_grad": True, "is_parameter": True},
    "frozen parameter": {"is_parameter": True},
    "subclass": {"type_name": "MyTensor"},
    "subclass of parameter": {"requires_grad": True, "is_parameter": True, "type_name": "MyParameter"},
    "dual": {},
    "dual of a node": {"requires_grad": True, "grad_fn_name": "ViewBackward0"},
    "meta": {"device": "meta"},
    "expanded": {},
}


@pytest.fixture(autouse=True)
def _default_options():
    yield
    printing.set_printoptions(profile="default")


def build(values, dtype, shape):
    if isinstance(values, dict):
        values = [values["step"] * i for i in range(values["count"])]
    if dtype.startswith("complex"):
        values = [complex(*value) if isinstance(value, list) else value for value in values]
    return np.array(values, BY_NAME[dtype].numpy).reshape(shape)


def text_of(array, dtype, default="float32", **history):
    default = BY_NAME[default]
    return printing.format_tensor(
        array, dtype=BY_NAME[dtype], default_dtype=default, default_complex=default.to_complex(), **history
    )


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["name"])
def test_repr(case):
    printing.set_printoptions(**case.get("options", {}))
    array = build(case["values"], case["dtype"], case["shape"])
    default, origin = case.get("default_dtype", "float32"), case.get("origin", "data")
    history = dict(ORIGINS[origin])
    if origin.startswith("dual"):
        history["tangent"] = text_of(-array, case["dtype"]) if array.ndim else printing.format_scalar(-array, "")
    if origin == "expanded":
        array = np.broadcast_to(array, (10**6, 10**6))
    assert text_of(array, case["dtype"], default, **history) == case["text"]


@pytest.mark.parametrize("case", GOLDEN["options"], ids=lambda case: str(case["calls"]))
def test_options_after_calls(case):
    for call in case["calls"]:
        printing.set_printoptions(**call)
    assert printing.get_printoptions() == case["options"]


def test_printoptions_hold_until_their_block_is_left_even_by_an_error():
    printing.set_printoptions(precision=7, sci_mode=False)
    before = printing.get_printoptions()
    inside = []

    def fail():
        with printing.printoptions(precision=2):
            inside.append(printing.get_printoptions())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert inside == [{**before, "precision": 2, "sci_mode": None}]
    assert printing.get_printoptions() == before


@pytest.mark.parametrize("case", [case for case in GOLDEN["formats"] if not case["shape"]], ids=str)
def test_format_of_a_number(case):
    array = build(case["values"], case["dtype"], case["shape"])
    if "error" in case:
        with pytest.raises(ValueError, match=f"^{case['error'][1]}$"):
            printing.format_scalar(array, case["spec"])
    else:
        assert printing.format_scalar(array, case["spec"]) == case["text"]


def test_format_spec_for_several_numbers_is_an_error_that_says_what_to_do():
    [recorded] = [case["error"] for case in GOLDEN["formats"] if "error" in case and case["shape"]]
    error = printing.reject_format_spec("Tensor")
    assert type(error).__name__ == recorded[0]
    assert str(error).splitlines()[0] == recorded[1]
    assert "set_printoptions" in str(error)


def test_tensors_inside_function_transforms():
    matrix = text_of(np.arange(6, dtype=np.float32).reshape(2, 3), "float32")
    block = text_of(np.arange(8, dtype=np.float32).reshape(2, 2, 2), "float32")
    batched = printing.format_wrapper("BatchedTensor", block, lvl=1, bdim=0)
    assert GOLDEN["wrappers"] == [
        printing.format_wrapper("BatchedTensor", matrix, lvl=1, bdim=0),
        printing.format_wrapper("BatchedTensor", matrix, lvl=1, bdim=1),
        printing.format_wrapper("GradTrackingTensor", matrix, lvl=1),
        printing.format_wrapper("GradTrackingTensor", batched, lvl=2),
    ]
