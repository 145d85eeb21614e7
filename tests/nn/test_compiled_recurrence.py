"""Large LSTM layers, which are machine code where there is a compiler, agree with what NumPy carries out."""

import numpy as np
import pytest

from adjoint.arrays.kernels import compiled_recurrence, recurrence

pytest.importorskip("llvmlite")


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("dtype", "bound"), [(np.float64, 1e-12), (np.float32, 2e-5)])
@pytest.mark.parametrize(("batch", "units", "moments"), [(5, 16, 3), (13, 48, 4), (32, 128, 7), (4, 32, 1)])
def test_agrees_with_numpy(monkeypatch, reverse, dtype, bound, batch, units, moments):
    numbers = np.random.default_rng(0)

    def some(*shape):
        return (numbers.standard_normal(shape) / 2).astype(dtype)

    inputs, hidden, cell, w_hh = (
        some(moments * batch, 4 * units),
        some(batch, units),
        some(batch, units),
        some(4 * units, units),
    )
    cotangents = some(moments * batch, units), some(batch, units), some(batch, units)

    def results(worth):
        monkeypatch.setattr(compiled_recurrence, "_WORTH", worth)
        assert compiled_recurrence.fits(cell, w_hh, (batch,) * moments) is (worth == 0)
        params = {"batch_sizes": (batch,) * moments, "reverse": reverse}
        out, last_hidden, last_cell, gates, cells, squashed = recurrence.lstm(inputs, hidden, cell, w_hh, **params)
        saved = inputs, hidden, cell, out, gates, cells, squashed, w_hh
        gradients = recurrence.lstm_backward(*cotangents, *saved, **params)
        return out, last_hidden, last_cell, gates, cells, squashed, *gradients

    for ours, numpys in zip(results(0), results(1 << 62), strict=True):
        np.testing.assert_allclose(ours, numpys, rtol=bound, atol=bound * np.abs(numpys).max())
