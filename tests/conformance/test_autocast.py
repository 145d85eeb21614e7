"""Autocast on the CPU: the types of results, and the results, of every operator that PyTorch has, as PyTorch's."""

import warnings

import numpy as np
import pytest

import adjoint
from adjoint.amp import policies
from tests.conformance.operators import database
from tests.conformance.operators.checks import GAUGED, UNSET, numbers, type_name
from tests.conformance.operators.database import ENTRIES, ours, tensors

torch = pytest.importorskip("torch")

#: how many samples of an operator are looked at
SAMPLES = 4

#: computed in float32 as one operation, where PyTorch's last step is a product in 16 bits
ONE_RECORD = {"linalg.pinv", "linalg.pinv.hermitian"}


def computed(library, operation, sample):
    """What an operator gives under autocast; None where it refuses its operands."""
    database.seed()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with library.autocast("cpu", dtype=library.bfloat16):
                return tensors(operation(*sample))
        except (RuntimeError, NotImplementedError, ValueError, TypeError, IndexError):
            return None


def called(operation):
    return lambda input, args, kwargs: operation(input, *args, **kwargs)


def near(mine, theirs):
    """Whether two results agree to a few units of bfloat16 in the largest element."""
    x, y = (np.asarray(numbers(each)) for each in (mine, theirs))
    if y.dtype.kind in "biu" or not y.size:
        return True  # an index may depend on the last bit
    x, y = (each.astype(np.complex128 if each.dtype.kind == "c" else np.float64) for each in (x, y))
    finite = np.isfinite(y)
    scale = np.abs(y[finite]).max(initial=0)
    return np.allclose(x[finite], y[finite], rtol=2**-5, atol=max(scale * 2**-5, 2**-20))


@pytest.mark.parametrize("name", ENTRIES)
def test_types_of_results(name):
    entry = ENTRIES[name]
    if torch.float32 not in entry.supported_dtypes("cpu"):
        pytest.skip("not defined on float32")
    operation = database.operation(name, entry)
    for sample in database.samples(entry, torch.float32)[:SAMPLES]:
        given = sample.input, sample.args, sample.kwargs
        theirs = computed(torch, called(entry.op), given)
        if theirs is None:
            continue
        mine = computed(adjoint, called(operation), ours(given))
        assert mine is not None
        if name not in ONE_RECORD:
            assert [type_name(each) for each in mine] == [type_name(each) for each in theirs]
        if name not in UNSET | GAUGED:
            assert all(near(a, b) for a, b in zip(mine, theirs, strict=True))


def losses(library):
    """What a convolutional network, with all kinds of layers between, says of its steps under autocast."""
    nn, F = library.nn, library.nn.functional
    library.manual_seed(0)
    x, y = library.randn(32, 1, 8, 8), library.randint(0, 4, (32,))
    body = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(1))
    model = nn.Sequential(body, nn.Linear(128, 32), nn.LayerNorm(32), nn.GELU(), nn.Linear(32, 4))
    optimizer = library.optim.AdamW(model.parameters(), lr=1e-2)
    seen = []
    for _ in range(20):
        optimizer.zero_grad()
        with library.autocast("cpu", dtype=library.bfloat16):
            loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        assert loss.dtype is library.float32
        seen.append(loss.item())
    return seen


def test_a_training_run_in_mixed_precision():
    mine, theirs = losses(adjoint), losses(torch)
    assert theirs[-1] < theirs[0] / 4
    assert mine == pytest.approx(theirs, rel=2**-5, abs=theirs[0] * 2**-7)


#: registered with PyTorch's autocast, and carried out here by a function of another name, or private to PyTorch
OTHER_NAMES = {
    "_addmm_activation", "_convolution", "_grid_sampler_2d_cpu_fallback", "_lu_with_info", "_native_multi_head_attention",
    "conv_tbc", "fake_quantize_per_tensor_affine", "grid_sampler_2d", "grid_sampler_3d", "inverse", "linalg_cholesky_ex",
    "linalg_cond", "linalg_eigvalsh", "linalg_inv_ex", "linalg_lstsq", "linalg_matrix_rank", "linalg_tensorinv",
    "linalg_tensorsolve", "mkldnn_rnn_layer", "multilabel_margin_loss_forward", "nll_loss2d", "orgqr",
}  # fmt: skip
#: operands of several types meet in the widest of them with or without autocast
PROMOTE_ANYWAY = {"cat", "stack"}


def test_the_lists_have_all_that_pytorch_registers():
    listed = torch._C._dispatch_get_registrations_for_dispatch_key("AutocastCPU")
    registered = {each.partition("::")[2].partition(".")[0] for each in listed}
    ours = policies.IN_16_BITS | policies.IN_32_BITS | policies.IN_THE_WIDEST
    assert registered - ours == OTHER_NAMES | PROMOTE_ANYWAY
