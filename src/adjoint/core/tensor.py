"""The tensor: a handle on an array, and on its place in the graph.

This file is the bare handle: its data, history, flags and conversions. The operations become its methods in
`adjoint.ops`, each from its own record; `backward` and the hooks join it in `adjoint.autograd`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint.core import dtypes, modes, printing
from adjoint.core.device import CPU
from adjoint.core.device import device as Device
from adjoint.core.dtypes import dtype as DType
from adjoint.core.formats import layout as Layout
from adjoint.core.formats import strided
from adjoint.core.graph import LEAF_MARK, NEW_DATA, Node, Nowhere, expose, log_write, node_of, version_of

if TYPE_CHECKING:
    from adjoint.core.methods import TensorMethods  # what the operations add: a stub, made from their records
else:
    TensorMethods = object

Array = Any


class Size(tuple):
    """The shape of a tensor: a tuple of ints that prints as PyTorch's.

    >>> import adjoint as torch
    >>> torch.zeros(2, 3).shape
    torch.Size([2, 3])
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        count = 1
        for size in self:
            count *= size
        return count

    def __add__(self, other: tuple) -> Size:
        return Size(tuple.__add__(self, tuple(other)))

    def __mul__(self, times: int) -> Size:  # type: ignore[override]
        return Size(tuple.__mul__(self, times))

    __rmul__ = __mul__  # type: ignore[assignment]

    def __getitem__(self, index: Any) -> Any:
        item = tuple.__getitem__(self, index)
        return Size(item) if isinstance(index, slice) else item


class Memory(np.ndarray):
    """Bytes in which tensors have been given their places, as a file says; they need not start at its beginning."""


