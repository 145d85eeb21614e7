"""`torch.backends.opt_einsum`: the order in which `einsum` multiplies."""

enabled = True
strategy: str | None = "auto"


def is_available() -> bool:
    """No: `einsum` multiplies from left to right."""
    return False
