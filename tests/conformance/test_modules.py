"""PyTorch's own database of layers: text, first values, outputs, gradients and state of every layer on every sample.

`python -m tests.conformance.modules NAME` shows what differs.
"""

import pytest

pytest.importorskip("torch")

from tests.conformance.modules import ENTRIES, differences
from tests.conformance.modules.left_out import LEFT_OUT


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.xfail(reason=LEFT_OUT[name], strict=False)] if name in LEFT_OUT else [])
        for name in ENTRIES
    ],
)
def test_layer(name):
    assert differences(name) == []


def test_what_is_left_out_is_in_the_database():
    assert set(LEFT_OUT) <= set(ENTRIES)
