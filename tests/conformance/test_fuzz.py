"""Random programs on Adjoint and on PyTorch: nothing that can be seen of them may differ, at any statement.

Each part tries programs of its own, always the same ones. Hypothesis shrinks a program that shows a difference, and the
test prints it as Python text, with the number of its part, which is the seed.
"""

import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

import adjoint
from tests.fuzz.generator import make_program
from tests.fuzz.machine import as_text, difference, run, shortened

torch = pytest.importorskip("torch")

PARTS = 40
PROGRAMS_PER_PART = 500  # 20,000 in all
LENGTH = 14


class Drawn:
    """Choices that Hypothesis makes, and can make smaller."""

    def __init__(self, draw):
        self._draw = draw

    def number(self, low, high):
        return self._draw(st.integers(low, high))

    def pick(self, options):
        return options[self._draw(st.integers(0, len(options) - 1))]


@st.composite
def programs(draw):
    return make_program(torch, Drawn(draw), LENGTH)


@pytest.mark.parametrize("part", range(PARTS))
def test_programs(part):
    @seed(part)
    @settings(
        max_examples=PROGRAMS_PER_PART,
        database=None,
        derandomize=False,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(program=programs(), every_step=st.booleans())
    def check(program, every_step):
        def compared(program):
            return difference(program, run(adjoint, program, every_step), run(torch, program, every_step))

        if compared(program) is not None:
            program = shortened(program, compared)
            looked = "every" if every_step else "the last"
            note(f"\nseed {part}; looked at after {looked} statement:\n\n{as_text(program)}\n\n{compared(program)}")
            pytest.fail("a program differs")

    check()