class Tensor(TensorMethods):
    """An array of one type, which may remember how it was computed.

    `_data` is the array: NumPy's, a NumPy scalar in place of a fresh 0-d array, or another namespace's. `_node` is the
    node that made it, a `Port` of one, LEAF_MARK for a leaf that requires a gradient, or None. `_writes` is the log of
    in-place writes to its memory, shared with its aliases; None while nobody asked. The slots below the line are unset
    until they are needed.
    """

    __slots__ = (
        "__dict__", "__weakref__", "_data", "_node", "_writes",
        # ---
        "_forward", "_grad", "_hooks", "_inference", "_view", "_views",
    )  # fmt: skip

    edge_kind = 2  # as an edge of the graph, a tensor is a leaf (graph.LEAF)
    __array_priority__ = 1000
    __hash__ = object.__hash__

    _data: Array
    _node: Any
    _writes: list | None
    _forward: dict
    _grad: Tensor | None
    _hooks: Any
    _inference: bool
    _view: Any
    _views: list

    # --- history ---

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded, so that gradients can flow back to it."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        set_requires_grad(self, value)

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor was made by the user and not by a recorded operation."""
        node = node_of(self._node)[0]
        return node is None or node.is_leaf

    @property
    def grad_fn(self) -> Node | None:
        """The node that made this tensor, or None for a leaf."""
        node = node_of(self._node)[0]
        return None if node is None or node.is_leaf else expose(node)

    @property
    def output_nr(self) -> int:
        """Which output of its `grad_fn` this tensor is."""
        return node_of(self._node)[1]

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward passes have accumulated into this leaf; None before the first."""
        grad = getattr(self, "_grad", None)
        if grad is None and not self.is_leaf and not self.retains_grad:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't "
                "be populated during autograd.backward(). If you indeed want the .grad field to be populated for a "
                "non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by "
                "mistake, make sure you access the leaf Tensor instead. See github.com/pytorch/pytorch/pull/30531 for more "
                "information.",
                UserWarning,
                stacklevel=2,
            )
        return grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            check_grad(self, value)
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @property
    def data(self) -> Tensor:
        """The same elements outside of the graph; writing to them goes unnoticed by the graph. Prefer `detach()`."""
        buffer(self)
        alias = wrap(self._data)
        if self.is_inference():
            make_inference(alias)  # type: ignore[misc]
        return alias

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        if self.requires_grad and value._data.dtype.kind in "biu":
            raise RuntimeError("data set to a tensor that requires gradients must be floating point or complex dtype")
        self._data = buffer(value)
        if self._writes is not None:
            log_write(self._writes, NEW_DATA)

    @property
    def retains_grad(self) -> bool:
        """Whether this non-leaf tensor keeps its gradient, because of `retain_grad()`."""
        return retains(self, self._node)

    @property
    def _version(self) -> int:
        if getattr(self, "_inference", False):
            raise RuntimeError("Inference tensors do not track version counter.")
        return version_of(self._writes)

    @property
    def _base(self) -> Tensor | None:
        view = getattr(self, "_view", None)
        return None if view is None else view.base

    def _is_view(self) -> bool:
        return getattr(self, "_view", None) is not None

    def is_inference(self) -> bool:
        """Whether this tensor was made under `inference_mode`."""
        return getattr(self, "_inference", False)

    # --- shape and type ---

    @property
    def shape(self) -> Size:
        """The size along each dimension."""
        return Size(self._data.shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self._data.shape)

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        return dtypes.from_numpy_dtype(self._data.dtype)

    @property
    def device(self) -> Device:
        """Where the elements are: the CPU."""
        return CPU

    @property
    def layout(self) -> Layout:
        """How the elements lie in memory: strided."""
        return strided

    @property
    def itemsize(self) -> int:
        """The size of one element, in bytes."""
        return self._data.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """The size of all elements, in bytes."""
        return self.numel() * self.itemsize

    def numel(self) -> int:
        """The number of elements."""
        return Size(self._data.shape).numel()

    nelement = numel

    def dim(self) -> int:
        """The number of dimensions."""
        return len(self._data.shape)

    ndimension = dim

    def size(self, dim: int | None = None) -> Size | int:
        """The shape, or the size along one dimension."""
        shape = Size(self._data.shape)
        if dim is None:
            return shape
        if not -max(len(shape), 1) <= dim < max(len(shape), 1) or not shape:
            raise IndexError(dimension_out_of_range(dim, len(shape)))
        return shape[dim]

    def element_size(self) -> int:
        """The size of one element, in bytes."""
        return self._data.dtype.itemsize

    def stride(self, dim: int | None = None) -> tuple[int, ...] | int:
        """How many elements lie between neighbours along each dimension, or one."""
        array = buffer(self)
        if not array.flags.c_contiguous or (self._base is not None and any(array.strides)):
            strides = tuple(step // array.itemsize for step in array.strides)
        else:  # where sizes of 0 and 1 leave NumPy the choice, it does not choose as PyTorch does
            sizes = [max(size, 1) for size in array.shape]
            strides = tuple(math.prod(sizes[place + 1 :]) for place in range(len(sizes)))
        return strides if dim is None else strides[dim]

    def storage_offset(self) -> int:
        """How many elements lie in memory before the first, where this is a view of another tensor, or was loaded."""
        array, base = buffer(self), self._base
        if base is not None:
            return base.storage_offset() + (array.ctypes.data - buffer(base).ctypes.data) // array.itemsize
        memory = getattr(array, "base", None)  # which arrays without memory of their own lack
        return (array.ctypes.data - memory.ctypes.data) // array.itemsize if isinstance(memory, Memory) else 0

    def is_contiguous(self) -> bool:
        """Whether the elements lie in memory in C order without gaps."""
        flags = getattr(self._data, "flags", None)  # which arrays without memory of their own lack
        return flags is None or flags.c_contiguous

    def data_ptr(self) -> int:
        """The address of the first element."""
        return buffer(self).ctypes.data

    is_cpu = True
    is_cuda = is_mps = is_xpu = is_meta = is_sparse = is_quantized = is_mkldnn = False
    is_nested = is_sparse_csr = is_xla = is_vulkan = is_mtia = is_ipu = is_maia = False

    def get_device(self) -> int:
        """The number of the GPU that holds the tensor: -1, for the CPU."""
        return -1

    def is_floating_point(self) -> bool:
        """Whether the elements are real floating-point numbers."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Whether the elements are complex numbers."""
        return self.dtype.is_complex

    def is_signed(self) -> bool:
        """Whether the type of the elements has negative numbers."""
        return self.dtype.is_signed

    # --- the numbers themselves ---

    def item(self) -> Any:
        """The value of a tensor with one element, as a Python number."""
        data = self._data
        if data.size != 1:
            raise RuntimeError(
                f"a Tensor with {data.size} elements cannot be converted to Scalar\n"
                "Pick one element first, as in x[0].item(), or use tolist() for all of them."
            )
        value = data.item()
        return float(value) if self.dtype.is_floating_point else value

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers; a number for a 0-d tensor."""
        data = self._data
        if self.dtype.is_floating_point and data.dtype.kind == "V":
            data = data.astype(np.float64)
        return data.tolist()

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The elements as a NumPy array that shares this tensor's memory.

        With `force=True` a tensor that requires a gradient is detached first; else it is an error.

        >>> import adjoint as torch
        >>> x = torch.zeros(2)
        >>> x.numpy()[0] = 5
        >>> x
        tensor([5., 0.])
        """
        if self._node is not None and not force:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        array = buffer(self)
        return array if isinstance(array, np.ndarray) else np.asarray(array)  # which other kinds of arrays refuse

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.numpy()
        return np.array(array, dtype=dtype, copy=copy) if copy is not None else np.asarray(array, dtype=dtype)

    def __bool__(self) -> bool:
        data = self._data
        if data.size != 1:
            count = "more than one value" if data.size else "no values"
            raise RuntimeError(
                f"Boolean value of Tensor with {count} is ambiguous\nSay which is meant: x.any(), x.all(), or a loop."
            )
        return bool(data) if not data.shape else bool(data.reshape(())[()])

    def _number(self) -> Any:
        if self._data.size != 1:
            raise ValueError(
                "only one element tensors can be converted to Python scalars\nUse tolist() for all of the elements."
            )
        return self.item()

    def __float__(self) -> float:
        return float(self._number())

    def __int__(self) -> int:
        return int(self._number())

    def __complex__(self) -> complex:
        return complex(self._number())

    def __index__(self) -> int:
        if self._data.size != 1 or self._data.dtype.kind not in "biu":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._data.item())

    def __len__(self) -> int:
        shape = self._data.shape
        if not shape:
            raise TypeError("len() of a 0-d tensor")
        return shape[0]

    # --- text ---

    def __repr__(self) -> str:
        return (transformed_text and transformed_text(self)) or text_of(self)

    def __format__(self, spec: str) -> str:
        if self.__class__ is Tensor and not self._data.shape:
            return printing.format_scalar(self._data, spec)
        if spec:
            raise printing.reject_format_spec(type(self).__name__)
        return str(self)


