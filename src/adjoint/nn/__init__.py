"""`torch.nn`: the parts of neural networks. The layers are loaded when they are first used."""

from importlib import import_module as _import_module
from sys import modules as _modules
from typing import Any as _Any

from adjoint.core.absent import absent_attribute as _absent_attribute
from adjoint.nn import functional

#: what stands in which module
_HOMES: dict[str, tuple[str, ...]] = {
    "modules.activation": (
        "CELU",
        "ELU",
        "GELU",
        "GLU",
        "Hardshrink",
        "Hardsigmoid",
        "Hardswish",
        "Hardtanh",
        "LeakyReLU",
        "LogSigmoid",
        "LogSoftmax",
        "Mish",
        "PReLU",
        "RReLU",
        "ReLU",
        "ReLU6",
        "SELU",
        "SiLU",
        "Sigmoid",
        "Softmax",
        "Softmax2d",
        "Softmin",
        "Softplus",
        "Softshrink",
        "Softsign",
        "Tanh",
        "Tanhshrink",
        "Threshold",
    ),
    "modules.adaptive": ("AdaptiveLogSoftmaxWithLoss",),
    "modules.batchnorm": (
        "BatchNorm1d",
        "BatchNorm2d",
        "BatchNorm3d",
        "InstanceNorm1d",
        "InstanceNorm2d",
        "InstanceNorm3d",
        "LazyBatchNorm1d",
        "LazyBatchNorm2d",
        "LazyBatchNorm3d",
        "LazyInstanceNorm1d",
        "LazyInstanceNorm2d",
        "LazyInstanceNorm3d",
    ),
    "modules.container": (
        "ModuleDict",
        "ModuleList",
        "ParameterDict",
        "ParameterList",
        "Sequential",
    ),
    "modules.conv": (
        "Conv1d",
        "Conv2d",
        "Conv3d",
        "ConvTranspose1d",
        "ConvTranspose2d",
        "ConvTranspose3d",
        "LazyConv1d",
        "LazyConv2d",
        "LazyConv3d",
        "LazyConvTranspose1d",
        "LazyConvTranspose2d",
        "LazyConvTranspose3d",
    ),
    "modules.distance": (
        "CosineSimilarity",
        "PairwiseDistance",
    ),
    "modules.dropout": (
        "AlphaDropout",
        "Dropout",
        "Dropout1d",
        "Dropout2d",
        "Dropout3d",
        "FeatureAlphaDropout",
    ),
    "modules.flatten": (
        "Flatten",
        "Unflatten",
    ),
    "modules.fold": (
        "Fold",
        "Unfold",
    ),
    "modules.linear": (
        "Bilinear",
        "Identity",
        "LazyLinear",
        "Linear",
    ),
    "modules.loss": (
        "BCELoss",
        "BCEWithLogitsLoss",
        "CTCLoss",
        "CosineEmbeddingLoss",
        "CrossEntropyLoss",
        "GaussianNLLLoss",
        "HingeEmbeddingLoss",
        "HuberLoss",
        "KLDivLoss",
        "L1Loss",
        "MSELoss",
        "MarginRankingLoss",
        "MultiLabelMarginLoss",
        "MultiLabelSoftMarginLoss",
        "MultiMarginLoss",
        "NLLLoss",
        "NLLLoss2d",
        "PoissonNLLLoss",
        "SmoothL1Loss",
        "SoftMarginLoss",
        "TripletMarginLoss",
        "TripletMarginWithDistanceLoss",
    ),
    "modules.module": ("Module",),
    "modules.normalization": (
        "CrossMapLRN2d",
        "GroupNorm",
        "LayerNorm",
        "LocalResponseNorm",
        "RMSNorm",
    ),
    "modules.padding": (
        "CircularPad1d",
        "CircularPad2d",
        "CircularPad3d",
        "ConstantPad1d",
        "ConstantPad2d",
        "ConstantPad3d",
        "ReflectionPad1d",
        "ReflectionPad2d",
        "ReflectionPad3d",
        "ReplicationPad1d",
        "ReplicationPad2d",
        "ReplicationPad3d",
        "ZeroPad1d",
        "ZeroPad2d",
        "ZeroPad3d",
    ),
    "modules.pixelshuffle": (
        "ChannelShuffle",
        "PixelShuffle",
        "PixelUnshuffle",
    ),
    "modules.pooling": (
        "AdaptiveAvgPool1d",
        "AdaptiveAvgPool2d",
        "AdaptiveAvgPool3d",
        "AdaptiveMaxPool1d",
        "AdaptiveMaxPool2d",
        "AdaptiveMaxPool3d",
        "AvgPool1d",
        "AvgPool2d",
        "AvgPool3d",
        "FractionalMaxPool2d",
        "FractionalMaxPool3d",
        "LPPool1d",
        "LPPool2d",
        "LPPool3d",
        "MaxPool1d",
        "MaxPool2d",
        "MaxPool3d",
        "MaxUnpool1d",
        "MaxUnpool2d",
        "MaxUnpool3d",
    ),
    "modules.sparse": (
        "Embedding",
        "EmbeddingBag",
    ),
    "modules.upsampling": (
        "Upsample",
        "UpsamplingBilinear2d",
        "UpsamplingNearest2d",
    ),
    "parameter": (
        "Buffer",
        "Parameter",
        "UninitializedBuffer",
        "UninitializedParameter",
    ),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}
_SUBMODULES = frozenset({"init", "modules", "parameter", "utils"})

_absent = _absent_attribute(_modules[__name__])


def __getattr__(name: str) -> _Any:
    if name in _SUBMODULES:
        return _import_module(f"{__name__}.{name}")
    if name not in _HOME:
        return _absent(name)
    found = globals()[name] = getattr(_import_module(f"{__name__}.{_HOME[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME, *_SUBMODULES})


__all__ = ["functional"]
__all__ += list(_HOME)
