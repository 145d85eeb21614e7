"""`torch.utils.dlpack`: memory shared with other libraries by DLPack.

The functions stand in `adjoint.ops.exchange`, and are loaded when they are first used.
"""

# ruff: noqa: N815  (DLPack's names)

from enum import IntEnum

from adjoint.ops import later as _later


class DLDeviceType(IntEnum):
    """DLPack's numbers for kinds of devices."""

    kDLCPU = 1
    kDLCUDA = 2
    kDLCUDAHost = 3
    kDLOpenCL = 4
    kDLVulkan = 7
    kDLMetal = 8
    kDLVPI = 9
    kDLROCM = 10
    kDLROCMHost = 11
    kDLExtDev = 12
    kDLCUDAManaged = 13
    kDLOneAPI = 14
    kDLWebGPU = 15
    kDLHexagon = 16
    kDLMAIA = 17


__getattr__, __dir__ = _later.face(__name__)
