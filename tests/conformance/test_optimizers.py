"""Every optimizer in every configuration that PyTorch tests: the same parameters and state after ten steps, the same errors."""

import copy
import warnings

import pytest

import adjoint
from tests.conformance.modules import as_precise
from tests.conformance.operators.checks import difference
from tests.conformance.operators.database import ours

torch = pytest.importorskip("torch")

from torch.testing._internal.common_optimizers import optim_db  # noqa: E402  (needs PyTorch)

#: what is left out, and why
LEFT_OUT = {"SparseAdam": "works on sparse gradients only"}

ENTRIES = {entry.optim_cls.__name__: entry for entry in optim_db if entry.optim_cls.__name__ not in LEFT_OUT}
INPUTS = [
    pytest.param(name, number, id=f"{name}-{each.desc}")
    for name, entry in ENTRIES.items()
    for number, each in enumerate(entry.optim_inputs_func("cpu"))
]
STEPS = 10


def trained(library, optimizer, kwargs, dtype):
    """Ten steps on a small problem: the parameters, the losses and the optimizer's state."""
    start = [[[0.3, -1.2, 0.7], [1.1, 0.4, -0.5]], [[0.6, -0.9], [0.2, 1.3], [-0.8, 0.5]]]
    parameters = [library.tensor(each, dtype=getattr(library, dtype), requires_grad=True) for each in start]
    mixed = library.tensor([[3.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.5]], dtype=getattr(library, dtype))
    made = optimizer(parameters, **copy.deepcopy(kwargs))
    losses = []

    def closure():
        made.zero_grad()
        # convex, so that a difference in the last digit does not grow from step to step
        loss = (
            ((parameters[0] @ mixed - 1) ** 2).sum() + ((parameters[1] - 0.3) ** 4).sum() + (parameters[1] ** 2).sum()
        )
        loss.backward()
        return loss

    for _ in range(STEPS):
        if type(made).__name__ == "LBFGS":
            losses.append(made.step(closure).detach())
        else:
            losses.append(closure().detach())
            made.step()
    return [each.detach() for each in parameters], losses, made.state_dict(), repr(made)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "number"), INPUTS)
def test_configuration(name, number, dtype):
    entry = ENTRIES[name]
    kwargs = entry.optim_inputs_func("cpu")[number].kwargs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            theirs = trained(torch, entry.optim_cls, kwargs, dtype)
        except Exception as error:
            with pytest.raises(type(error)):
                trained(adjoint, getattr(adjoint.optim, name), ours(kwargs), dtype)
            return
        mine = trained(adjoint, getattr(adjoint.optim, name), ours(kwargs), dtype)
    if name == "Muon":  # it computes its steps in bfloat16, so its results agree as bfloat16 numbers do
        mine, theirs = ([[each.bfloat16() for each in run[0]], run[1][:1], *run[2:]] for run in (mine, theirs))
    if name == "LBFGS" and dtype == "float32":  # it divides by differences of gradients, which come to be rounding
        exact = trained(torch, entry.optim_cls, kwargs, "float64")
        flat = (
            library.cat([each.reshape(-1) for each in run[0]])
            for library, run in zip((adjoint, torch, torch), (mine, theirs, exact), strict=True)
        )  # to it, all parameters are one vector
        assert as_precise(*([each] for each in flat))
    else:
        assert difference(mine[0], theirs[0]) is None
    assert difference(mine[1], theirs[1]) is None
    assert mine[3] == theirs[3]
    assert list(mine[2]["param_groups"][0]) == list(theirs[2]["param_groups"][0])
    assert list(mine[2]["state"]) == list(theirs[2]["state"])
    for key, state in theirs[2]["state"].items():
        assert list(mine[2]["state"][key]) == list(state)
        if dtype == "float64" and name not in ("LBFGS", "Muon"):  # differences of near numbers have few digits left
            assert difference(list(mine[2]["state"][key].values()), list(state.values())) is None


@pytest.mark.parametrize("name", ENTRIES)
def test_state_is_taken_over(name):
    """An optimizer that loads a state goes on as the one that gave it."""
    optimizer = getattr(adjoint.optim, name)
    results = []
    for reload in (False, True):
        weight = adjoint.tensor([[0.5, -1.5], [0.25, 2.0]], requires_grad=True)
        made = optimizer([weight])
        for step in range(4):
            if reload and step == 2:
                state = made.state_dict()
                made = optimizer([weight])
                made.load_state_dict(state)

            def closure(made=made, weight=weight):
                made.zero_grad()
                loss = ((weight - 1) ** 2).sum()
                loss.backward()
                return loss

            closure()
            made.step(closure) if name == "LBFGS" else made.step()
        results.append(weight.tolist())
    assert results[0] == results[1]


def refusal(optimizer, params, kwargs):
    """The error that making an optimizer raises: its type, and the first line of what it says."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            optimizer(params, **kwargs)
        except Exception as error:
            return type(error).__name__, str(error).partition("\n")[0]
    return None


@pytest.mark.parametrize("name", ENTRIES)
def test_errors(name):
    entry = ENTRIES[name]
    for each in entry.optim_error_inputs_func("cpu", torch.float32):
        given = each.optimizer_error_input
        theirs = refusal(entry.optim_cls, given.params, given.kwargs)
        assert refusal(getattr(adjoint.optim, name), ours(given.params), ours(given.kwargs)) == theirs
