"""Tensors among other libraries: pandas, scikit-learn, JAX and CuPy take them and give them as they do PyTorch's."""

import numpy as np
import pytest

import adjoint
from tests.conformance.test_exchange import outcome, torch

PANDAS = {
    "a table of a matrix": lambda lib, pd: pd.DataFrame(lib.arange(6.0).reshape(2, 3)).to_numpy(),
    "a table of columns": lambda lib, pd: pd.DataFrame({"a": lib.ones(2), "b": lib.tensor([1, 2])}).dtypes.tolist(),
    "a column": lambda lib, pd: pd.Series(lib.tensor([1.0, 2.0])).to_numpy(),
    "a column with a gradient": lambda lib, pd: pd.Series(lib.ones(2, requires_grad=True)),
    "a new column": lambda lib, pd: pd.DataFrame({"a": [1, 2]}).assign(b=lib.tensor([3, 4])).to_numpy(),
    "rows by places": lambda lib, pd: pd.Series([1.0, 2.0, 3.0]).iloc[lib.tensor([2, 0])].to_numpy(),
    "column * tensor": lambda lib, pd: pd.Series([1.0, 2.0]) * lib.tensor([3.0, 4.0]),
    "tensor * column": lambda lib, pd: lib.tensor([3.0, 4.0]) * pd.Series([1.0, 2.0]),
    "tensor": lambda lib, pd: lib.tensor(pd.Series([1.0, 2.0])),
    "tensor of integers": lambda lib, pd: lib.tensor(pd.Series([1, 2])),
    "tensor of truth values": lambda lib, pd: lib.tensor(pd.Series([True, False])),
    "tensor of a table's values": lambda lib, pd: lib.tensor(pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]}).values),
    "tensor of columns": lambda lib, pd: lib.tensor([pd.Series([1.0, 2.0]), pd.Series([3.0, 4.0])]),
    "Tensor": lambda lib, pd: lib.Tensor(pd.Series([1.0, 2.0])),
    "FloatTensor": lambda lib, pd: lib.FloatTensor(pd.Series([1.0, 2.0]).values),
    "as_tensor": lambda lib, pd: lib.as_tensor(pd.Series([1.0, 2.0])),
    "asarray": lambda lib, pd: lib.asarray(pd.Series([1.0, 2.0])),
    "from_numpy": lambda lib, pd: lib.from_numpy(pd.Series([1.0, 2.0]).to_numpy(copy=True)),
}


@pytest.mark.parametrize("name", PANDAS)
def test_pandas(name):
    pandas = pytest.importorskip("pandas")
    ours, theirs = (outcome(lambda lib: PANDAS[name](lib, pandas), lib) for lib in (adjoint, torch))
    assert ours == theirs


def regression(lib):
    """A fit, its predictions and scores, all of tensors."""
    from sklearn.linear_model import LinearRegression  # noqa: PLC0415 - which may be missing
    from sklearn.metrics import accuracy_score, confusion_matrix, r2_score  # noqa: PLC0415
    from sklearn.model_selection import train_test_split  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    lib.manual_seed(0)
    x = lib.randn(40, 3)
    y = x @ lib.tensor([1.0, -2.0, 0.5])
    kept, held, wanted, expected = train_test_split(x, y, random_state=0)
    scaler = StandardScaler().fit(kept)
    model = LinearRegression().fit(scaler.transform(kept), wanted)
    predicted = lib.from_numpy(model.predict(scaler.transform(held)))
    classes, guesses = (expected > 0).int(), (predicted > 0).int()
    return [
        type(kept).__name__, tuple(held.shape), predicted.tolist(), float(r2_score(expected, predicted)),
        float(accuracy_score(classes, guesses)), confusion_matrix(classes, guesses).tolist(),
    ]  # fmt: skip


def test_scikit_learn():
    pytest.importorskip("sklearn")
    ours, theirs = regression(adjoint), regression(torch)
    assert ours[:2] == theirs[:2]
    assert ours[2] == pytest.approx(theirs[2], abs=1e-5)
    assert ours[3] == pytest.approx(theirs[3])
    assert ours[4:] == theirs[4:]


@pytest.mark.parametrize("dtype", ["float32", "int32", "bool", "complex64"])
def test_dlpack_with_jax(dtype):
    other = pytest.importorskip("jax.numpy")
    x = adjoint.tensor([[1, 0, 3], [4, 5, 0]]).to(getattr(adjoint, dtype))
    array = other.from_dlpack(x)
    assert str(array.dtype) == dtype
    assert np.asarray(array).tolist() == x.tolist()
    back = adjoint.from_dlpack(array)
    assert back.dtype is x.dtype
    assert back.tolist() == x.tolist()
    assert back.data_ptr() == array.unsafe_buffer_pointer()


def test_arrays_of_a_gpu_are_refused():
    cupy = pytest.importorskip("cupy")
    with pytest.raises((BufferError, RuntimeError)):
        adjoint.from_dlpack(cupy.ones(2))
    assert cupy.asarray(adjoint.ones(2).numpy()).tolist() == [1, 1]


def test_jax_takes_tensors_and_gives_arrays_that_become_tensors():
    jax = pytest.importorskip("jax.numpy")
    x = adjoint.tensor([1.0, 4.0])
    root = jax.sqrt(jax.asarray(x.numpy()))
    assert adjoint.tensor(np.asarray(root)).tolist() == [1, 2]
    assert adjoint.asarray(root).tolist() == [1, 2]
