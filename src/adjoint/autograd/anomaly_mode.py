"""Anomaly detection: in a backward pass that fails, or meets a NaN, see which call of the forward pass it came from."""

from __future__ import annotations

import warnings

from adjoint.core import hooks, modes

__all__ = ["detect_anomaly", "set_detect_anomaly"]


class set_detect_anomaly:  # noqa: N801
    """Anomaly detection on or off from now on; as a `with` block, until its end.

    While it is on, each operation notes where it was called. When a backward pass then raises, a warning shows where the
    failing operation was called, and with `check_nan` a NaN in a gradient is an error. Both cost time.

    >>> import adjoint as torch
    >>> x = torch.tensor(0., requires_grad=True)
    >>> with torch.autograd.set_detect_anomaly(True):
    ...     (torch.sqrt(x) * 0).backward()
    Traceback (most recent call last):
        ...
    RuntimeError: Function 'SqrtBackward0' returned nan values in its 0th output.
    Look at the values that it saved: a root or logarithm of 0, or 0 times an infinite derivative, gives a NaN.
    It ran at <doctest adjoint.autograd.anomaly_mode.set_detect_anomaly[2]>:2.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        for place, (name, value) in enumerate((("enabled", mode), ("check_nan", check_nan))):
            if not isinstance(value, bool):
                raise TypeError(
                    f"set_anomaly_enabled(): argument '{name}' (position {place + 1}) must be bool, not "
                    f"{type(value).__name__}"
                )
        hooks.activate()
        self.prev = (modes.set_mode("anomaly", mode), modes.set_mode("check_nan", check_nan))

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        before, before_check = self.prev
        modes.set_mode("anomaly", before)
        modes.set_mode("check_nan", before_check)


class detect_anomaly:  # noqa: N801
    """Anomaly detection for the length of a `with` block; see `set_detect_anomaly`.

    It warns that it costs time, since it is easily left in.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        self._held: list[modes.mode] = []
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            UserWarning,
            stacklevel=2,
        )

    def __enter__(self) -> None:
        hooks.activate()
        self._held.append(modes.mode(anomaly=True, check_nan=self.check_nan))
        self._held[-1].__enter__()

    def __exit__(self, *error: object) -> None:
        self._held.pop().__exit__(*error)


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on in this thread."""
    return modes.state.anomaly


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly detection looks for NaNs in this thread."""
    return modes.state.check_nan
