"""`torch.mtia`: Meta's accelerators, of which there are none."""

__all__ = ["device_count", "is_available", "manual_seed"]


def is_available() -> bool:
    """No."""
    return False


def device_count() -> int:
    """None."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing: there is no generator to seed."""
