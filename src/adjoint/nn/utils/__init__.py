"""`torch.nn.utils`: clipping of gradients, parameters as functions of others, pruning, fusion, sequences of one batch."""

from adjoint.core.face import loaded_on_use as _loaded_on_use

#: what stands in which module
_HOMES: dict[str, tuple[str, ...]] = {
    "clip_grad": ("clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"),
    "convert_parameters": ("parameters_to_vector", "vector_to_parameters"),
    "fusion": ("fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights"),
    "init": ("skip_init",),
    "magnitudes": ("remove_weight_norm", "weight_norm"),
    "memory_format": ("convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"),
    "spectra": ("remove_spectral_norm", "spectral_norm"),
}
__getattr__, __dir__, __all__ = _loaded_on_use(
    __name__, _HOMES, {"parametrizations", "parametrize", "prune", "rnn", "stateless"}
)
