"""Random numbers are those that PyTorch draws for the same seed: a few of each kind, recorded from it."""

import pytest

import adjoint as torch

#: each drawn after torch.manual_seed(1)
CASES = {
    "torch.rand(3)": [0.7576315999031067, 0.2793108820915222, 0.40306925773620605],
    "torch.randn(3)": [0.6613521575927734, 0.266924113035202, 0.06167725846171379],
    "torch.randn(20)[::5]": [-1.5255959033966064, 0.2444038987159729, 1.7674273252487183, -0.13162320852279663],
    "torch.randn(20, dtype=torch.float64)[::5]": [
        -0.31128955419003207,
        -3.704663800207429,
        0.5962195917653099,
        0.8896745158287568,
    ],
    "torch.randn(20, dtype=torch.bfloat16)[::5]": [-1.5234375, -1.1640625, -0.6640625, -1.4453125],
    "torch.randn(2, dtype=torch.complex64)": [
        (0.46764659881591797 + 0.18874384462833405j),
        (0.04361240938305855 + 0.43933770060539246j),
    ],
    "torch.randint(10, (5,))": [5, 9, 4, 8, 3],
    "torch.randint(-2**40, 2**40, (2,))": [-936314961685, 605300724808],
    "torch.randperm(6)": [1, 5, 2, 0, 3, 4],
    "torch.rand_like(torch.zeros(2, 2).t())": [
        [0.7576315999031067, 0.40306925773620605],
        [0.2793108820915222, 0.7346844673156738],
    ],
    "torch.normal(torch.tensor([0., 10.]), torch.tensor([1., 2.]))": [0.6613521575927734, 10.53384780883789],
    "torch.bernoulli(torch.full((6,), 0.4))": [0.0, 1.0, 0.0, 0.0, 1.0, 0.0],
    "torch.multinomial(torch.tensor([1., 2., 3.]), 5, True)": [0, 1, 1, 1, 2],
    "torch.multinomial(torch.tensor([1., 2., 3.]), 2)": [0, 2],
    "torch.poisson(torch.tensor([2., 50.]))": [0.0, 44.0],
    "torch.binomial(torch.tensor([10., 200.]), torch.tensor([0.3, 0.6]))": [1.0, 126.0],
    "torch.empty(3).uniform_(-1, 1)": [0.5152631998062134, -0.44137823581695557, -0.1938614845275879],
    "torch.empty(2, 2).t().normal_(1, 2)": [
        [2.322704315185547, 1.1233545541763306],
        [1.5338481664657593, 2.2426347732543945],
    ],
    "torch.empty(3).exponential_(0.5)": [0.12599307298660278, 0.5086351633071899, 0.5338056087493896],
    "torch.empty(3).cauchy_()": [-5.14954948425293, -1.1741732358932495, -1.104183554649353],
    "torch.empty(3).geometric_(0.2)": [13.0, 7.0, 7.0],
    "torch.empty(3).log_normal_()": [10.203229904174805, 4.635982513427734, 3.075152635574341],
    "torch.empty(6).bernoulli_(0.3)": [1.0, 1.0, 1.0, 1.0, 0.0, 1.0],
    "torch.empty(3).random_()": [12710843.0, 4685804.0, 6762196.0],
    "torch.empty(3, dtype=torch.int64).random_()": [7692698082559361259, 4064269471072392264, 2109959069025161],
    "torch.nn.functional.dropout(torch.ones(6))": [2.0, 2.0, 2.0, 2.0, 0.0, 2.0],
    "torch.nn.functional.dropout2d(torch.ones(2, 3, 1, 1)).flatten()": [2.0, 2.0, 2.0, 2.0, 0.0, 2.0],
    "torch.nn.functional.alpha_dropout(torch.ones(3), training=True)": [
        1.6655988693237305,
        1.6655988693237305,
        1.6655988693237305,
    ],
}


@pytest.mark.parametrize("call", CASES)
def test_numbers(call):
    torch.manual_seed(1)
    assert eval(call, {"torch": torch}).tolist() == CASES[call]


def test_a_state_holds_all_that_is_to_come():
    torch.manual_seed(0)
    torch.randn(3)  # one number waits
    state = torch.get_rng_state()
    first = [torch.randn(3), torch.rand(2), torch.randn(20)]
    torch.set_rng_state(state)
    generator = torch.Generator().set_state(state)
    copy = generator.clone_state()
    for each in first:
        draw = torch.rand if each.shape[0] == 2 else torch.randn
        for options in ({}, {"generator": generator}, {"generator": copy}):
            assert torch.equal(draw(*each.shape, **options), each)


def test_a_fork_leaves_no_trace():
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        torch.rand(3)
    assert torch.equal(torch.rand(2), expected)


def test_no_gradient_flows_through_what_was_drawn():
    x = torch.ones(3, requires_grad=True)
    for drawn in (x.clone().normal_(), torch.bernoulli(x / 2), torch.normal(x, 1.0), torch.poisson(x)):
        (gradient,) = torch.autograd.grad(drawn.sum(), x)
        assert gradient.tolist() == [0, 0, 0]
    with pytest.raises(RuntimeError, match="leaf Variable"):
        x.uniform_()
