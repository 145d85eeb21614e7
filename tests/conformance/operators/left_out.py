"""The entries that are left out, each with its reason."""

_PRIVATE = "private: an internal step of PyTorch's, with no public name"
_SPARSE = "sparse layouts"
_CUDA = "for CUDA only"
_JIT = "compiles CUDA C++ at run time"

LEFT_OUT: dict[str, str] = {
    "sparse.sampled_addmm": _SPARSE,
    "sparse.mm.reduce": _SPARSE,
    "to_sparse": _SPARSE,
    "torch.ops.aten._safe_softmax.default": _PRIVATE,
    "torch.ops.aten._flash_attention_forward": _CUDA,
    "torch.ops.aten._efficient_attention_forward": _CUDA,
    "nn.functional.batch_norm.without_cudnn": _CUDA,
    "chalf": "complex32, which NumPy lacks",
    "torch._scaled_mm_v2": _PRIVATE,
    "torch._scaled_mm": _PRIVATE,
    "_native_batch_norm_legit": _PRIVATE,
    "_batch_norm_with_update": _PRIVATE,
    "_upsample_bilinear2d_aa": _PRIVATE,
    "_segment_reduce.lengths": _PRIVATE,
    "_segment_reduce.offsets": _PRIVATE,
    "_chunk_cat": _PRIVATE,
    "max_pool2d_with_indices_backward": _PRIVATE,
    "jiterator_unary": _JIT,
    "jiterator_binary": _JIT,
    "jiterator_4inputs_with_extra_args": _JIT,
    "jiterator_binary_return_by_ref": _JIT,
    "jiterator_2inputs_2outputs": _JIT,
}
