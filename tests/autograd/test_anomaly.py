"""Anomaly detection: which operation failed, and where it was called."""

import threading
import warnings

import pytest

import adjoint


def root(x):
    return x.sqrt()


def caught(action, error=RuntimeError):
    """The error that an action raises, and the texts of the warnings before it."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with pytest.raises(error) as raised:
            action()
    return str(raised.value), [str(each.message) for each in seen if each.category is UserWarning]


def test_a_nan_is_an_error_that_shows_where_its_operation_was_called(torch):
    x = torch.zeros(3, requires_grad=True)

    def fail():
        with torch.autograd.detect_anomaly():
            (root(x) * 0).sum().backward()

    error, (enabled, detected) = caught(fail)
    assert error.startswith("Function 'SqrtBackward0' returned nan values in its 0th output.")
    assert enabled.startswith("Anomaly Detection has been enabled. This mode will increase the runtime")
    head, _, stack = detected.partition("\n")
    assert head == "Error detected in SqrtBackward0. Traceback of forward call that caused the error:"
    assert "in root\n    return x.sqrt()\n" in stack
    assert stack.index("in fail") < stack.index("in root")


def test_the_call_is_unknown_where_the_mode_was_off(torch):
    x = torch.zeros(3, requires_grad=True)
    y = (root(x) * 0).sum()

    def fail():
        with torch.autograd.set_detect_anomaly(True):
            y.backward()

    _, (detected,) = caught(fail)
    assert detected.startswith(
        "Error detected in SqrtBackward0. No forward pass information available. Enable detect anomaly during forward "
        "pass for more information."
    )


def test_any_failure_is_traced_to_its_operation(torch):
    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            raise ValueError("mine")

    x = torch.ones(3, requires_grad=True)

    def fail():
        with torch.autograd.set_detect_anomaly(True, check_nan=False):
            Fails.apply(x).sum().backward()

    error, (detected,) = caught(fail, ValueError)
    assert error == "mine"
    assert detected.startswith("Error detected in FailsBackward. Traceback of forward call that caused the error:\n")
    assert "Fails.apply(x).sum().backward()" in detected


def test_an_overwritten_value(torch):
    x = torch.ones(3, requires_grad=True)

    def fail():
        with torch.autograd.set_detect_anomaly(True):
            y = x.exp()
            y.mul_(2)
            y.sum().backward()

    error, (detected,) = caught(fail)
    assert "Hint: the backtrace further above shows the operation that failed to compute its gradient." in error
    assert detected.startswith("Error detected in ExpBackward0.")
    assert "y = x.exp()" in detected


def test_a_failing_hook_of_a_leaf(torch):
    x = torch.ones(3, requires_grad=True)
    x.register_hook(lambda gradient: 1 / 0)

    def fail():
        with torch.autograd.set_detect_anomaly(True):
            (x * 2).sum().backward()

    _, (detected,) = caught(fail, ZeroDivisionError)
    assert detected.startswith("Error detected in torch::autograd::AccumulateGrad.")


def test_what_a_backward_pass_computed_is_traced_to_the_forward_pass(torch):
    x = torch.zeros(3, requires_grad=True)

    def fail():
        with torch.autograd.set_detect_anomaly(True):
            y = (x.clone() ** 1.5).sum()
            (gradient,) = torch.autograd.grad(y, x, create_graph=True)
            (gradient * 0).sum().backward()

    _, (detected, induced) = caught(fail)
    assert detected.startswith("Error detected in ")
    assert "torch.autograd.grad(y, x, create_graph=True)" in detected
    assert induced.startswith(
        "\n\nPrevious calculation was induced by PowBackward0. Traceback of forward call that induced the previous "
        "calculation:\n"
    )
    assert "y = (x.clone() ** 1.5).sum()" in induced


def test_what_nodes_note(torch):
    x = torch.ones(3, requires_grad=True)
    with torch.autograd.set_detect_anomaly(True):
        y = x * x
        (gradient,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    assert "y = x * x" in "".join(y.grad_fn.metadata["traceback_"])
    assert "parent_" not in y.grad_fn.metadata
    parent = gradient.grad_fn.metadata.get("parent_")
    assert parent is None or parent.name() == "MulBackward0"  # PyTorch sums outside of the node
    assert (x * x).grad_fn.metadata == {}


def test_a_nan_that_a_hook_makes(torch):
    x = torch.ones(3, requires_grad=True)

    def fail(put):
        y = x * 2
        with torch.autograd.set_detect_anomaly(True):
            put(y)
            y.sum().backward()

    for put in (
        lambda y: y.register_hook(lambda gradient: gradient * float("nan")),
        lambda y: y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * float("nan"), None)),
    ):
        error, _ = caught(lambda put=put: fail(put))
        assert error.startswith("Function 'MulBackward0' returned nan values in its 0th output.")


def test_nans_may_pass_unchecked(torch):
    x = torch.zeros(3, requires_grad=True)
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        (root(x) * 0).sum().backward()
    assert all(value != value for value in x.grad.tolist())


def test_the_mode_is_restored(torch):
    def state():
        return torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()

    assert state() == (False, True)
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        assert state() == (True, False)
        with torch.autograd.set_detect_anomaly(False):
            assert state() == (False, True)
        assert state() == (True, False)
    torch.autograd.set_detect_anomaly(True)
    assert state() == (True, True)
    torch.autograd.set_detect_anomaly(False)
    with pytest.raises(ZeroDivisionError), torch.autograd.set_detect_anomaly(True):
        1 / 0  # noqa: B018
    assert state() == (False, True)
    with pytest.raises(TypeError, match=r"set_anomaly_enabled\(\): argument 'enabled' \(position 1\) must be bool"):
        torch.autograd.set_detect_anomaly(1)


def test_the_mode_belongs_to_its_thread():  # PyTorch has one for all
    seen = []
    with adjoint.autograd.set_detect_anomaly(True):
        thread = threading.Thread(target=lambda: seen.append(adjoint.is_anomaly_enabled()))
        thread.start()
        thread.join()
    assert seen == [False]
