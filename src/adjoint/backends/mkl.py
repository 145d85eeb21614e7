"""`torch.backends.mkl`: Intel's library for linear algebra, in place of which Adjoint has NumPy's and SciPy's."""


def is_available() -> bool:
    """No."""
    return False
