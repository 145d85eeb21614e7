"""`torch.signal`: signal processing."""

from adjoint.signal import windows

__all__ = ["windows"]
