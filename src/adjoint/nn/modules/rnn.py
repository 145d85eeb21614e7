"""Recurrent layers and cells."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

from adjoint.core import modes
from adjoint.core.tensor import Tensor
from adjoint.nn import init
from adjoint.nn.modules.module import Module
from adjoint.nn.modules.rnn_cells import GRUCell, LSTMCell, RNNCell, RNNCellBase
from adjoint.nn.parameter import Parameter
from adjoint.nn.utils.rnn import PackedSequence
from adjoint.ops.creation import empty, zeros
from adjoint.ops.nn import recurrence

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]

#: how many gates each kind of layer has
_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


class RNNBase(Module):
    """What the recurrent layers have in common: their parameters, and how they take batches of sequences.

    `hx` is one state, or, for `LSTM`, a pair of them.
    """

    #: the class's name as its messages have it, and what they call its input
    _title: ClassVar[tuple[str, str]]

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._check_options(dropout)
        self._name_weights()
        gates = _GATES[mode] * hidden_size
        state_size = proj_size or hidden_size
        shapes: dict[str, Callable[[int], tuple[int, ...]]] = {
            "weight_ih": lambda width: (gates, width),
            "weight_hh": lambda _: (gates, state_size),
            "bias_ih": lambda _: (gates,),
            "bias_hh": lambda _: (gates,),
            "weight_hr": lambda _: (proj_size, hidden_size),
        }
        for place, names in enumerate(self._all_weights):
            first_layer = place < self._directions
            width = input_size if first_layer else state_size * self._directions
            for name in names:
                shape = shapes[name.rpartition("_l")[0]](width)
                setattr(self, name, Parameter(empty(shape, device=device, dtype=dtype)))
        self.reset_parameters()

    def _check_options(self, dropout: Any) -> None:
        if not isinstance(dropout, numbers.Number) or not 0 <= dropout <= 1 or isinstance(dropout, bool):  # type: ignore[operator]
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
            )
        if dropout > 0 and self.num_layers == 1:  # type: ignore[operator]
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers "
                f"greater than 1, but got dropout={dropout} and num_layers={self.num_layers}",
                stacklevel=4,
            )
        for name, kind in (("bias", bool), ("batch_first", bool), ("input_size", int), ("hidden_size", int)):
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise TypeError(f"{name} should be of type {kind.__name__}, got: {type(value).__name__}")
            if kind is int and value <= 0:
                raise ValueError(f"{name} must be greater than zero")
        if self.num_layers <= 0:
            raise ValueError("num_layers must be greater than zero")
        if self.proj_size < 0:
            raise ValueError("proj_size should be a positive integer or zero to disable projections")
        if self.proj_size >= self.hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")
        if self.mode not in _GATES:
            raise ValueError("Unrecognized RNN mode: " + self.mode)

    def _name_weights(self) -> None:
        """Set the names of the parameters: a list for each layer and direction."""
        kinds = ["weight_ih", "weight_hh", *["bias_ih", "bias_hh"] * self.bias, *["weight_hr"] * (self.proj_size > 0)]
        self._all_weights = [
            [f"{kind}_l{layer}{suffix}" for kind in kinds]
            for layer in range(self.num_layers)
            for suffix in ("", "_reverse")[: self._directions]
        ]

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Any]:
        return [getattr(self, name, None) for names in self._all_weights for name in names]

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters: a list for each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def flatten_parameters(self) -> None:
        """Does nothing: in PyTorch it arranges the memory of the parameters for graphics processors."""

    def reset_parameters(self) -> None:
        """Draw new weights."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        shown = [f"{self.input_size}, {self.hidden_size}"]
        usual = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0,
            "bidirectional": False,
        }
        shown += [f"{name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value]
        return ", ".join(shown)

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        if "all_weights" in state:
            self._all_weights = state["all_weights"]
        self.__dict__.setdefault("proj_size", 0)  # layers of before PyTorch 1.8 have none
        if not isinstance(self._all_weights[0][0], str):
            self._name_weights()

    # --- what is given ---

    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """Refuse an input of another type than the weights, or of a shape that does not fit."""
        kind = self._flat_weights[0].dtype
        if input.dtype != kind and modes.state.autocast is None:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({kind}). Convert input: input.to({kind}), or "
                f"convert model: model.to({input.dtype})"
            )
        expected = 3 if batch_sizes is None else 2
        if input.ndim != expected:
            raise RuntimeError(f"input must have {expected} dimensions, got {input.ndim}")
        if self.input_size != input.shape[-1]:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}"
            )

    def _state_shape(self, input: Tensor, batch_sizes: Tensor | None, size: int) -> tuple[int, int, int]:
        examples = input.shape[0 if self.batch_first else 1] if batch_sizes is None else int(batch_sizes[0])
        return self.num_layers * self._directions, examples, size

    def get_expected_hidden_size(self, input: Tensor, batch_sizes: Tensor | None) -> tuple[int, int, int]:
        """The shape of the hidden state."""
        return self._state_shape(input, batch_sizes, self.proj_size or self.hidden_size)

    def check_hidden_size(
        self, hx: Tensor, expected_hidden_size: tuple[int, int, int], msg: str = "Expected hidden size {}, got {}"
    ) -> None:
        """Refuse a state of another shape than is expected."""
        if hx.shape != expected_hidden_size:
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.shape)))

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Refuse an input or a state that do not fit."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def _check_dimensions(self, hx: Any, expected: int) -> None:
        if hx.ndim != expected:
            kind = "batched 3-D" if expected == 3 else "unbatched 2-D"
            raise RuntimeError(f"For {kind} input, hx should also be {expected}-D but got {hx.ndim}-D tensor")

    def _first_states(self, input: Tensor, batch_sizes: Tensor | None) -> Any:
        return zeros(self.get_expected_hidden_size(input, batch_sizes), dtype=input.dtype, device=input.device)

    def _each_state(self, change: Callable[[Tensor], Tensor], hx: Any) -> Any:
        return change(hx)

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """The states of the sequences in another order."""
        return hx if permutation is None else self._each_state(lambda each: each.index_select(1, permutation), hx)

    # --- the computation ---

    def _compute(self, *arguments: Any) -> tuple[Tensor, ...]:
        raise NotImplementedError

    def _last_states(self, found: tuple[Tensor, ...]) -> Any:
        return found[0]

    def _of_packed(self, sequences: PackedSequence, hx: Any) -> tuple[PackedSequence, Any]:
        data, batch_sizes, order, back = sequences
        hx = self._first_states(data, batch_sizes) if hx is None else self.permute_hidden(hx, order)
        self.check_forward_args(data, hx, batch_sizes)
        output, *last = self._compute(
            data, batch_sizes, hx, self._flat_weights, self.bias, self.num_layers, self.dropout, self.training,
            self.bidirectional,
        )  # fmt: skip
        return PackedSequence(output, batch_sizes, order, back), self.permute_hidden(self._last_states((*last,)), back)

    def _of_batch(self, input: Tensor, hx: Any) -> tuple[Tensor, Any]:
        if input.ndim not in (2, 3):
            name, what = self._title
            raise ValueError(f"{name}: Expected input to be 2D or 3D, got {input.ndim}D{what} instead")
        batched, axis = input.ndim == 3, 0 if self.batch_first else 1
        if not batched:
            input = input.unsqueeze(axis)
        if hx is None:
            hx = self._first_states(input, None)
        else:
            self._check_dimensions(hx, 3 if batched else 2)
            hx = hx if batched else self._each_state(lambda each: each.unsqueeze(1), hx)
        self.check_forward_args(input, hx, None)
        output, *last = self._compute(
            input, hx, self._flat_weights, self.bias, self.num_layers, self.dropout, self.training, self.bidirectional,
            self.batch_first,
        )  # fmt: skip
        states = self._last_states((*last,))
        return (output, states) if batched else (
            output.squeeze(axis), self._each_state(lambda each: each.squeeze(1), states),
        )  # fmt: skip

    def _advance(self, input: Any, hx: Any) -> tuple[Any, Any]:
        return self._of_packed(input, hx) if isinstance(input, PackedSequence) else self._of_batch(input, hx)


