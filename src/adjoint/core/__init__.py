"""The core: tensors, the graph, the engine, and what a primitive is. It knows no operation by name."""

from adjoint.native import blas as _blas  # noqa: F401  before anything loads NumPy