# --- making tensors, and reaching their memory -------------------------------------------------------------------

_new = Tensor.__new__


def wrap(data: Array) -> Tensor:
    """A tensor on this array, without history."""
    tensor = _new(Tensor)
    tensor._data = data
    tensor._node = None
    tensor._writes = None
    return tensor


#: makes a tensor one of inference mode; set by `core.states`
make_inference: Callable[[Tensor], None] | None = None


_FLOATS = frozenset({np.float32, np.float64})


def created(data: Array, requires_grad: bool = False) -> Tensor:
    """A tensor as the functions return it that make one from no others."""
    tensor = wrap(data)
    if modes.special and modes.state.inference:
        make_inference(tensor)  # type: ignore[misc]
    if requires_grad:
        if data.__class__ not in _FLOATS and data.dtype.kind in "biu":
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients\n"
                f"These numbers are {tensor.dtype}: write 1. for 1, or pass dtype=torch.float32."
            )
        tensor._node = LEAF_MARK
        tensor._grad = tensor._hooks = None  # a new tensor has none: looking for them costs an exception each
    return tensor


def buffer(tensor: Tensor) -> np.ndarray:
    """The tensor's memory as an array that can be aliased and written to; a scalar becomes a 0-d array for good."""
    data = tensor._data
    if isinstance(data, np.generic):
        tensor._data = data = np.asarray(data)
    return data


def writes_of(tensor: Tensor) -> list:
    """The log of writes to the tensor's memory."""
    writes = tensor._writes
    if writes is None:
        writes = tensor._writes = []
    return writes


def edge_of(tensor: Tensor) -> Any:
    """The edge that leads to this tensor in the graph."""
    node = tensor._node
    return tensor if node is LEAF_MARK else node


#: the text of a tensor inside a transformed function, None for any other; set by `adjoint.func`
transformed_text: Callable[[Tensor], str | None] | None = None