def _refuse_projection(options: dict[str, Any]) -> None:
    if "proj_size" in options:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")


class RNN(RNNBase):
    """Recurrent layers: `h = tanh(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh)` at each moment, or `relu` of that.

    RNN(input_size, hidden_size, num_layers=1, nonlinearity='tanh', bias=True, batch_first=False, dropout=0.0,
    bidirectional=False, device=None, dtype=None)

    The input is (length, batch, input_size), (batch, length, input_size) with `batch_first`, (length, input_size) or a
    `PackedSequence`; the states are (layers * directions, batch, hidden_size). Returned are the states of the last layer at
    all moments, side by side those of both directions, and the last states of all layers.

    >>> import adjoint as torch
    >>> output, state = torch.nn.RNN(3, 5, num_layers=2)(torch.zeros(7, 4, 3))
    >>> output.shape, state.shape
    (torch.Size([7, 4, 5]), torch.Size([2, 4, 5]))
    """

    _title = ("RNN", " tensor")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _refuse_projection(kwargs)
        if len(args) > 3:
            self.nonlinearity, args = args[3], args[:3] + args[4:]
        else:
            self.nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if self.nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{self.nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(f"RNN_{self.nonlinearity.upper()}", *args, **kwargs)

    def _compute(self, *arguments: Any) -> tuple[Tensor, ...]:
        return (recurrence.rnn_tanh if self.mode == "RNN_TANH" else recurrence.rnn_relu)(*arguments)

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        return self._advance(input, hx)


class LSTM(RNNBase):
    """Layers of long short-term memory, whose cells keep what their gates let in, until they let it go.

    LSTM(input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False,
    proj_size=0, device=None, dtype=None)

    With `[i, f, g, o]` the parts of `x @ w_ih.T + b_ih + h @ w_hh.T + b_hh`, at each moment
    `c = sigmoid(f) * c + sigmoid(i) * tanh(g)` and `h = sigmoid(o) * tanh(c)`, or, with `proj_size`, that times `w_hr.T`.
    Shapes are those of `RNN`; the state is the pair `(h, c)`.

    >>> import adjoint as torch
    >>> output, (h, c) = torch.nn.LSTM(3, 5, bidirectional=True, proj_size=2)(torch.zeros(7, 4, 3))
    >>> output.shape, h.shape, c.shape
    (torch.Size([7, 4, 4]), torch.Size([2, 4, 2]), torch.Size([2, 4, 5]))
    """

    _title = ("LSTM", "")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def get_expected_cell_size(self, input: Tensor, batch_sizes: Tensor | None) -> tuple[int, int, int]:
        """The shape of the state of the cells."""
        return self._state_shape(input, batch_sizes, self.hidden_size)

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        self.check_input(input, batch_sizes)
        shapes = self.get_expected_hidden_size(input, batch_sizes), self.get_expected_cell_size(input, batch_sizes)
        for place, shape in enumerate(shapes):
            self.check_hidden_size(hidden[place], shape, f"Expected hidden[{place}] size {{}}, got {{}}")

    def _check_dimensions(self, hx: Any, expected: int) -> None:
        if hx[0].ndim != expected or hx[1].ndim != expected:
            kind = "batched 3-D" if expected == 3 else "unbatched 2-D"
            raise RuntimeError(
                f"For {kind} input, hx and cx should also be {expected}-D but got ({hx[0].ndim}-D, {hx[1].ndim}-D) tensors"
            )

    def _first_states(self, input: Tensor, batch_sizes: Tensor | None) -> Any:
        shape = self.get_expected_cell_size(input, batch_sizes)
        return super()._first_states(input, batch_sizes), zeros(shape, dtype=input.dtype, device=input.device)

    def _each_state(self, change: Callable[[Tensor], Tensor], hx: Any) -> Any:
        return change(hx[0]), change(hx[1])

    def _last_states(self, found: tuple[Tensor, ...]) -> Any:
        return found

    def _compute(self, *arguments: Any) -> tuple[Tensor, ...]:
        return recurrence.lstm(*arguments)

    def forward(self, input: Any, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Any, tuple[Tensor, Tensor]]:
        return self._advance(input, hx)


class GRU(RNNBase):
    """Layers of gated recurrent units, whose gates say how much of a state is reset, and how much is new.

    GRU(input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False,
    device=None, dtype=None)

    With the three parts of `x @ w_ih.T + b_ih` and of `h @ w_hh.T + b_hh`, at each moment `r = sigmoid(x_r + h_r)`,
    `z = sigmoid(x_z + h_z)`, `n = tanh(x_n + r * h_n)` and `h = (1 - z) * n + z * h`. Shapes are those of `RNN`.

    >>> import adjoint as torch
    >>> output, state = torch.nn.GRU(3, 5, batch_first=True)(torch.zeros(4, 7, 3))
    >>> output.shape, state.shape
    (torch.Size([4, 7, 5]), torch.Size([1, 4, 5]))
    """

    _title = ("GRU", "")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _refuse_projection(kwargs)
        super().__init__("GRU", *args, **kwargs)

    def _compute(self, *arguments: Any) -> tuple[Tensor, ...]:
        return recurrence.gru(*arguments)

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        return self._advance(input, hx)
