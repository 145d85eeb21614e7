"""PyTorch's operator database: every entry on every sample. What agreed once must agree again.

The results on record lie in operators/passed.json; `python -m tests.conformance.operators NAME` shows what differs.
"""

import json

import pytest

pytest.importorskip("torch")

from tests.conformance.operators import database, record
from tests.conformance.operators.left_out import LEFT_OUT
from tests.conformance.operators.reasons import REASONS

RECORDED = record.recorded()


@pytest.mark.parametrize("name", database.ENTRIES)
def test_entry(name, record_property):
    found = record.checked(name)
    record_property("operators", json.dumps({name: found}))
    worse = {
        check: f"{found.get(check, [0, 0])[0]} samples agree, and {passed} of {total} did"
        for check, (passed, total) in RECORDED[name].items()
        if found.get(check, [0, 0])[0] < passed
    }
    assert not worse, f"python -m tests.conformance.operators ={name}"


def test_what_is_left_out_is_in_the_database():
    assert set(LEFT_OUT) <= set(database.ALL)


def test_what_differs_has_a_reason():
    """And what has a reason differs: a reason that is out of date is none."""
    assert set(record.incomplete(RECORDED)) == set(REASONS)


def test_the_page_shows_what_is_on_record():
    assert record.PAGE.read_text() == record.page(RECORDED, LEFT_OUT, record.differentiable())
