"""`torch.backends.openmp`: the threads of compiled C++."""


def is_available() -> bool:
    """No."""
    return False