def retains(tensor: Tensor, edge: Any) -> bool:
    """Whether what an edge leads to keeps its gradient for a tensor."""
    node, index = node_of(edge)
    if node is None or node.annex is None or not node.annex.retained:
        return False
    kept = node.annex.retained.get(index)
    return kept is not None and kept() is tensor


def text_of(tensor: Tensor, **marks: Any) -> str:
    """The printed text of a tensor; `marks` as `printing.format_tensor` takes them."""
    default = dtypes.get_default_dtype()
    carried = getattr(tensor, "_forward", None)
    if carried:
        marks["tangent"] = format(carried[max(carried)])
    return printing.format_tensor(
        tensor._data,
        dtype=tensor.dtype,
        default_dtype=default,
        default_complex=default.to_complex(),
        requires_grad=tensor.requires_grad,
        grad_fn_name=_name_of_history(tensor),
        **marks,
    )


def _name_of_history(tensor: Tensor) -> str | None:
    try:
        node = tensor.grad_fn
    except RuntimeError:  # a view that was written to as it should not have been
        return "Invalid"
    return None if node is None else node.name().rpartition("::")[2]


#: called once a tensor's `requires_grad` was set, where there are views of it; set by `core.views`
follow_base: Callable[[Tensor], None] | None = None


def set_requires_grad(tensor: Tensor, value: bool) -> None:
    """Make a leaf require a gradient, or stop requiring it."""
    if not tensor.is_leaf:
        remedy = (
            " If you want to use a computed variable in a subgraph that doesn't require differentiation use var_no_grad = "
            "var.detach()."
        )
        raise RuntimeError(f"you can only change requires_grad flags of leaf variables.{'' if value else remedy}")
    if value and tensor._data.dtype.kind in "biu":
        raise RuntimeError(
            "only Tensors of floating point dtype can require gradients\n"
            f"This one is {tensor.dtype}: make it floating-point first, as in x.float()."
        )
    if value and tensor.is_inference() and not modes.state.inference:
        raise RuntimeError(
            "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.\n"
            "Make a normal tensor of it first, as in x.clone()."
        )
    if value:
        if tensor._node is None or isinstance(tensor._node, Nowhere):
            mark_leaf(tensor)
    else:
        base = tensor._base
        tensor._node = None if base is None or base._node is None else Nowhere()
    if hasattr(tensor, "_views"):
        follow_base(tensor)  # type: ignore[misc]


def mark_leaf(tensor: Tensor) -> Tensor:
    """Make a tensor without history a leaf that requires a gradient."""
    tensor._node = LEAF_MARK
    if not hasattr(tensor, "_grad"):
        tensor._grad = None
    if not hasattr(tensor, "_hooks"):
        tensor._hooks = None
    return tensor


def check_grad(tensor: Tensor, value: Any) -> None:
    """Refuse a `.grad` that does not fit its tensor."""
    if not isinstance(value, Tensor):
        raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}")
    if value is tensor:
        raise RuntimeError("can't assign Variable as its own grad")
    if value._data.dtype != tensor._data.dtype:
        raise RuntimeError(
            f"attempting to assign a gradient with dtype '{dtypes.c_type_name(value.dtype)}' to a tensor with grad_dtype "
            f"'{dtypes.scalar_type_name(tensor.dtype)}'. The gradient must match the tensor's grad_dtype (defaults to the "
            "tensor's dtype). You can set the tensor's grad_dtype attribute with a specific dtype, or None to allow any "
            "dtype. Set grad_dtype with caution. Diverging the dtypes of a tensor and its gradient may break downstream "
            "systems that assume they match.\nBring the gradient to the type first, as in gradient.to(x.dtype)."
        )
    if value._data.shape != tensor._data.shape:
        raise RuntimeError(
            f"attempting to assign a gradient of size '{list(value.shape)}' to a tensor of size '{list(tensor.shape)}'. "
            "Please ensure that the gradient and the tensor are the same size"
        )


def dimension_out_of_range(dim: int, ndim: int) -> str:
    """PyTorch's words for a dimension that a tensor does not have."""
    if ndim == 0:
        return f"Dimension specified as {dim} but tensor has no dimensions"
    return f"Dimension out of range (expected to be in range of [{-ndim}, {ndim - 1}], but got {dim})"
