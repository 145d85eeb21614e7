"""`torch.backends.mps`: Apple's GPUs."""


def is_built() -> bool:
    """No."""
    return False


def is_available() -> bool:
    """No."""
    return False


def is_macos_or_newer(major: int, minor: int) -> bool:
    """Not asked for where there is no such GPU: no."""
    return False
