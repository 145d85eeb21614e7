"""`torch.mps`: Apple's GPUs, of which there are none."""

from adjoint.accelerator import device_count, is_available, manual_seed

__all__ = ["device_count", "is_available", "manual_seed"]
