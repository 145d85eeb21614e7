"""Recurrent cells: one moment of a recurrent layer."""

from __future__ import annotations

import math
from typing import Any

from adjoint.core.tensor import Tensor
from adjoint.nn import init
from adjoint.nn.modules.module import Module
from adjoint.nn.parameter import Parameter
from adjoint.ops.creation import empty, zeros
from adjoint.ops.nn import recurrence

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


class RNNCellBase(Module):
    """What the recurrent cells have in common."""

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None
    bias_hh: Tensor | None

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        gates = num_chunks * hidden_size
        self.weight_ih = Parameter(empty(gates, input_size, device=device, dtype=dtype))
        self.weight_hh = Parameter(empty(gates, hidden_size, device=device, dtype=dtype))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(empty(gates, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        usual = {"bias": True, "nonlinearity": "tanh"}
        own = {name: self.__dict__[name] for name in usual if name in self.__dict__}
        shown = [f"{name}={value}" for name, value in own.items() if value != usual[name]]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *shown])

    def _check_input(self, input: Tensor) -> None:
        if input.ndim not in (1, 2):
            raise ValueError(f"{type(self).__name__}: Expected input to be 1D or 2D, got {input.ndim}D instead")

    def _batch(self, input: Tensor, hx: Tensor | None) -> tuple[Tensor, Tensor]:
        """An input and a state with a dimension of examples: one example has none."""
        self._check_input(input)
        if hx is not None and hx.ndim not in (1, 2):
            raise ValueError(f"{type(self).__name__}: Expected hidden to be 1D or 2D, got {hx.ndim}D instead")
        if input.ndim == 1:
            input, hx = input.unsqueeze(0), None if hx is None else hx.unsqueeze(0)
        return input, self._first_state(input) if hx is None else hx

    def _first_state(self, input: Tensor) -> Tensor:
        return zeros(input.shape[0], self.hidden_size, dtype=input.dtype, device=input.device)

    @property
    def _weights(self) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh


class RNNCell(RNNCellBase):
    """`tanh(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh)`, or `relu` of that.

    The input is (batch, input_size) or (input_size,), and the state (batch, hidden_size) or (hidden_size,); without one it
    is zero.

    >>> import adjoint as torch
    >>> torch.nn.RNNCell(3, 5, nonlinearity="relu")
    RNNCell(3, 5, nonlinearity=relu)
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, num_chunks=1, device=device, dtype=dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        x, h = self._batch(input, hx)
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        step = recurrence.rnn_tanh_cell if self.nonlinearity == "tanh" else recurrence.rnn_relu_cell
        found = step(x, h, *self._weights)
        return found if input.ndim == 2 else found.squeeze(0)


class LSTMCell(RNNCellBase):
    """A moment of long short-term memory: from an input and the states `(h, c)` to the next states. See `LSTM`.

    The input is (batch, input_size) or (input_size,), the states are (batch, hidden_size) or (hidden_size,); without them
    they are zero.

    >>> import adjoint as torch
    >>> h, c = torch.nn.LSTMCell(3, 5)(torch.zeros(2, 3))
    >>> h.shape
    torch.Size([2, 5])
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=4, device=device, dtype=dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, ...]:
        self._check_input(input)
        for place, state in enumerate(hx or ()):
            if state.ndim not in (1, 2):
                raise ValueError(f"LSTMCell: Expected hx[{place}] to be 1D or 2D, got {state.ndim}D instead")
        batched = input.ndim == 2
        x = input if batched else input.unsqueeze(0)
        if hx is None:
            states = (self._first_state(x),) * 2
        else:
            states = (hx[0], hx[1]) if batched else (hx[0].unsqueeze(0), hx[1].unsqueeze(0))
        found = recurrence.lstm_cell(x, states, *self._weights)
        return found if batched else tuple(each.squeeze(0) for each in found)


class GRUCell(RNNCellBase):
    """A moment of gated recurrent units: from an input and a state to the next state. See `GRU`, and `RNNCell` for shapes.

    >>> import adjoint as torch
    >>> torch.nn.GRUCell(3, 5)(torch.zeros(2, 3)).shape
    torch.Size([2, 5])
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=3, device=device, dtype=dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        x, h = self._batch(input, hx)
        found = recurrence.gru_cell(x, h, *self._weights)
        return found if input.ndim == 2 else found.squeeze(0)
