"""A softmax over many classes that looks at rare ones only where it must (Grave et al., 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from adjoint.core.tensor import Tensor
from adjoint.nn import functional as F
from adjoint.nn.modules.container import ModuleList, Sequential
from adjoint.nn.modules.linear import Linear
from adjoint.nn.modules.module import Module
from adjoint.ops.joining import cat

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Frequent classes have a place in the head; the others are in clusters, each of which has one."""

    def __init__(
        self, in_features: int, n_classes: int, cutoffs: Sequence[int], div_value: float = 4.0, head_bias: bool = False,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if (
            cutoffs != sorted(cutoffs)
            or min(cutoffs) <= 0
            or max(cutoffs) > n_classes - 1
            or len(set(cutoffs)) != len(cutoffs)
            or any(int(each) != each for each in cutoffs)
        ):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each value "
                "is between 1 and n_classes-1"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        made = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, head_bias, **made)
        self.tail = ModuleList()
        for place in range(self.n_clusters):
            narrow = int(in_features // (div_value ** (place + 1)))
            size = self.cutoffs[place + 1] - self.cutoffs[place]
            self.tail.append(
                Sequential(Linear(in_features, narrow, False, **made), Linear(narrow, size, False, **made))
            )

    def reset_parameters(self) -> None:
        """Draw new weights."""
        self.head.reset_parameters()
        for projection, out in self.tail:
            projection.reset_parameters()
            out.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        single = target_.dim() == 0
        if target_.dim() > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if not single and input_.shape[0] != target_.shape[0]:
            raise RuntimeError("Input and target should have the same size in the batch dimension.")
        if input_.dim() != target_.dim() + 1:
            raise RuntimeError(
                f"{target_.dim()}D target tensor expects {target_.dim() + 1}D input tensors, but found inputs with size "
                f"{input_.size()}"
            )
        x, classes = (input_.unsqueeze(0), target_.unsqueeze(0)) if single else (input_, target_)
        if classes.numel() and (int(classes.min()) < 0 or int(classes.max()) >= self.n_classes):
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range [{classes.min().item()}, "
                f"{classes.max().item()}] were found. "
            )
        in_head = classes.clone()  # each example's place in the head: its class, or its cluster
        in_cluster = x.new_zeros(classes.shape)
        for place, module in enumerate(self.tail):
            first, end = self.cutoffs[place : place + 2]
            (rows,) = ((classes >= first) & (classes < end)).nonzero(as_tuple=True)
            if rows.numel():
                in_head[rows] = self.shortlist_size + place
                shares = F.log_softmax(module(x.index_select(0, rows)), dim=1)
                of_class = shares.gather(1, (classes[rows] - first).unsqueeze(1)).squeeze(1)
                in_cluster = in_cluster.index_copy(0, rows, of_class)
        head = F.log_softmax(self.head(x), dim=1)
        output = in_cluster + head.gather(1, in_head.unsqueeze(1)).squeeze(1)
        loss = (-output).mean()
        return _ASMoutput(output.squeeze(0) if single else output, loss)

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probabilities of all classes: (N, n_classes)."""
        head = F.log_softmax(self.head(input), dim=1)
        parts = [head[:, : self.shortlist_size]]
        for place, module in enumerate(self.tail):
            cluster = F.log_softmax(module(input), dim=1)
            parts.append(cluster + head[:, self.shortlist_size + place].unsqueeze(1))
        return cat(parts, dim=1)

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each example."""
        return self.log_prob(input).argmax(dim=1)
