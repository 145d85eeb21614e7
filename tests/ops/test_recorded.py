"""Each line of `cases` does what it does in PyTorch: values, types, strides, views, gradients, names, errors.

golden/ops.json was recorded from PyTorch by golden/record_ops.py.
"""

import json
from pathlib import Path

import pytest

import adjoint
from tests.ops.cases import FAMILIES
from tests.ops.observing import differences, observe

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "ops.json").read_text())


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{family}: {case}") for family, cases in FAMILIES.items() for case in cases]
)
def test_case(case):
    assert not differences(observe(adjoint, case), GOLDEN[case])
