"""`torch.backends.cpu`: what the processor can do."""


def get_cpu_capability() -> str:
    """The set of instructions that PyTorch's own kernels would use: the least of all, since Adjoint has none of them."""
    return "DEFAULT"
