"""Which names the families of operations bring that are loaded when one of them is first used.

Written by `python -m tools.catalogue`: do not edit.
"""

# fmt: off
CATALOGUE: dict[str, dict[str, tuple[str, ...]]] = {
    "adjoint.ops.bessel": {
        "functions": (
            "i0", "special.airy_ai", "special.bessel_j0", "special.bessel_j1", "special.bessel_y0", "special.bessel_y1",
            "special.modified_bessel_i0", "special.modified_bessel_i1", "special.modified_bessel_k0",
            "special.modified_bessel_k1", "special.scaled_modified_bessel_k0", "special.scaled_modified_bessel_k1",
            "special.spherical_bessel_j0",
        ),
        "methods": (
            "i0", "i0_",
        ),
        "verbs": (
            "airy_ai", "bessel_i0", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "modified_bessel_i0",
            "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1", "scaled_modified_bessel_k0",
            "scaled_modified_bessel_k1", "spherical_bessel_j", "spherical_bessel_j0",
        ),
        "records": (
            "airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "i0", "modified_bessel_i0",
            "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1", "scaled_modified_bessel_k0",
            "scaled_modified_bessel_k1", "spherical_bessel_j", "spherical_bessel_j0",
        ),
    },
    "adjoint.ops.calculus": {
        "functions": (
            "cumulative_trapezoid", "diff", "gradient", "trapezoid", "trapz",
        ),
        "methods": (
            "diff",
        ),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.copies": {
        "functions": (
            "alias_copy", "as_strided_copy", "as_strided_scatter", "detach_copy", "diagonal_copy", "diagonal_scatter",
            "expand_copy", "permute_copy", "select_copy", "select_scatter", "slice_copy", "slice_scatter", "split_copy",
            "split_with_sizes_copy", "squeeze_copy", "t_copy", "transpose_copy", "unbind_copy", "unfold_copy",
            "unsqueeze_copy", "view_copy",
        ),
        "methods": (
            "as_strided_scatter", "diagonal_scatter", "select_scatter", "slice_scatter",
        ),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.counting": {
        "functions": (
            "bincount", "histc", "histogram", "histogramdd",
        ),
        "methods": (
            "bincount", "histc", "histogram",
        ),
        "verbs": (
            "histc",
        ),
        "records": (
            "histc",
        ),
    },
    "adjoint.ops.diagonals": {
        "functions": (
            "diag", "diag_embed", "diagflat", "diagonal", "trace", "tril", "tril_indices", "triu", "triu_indices",
        ),
        "methods": (
            "diag", "diag_embed", "diagflat", "diagonal", "trace", "tril", "tril_", "triu", "triu_",
        ),
        "verbs": (
            "diagonal", "diagonal_embed",
        ),
        "records": (
            "diagonal", "diagonal_embed", "tril", "triu",
        ),
    },
    "adjoint.ops.drawing": {
        "functions": (
            "bernoulli", "multinomial", "normal", "rand_like", "randint", "randint_like", "randn_like", "randperm",
        ),
        "methods": (
            "bernoulli", "multinomial",
        ),
        "verbs": (),
        "records": (
            "bernoulli", "normal_by_both", "normal_by_mean", "normal_by_std",
        ),
    },
    "adjoint.ops.elementary": {
        "functions": (
            "addcdiv", "addcmul", "arctan2", "atan2", "deg2rad", "float_power", "hypot", "lerp", "logaddexp",
            "logaddexp2", "logit", "rad2deg", "sinc", "special.xlog1py", "xlogy",
        ),
        "methods": (
            "addcdiv", "addcdiv_", "addcmul", "addcmul_", "arctan2", "arctan2_", "atan2", "atan2_", "deg2rad",
            "deg2rad_", "float_power", "float_power_", "hypot", "hypot_", "lerp", "lerp_", "logaddexp", "logaddexp2",
            "logit", "logit_", "rad2deg", "rad2deg_", "sinc", "sinc_", "xlogy", "xlogy_",
        ),
        "verbs": (
            "addcdiv", "addcmul", "atan2", "deg2rad", "hypot", "lerp_number", "lerp_tensor", "logaddexp", "logaddexp2",
            "logit", "rad2deg", "sinc", "xlog1py", "xlogy",
        ),
        "records": (
            "addcdiv", "addcmul", "atan2", "deg2rad", "hypot", "lerp_number", "lerp_tensor", "logaddexp", "logaddexp2",
            "logit", "rad2deg", "sinc", "xlog1py", "xlogy",
        ),
    },
    "adjoint.ops.exchange": {
        "functions": (
            "Tensor.__array_namespace__", "Tensor.__dlpack__", "Tensor.__dlpack_device__", "asarray", "from_dlpack",
            "frombuffer", "utils.dlpack.from_dlpack", "utils.dlpack.to_dlpack",
        ),
        "methods": (
            "__array_namespace__", "__dlpack__", "__dlpack_device__",
        ),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.fft": {
        "functions": (
            "fft.fft", "fft.fft2", "fft.fftn", "fft.hfft", "fft.hfft2", "fft.hfftn", "fft.ifft", "fft.ifft2",
            "fft.ifftn", "fft.ihfft", "fft.ihfft2", "fft.ihfftn", "fft.irfft", "fft.irfft2", "fft.irfftn", "fft.rfft",
            "fft.rfft2", "fft.rfftn",
        ),
        "methods": (),
        "verbs": (
            "fft_c2c", "fft_c2r", "fft_r2c",
        ),
        "records": (
            "fft_c2c", "fft_c2r", "fft_r2c",
        ),
    },
    "adjoint.ops.floats": {
        "functions": (
            "copysign", "fmax", "fmin", "fmod", "frexp", "heaviside", "ldexp", "nan_to_num", "nextafter", "signbit",
        ),
        "methods": (
            "copysign", "copysign_", "fmax", "fmin", "fmod", "fmod_", "frexp", "heaviside", "heaviside_", "ldexp",
            "ldexp_", "nan_to_num", "nan_to_num_", "nextafter", "nextafter_", "signbit",
        ),
        "verbs": (
            "copysign", "fmod", "fmod_number", "ldexp", "nan_to_num", "nextafter_narrow", "signbit",
        ),
        "records": (
            "copysign", "fmax", "fmin", "fmod", "fmod_number", "frexp", "heaviside", "ldexp", "nan_to_num", "nextafter",
            "nextafter_narrow", "signbit",
        ),
    },
    "adjoint.ops.frequencies": {
        "functions": (
            "fft.fftfreq", "fft.fftshift", "fft.ifftshift", "fft.rfftfreq",
        ),
        "methods": (),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.gathering": {
        "functions": (
            "argwhere", "gather", "index_select", "masked_select", "narrow_copy", "nonzero_static", "repeat_interleave",
            "take", "take_along_dim", "unravel_index",
        ),
        "methods": (
            "argwhere", "gather", "index_select", "masked_select", "narrow_copy", "nonzero_static", "repeat_interleave",
            "take", "take_along_dim",
        ),
        "verbs": (
            "gather", "index_select",
        ),
        "records": (
            "gather", "index_select",
        ),
    },
    "adjoint.ops.integers": {
        "functions": (
            "gcd", "lcm",
        ),
        "methods": (
            "gcd", "gcd_", "lcm", "lcm_",
        ),
        "verbs": (
            "gcd", "lcm",
        ),
        "records": (
            "gcd", "lcm",
        ),
    },
    "adjoint.ops.linalg.aliases": {
        "functions": (
            "linalg.diagonal", "linalg.matmul",
        ),
        "methods": (),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.linalg.conditioning": {
        "functions": (
            "linalg.cond", "linalg.matrix_rank",
        ),
        "methods": (),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.linalg.contractions": {
        "functions": (
            "chain_matmul", "ger", "inner", "kron", "linalg.multi_dot", "linalg.vecdot", "outer", "tensordot",
        ),
        "methods": (
            "ger", "inner", "kron", "outer",
        ),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.linalg.cross_products": {
        "functions": (
            "cross", "linalg.cross",
        ),
        "methods": (
            "cross",
        ),
        "verbs": (),
        "records": (
            "linalg_cross",
        ),
    },
    "adjoint.ops.linalg.determinants": {
        "functions": (
            "det", "linalg.det", "linalg.slogdet", "logdet", "slogdet",
        ),
        "methods": (
            "det", "logdet", "slogdet",
        ),
        "verbs": (
            "cofactor", "det",
        ),
        "records": (
            "cofactor", "det", "slogdet",
        ),
    },
    "adjoint.ops.linalg.eigenvalues": {
        "functions": (
            "linalg.eig", "linalg.eigh", "linalg.eigvals", "linalg.eigvalsh",
        ),
        "methods": (),
        "verbs": (
            "eig", "eigh", "phase_free",
        ),
        "records": (
            "eig", "eigh", "eigvals", "eigvalsh", "phase_free",
        ),
    },
    "adjoint.ops.linalg.einsum": {
        "functions": (
            "einsum",
        ),
        "methods": (),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.linalg.factorisations": {
        "functions": (
            "cholesky_inverse", "cholesky_solve", "linalg.cholesky", "linalg.cholesky_ex", "linalg.ldl_factor",
            "linalg.ldl_factor_ex", "linalg.ldl_solve", "linalg.lu", "linalg.lu_factor", "linalg.lu_factor_ex",
            "linalg.lu_solve", "lu_unpack",
        ),
        "methods": (
            "cholesky_inverse", "cholesky_solve",
        ),
        "verbs": (
            "cholesky_solve", "permutation",
        ),
        "records": (
            "cholesky", "cholesky_ex", "cholesky_solve", "ldl_factor", "ldl_solve", "lu_factor", "permutation",
        ),
    },
    "adjoint.ops.linalg.least_squares": {
        "functions": (
            "linalg.lstsq", "linalg.pinv", "pinverse",
        ),
        "methods": (
            "pinverse",
        ),
        "verbs": (
            "pinv",
        ),
        "records": (
            "lstsq", "pinv",
        ),
    },
    "adjoint.ops.linalg.legacy": {
        "functions": (
            "cholesky", "lu", "lu_solve", "qr", "svd", "triangular_solve",
        ),
        "methods": (
            "cholesky", "lu", "lu_solve", "qr", "svd", "triangular_solve",
        ),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.linalg.low_rank": {
        "functions": (
            "pca_lowrank", "svd_lowrank",
        ),
        "methods": (),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.linalg.norms": {
        "functions": (
            "linalg.matrix_norm", "linalg.norm", "norm",
        ),
        "methods": (
            "norm",
        ),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.linalg.orthogonal": {
        "functions": (
            "geqrf", "linalg.householder_product", "linalg.qr", "orgqr", "ormqr",
        ),
        "methods": (
            "geqrf", "orgqr", "ormqr",
        ),
        "verbs": (
            "qr",
        ),
        "records": (
            "geqrf", "qr", "qr_triangle",
        ),
    },
    "adjoint.ops.linalg.powers": {
        "functions": (
            "linalg.matrix_exp", "linalg.matrix_power", "matrix_exp", "matrix_power",
        ),
        "methods": (
            "matrix_exp", "matrix_power",
        ),
        "verbs": (
            "matrix_exp",
        ),
        "records": (
            "matrix_exp",
        ),
    },
    "adjoint.ops.linalg.products": {
        "functions": (
            "addbmm", "addmm", "addmv", "addr", "baddbmm", "vdot",
        ),
        "methods": (
            "addbmm", "addbmm_", "addmm", "addmm_", "addmv", "addmv_", "addr", "addr_", "baddbmm", "baddbmm_", "vdot",
        ),
        "verbs": (),
        "records": (
            "addmm", "addmv", "addr", "baddbmm", "vdot",
        ),
    },
    "adjoint.ops.linalg.singular_values": {
        "functions": (
            "linalg.svd", "linalg.svdvals",
        ),
        "methods": (),
        "verbs": (
            "svd",
        ),
        "records": (
            "svd", "svdvals",
        ),
    },
    "adjoint.ops.linalg.solving": {
        "functions": (
            "inverse", "linalg.inv", "linalg.inv_ex", "linalg.solve", "linalg.solve_ex", "linalg.solve_triangular",
            "linalg.tensorinv", "linalg.tensorsolve",
        ),
        "methods": (
            "inverse",
        ),
        "verbs": (
            "inv", "inv_ex", "solve", "solve_triangular",
        ),
        "records": (
            "inv", "inv_ex", "solve", "solve_ex", "solve_triangular",
        ),
    },
    "adjoint.ops.linalg.vandermonde": {
        "functions": (
            "linalg.vander", "vander",
        ),
        "methods": (),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.linalg.vector_norms": {
        "functions": (
            "linalg.vector_norm",
        ),
        "methods": (),
        "verbs": (),
        "records": (
            "linalg_vector_norm",
        ),
    },
    "adjoint.ops.masked": {
        "functions": (
            "masked.amax", "masked.amin", "masked.argmax", "masked.argmin", "masked.cumprod", "masked.cumsum",
            "masked.log_softmax", "masked.logaddexp", "masked.logsumexp", "masked.mean", "masked.median", "masked.norm",
            "masked.normalize", "masked.prod", "masked.softmax", "masked.softmin", "masked.std", "masked.sum",
            "masked.var",
        ),
        "methods": (),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.memory": {
        "functions": (
            "Tensor.new_empty_strided", "empty_permuted", "empty_strided",
        ),
        "methods": (
            "new_empty_strided",
        ),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.nn.activations": {
        "functions": (
            "celu", "celu_", "nn.functional.celu", "nn.functional.celu_", "nn.functional.elu", "nn.functional.elu_",
            "nn.functional.gelu", "nn.functional.glu", "nn.functional.logsigmoid", "nn.functional.mish",
            "nn.functional.selu", "nn.functional.selu_", "nn.functional.sigmoid", "nn.functional.silu",
            "nn.functional.softplus", "nn.functional.softsign", "nn.functional.tanh", "nn.functional.tanhshrink",
            "selu", "selu_",
        ),
        "methods": (),
        "verbs": (
            "celu", "elu", "gelu", "gelu_by_tanh", "log_sigmoid", "mish", "silu", "softplus",
        ),
        "records": (
            "celu", "elu", "gelu", "gelu_by_tanh", "glu", "log_sigmoid", "mish", "silu", "softplus",
        ),
    },
    "adjoint.ops.nn.adaptive": {
        "functions": (
            "adaptive_avg_pool1d", "adaptive_max_pool1d", "nn.functional.adaptive_avg_pool1d",
            "nn.functional.adaptive_avg_pool2d", "nn.functional.adaptive_avg_pool3d",
            "nn.functional.adaptive_max_pool1d", "nn.functional.adaptive_max_pool1d_with_indices",
            "nn.functional.adaptive_max_pool2d", "nn.functional.adaptive_max_pool2d_with_indices",
            "nn.functional.adaptive_max_pool3d", "nn.functional.adaptive_max_pool3d_with_indices",
            "nn.functional.fractional_max_pool2d", "nn.functional.fractional_max_pool2d_with_indices",
            "nn.functional.fractional_max_pool3d", "nn.functional.fractional_max_pool3d_with_indices",
        ),
        "methods": (),
        "verbs": (),
        "records": (
            "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d",
            "adaptive_max_pool2d", "adaptive_max_pool3d", "fractional_max_pool2d", "fractional_max_pool3d",
        ),
    },
    "adjoint.ops.nn.attention": {
        "functions": (
            "nn.functional.multi_head_attention_forward", "nn.functional.scaled_dot_product_attention",
        ),
        "methods": (),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.nn.classification_losses": {
        "functions": (
            "nn.functional.binary_cross_entropy", "nn.functional.binary_cross_entropy_with_logits",
            "nn.functional.cross_entropy", "nn.functional.linear_cross_entropy", "nn.functional.nll_loss",
            "nn.functional.soft_margin_loss",
        ),
        "methods": (),
        "verbs": (),
        "records": (
            "binary_cross_entropy", "binary_cross_entropy_with_logits", "nll_loss", "nll_loss_2d", "soft_margin_loss",
        ),
    },
    "adjoint.ops.nn.convolution": {
        "functions": (
            "conv1d", "conv2d", "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
            "convolution", "nn.functional.conv1d", "nn.functional.conv2d", "nn.functional.conv3d",
            "nn.functional.conv_tbc", "nn.functional.conv_transpose1d", "nn.functional.conv_transpose2d",
            "nn.functional.conv_transpose3d",
        ),
        "methods": (),
        "verbs": (
            "conv", "conv_input", "conv_weight",
        ),
        "records": (
            "convolution", "convolution_biased", "convolution_transposed", "convolution_transposed_biased",
            "convolution_weight",
        ),
    },
    "adjoint.ops.nn.distances": {
        "functions": (
            "cdist", "cosine_similarity", "dist", "nn.functional.cosine_similarity", "nn.functional.normalize",
            "nn.functional.pairwise_distance", "nn.functional.pdist", "pairwise_distance", "pdist", "renorm",
        ),
        "methods": (
            "dist", "renorm", "renorm_",
        ),
        "verbs": (),
        "records": (
            "cdist", "dist", "euclidean_dist", "pdist", "renorm",
        ),
    },
    "adjoint.ops.nn.dropout": {
        "functions": (
            "alpha_dropout", "alpha_dropout_", "dropout", "dropout_", "feature_alpha_dropout", "feature_alpha_dropout_",
            "feature_dropout", "feature_dropout_", "native_dropout", "nn.functional.alpha_dropout",
            "nn.functional.dropout", "nn.functional.dropout1d", "nn.functional.dropout2d", "nn.functional.dropout3d",
            "nn.functional.feature_alpha_dropout",
        ),
        "methods": (),
        "verbs": (),
        "records": (
            "native_dropout",
        ),
    },
    "adjoint.ops.nn.embedding": {
        "functions": (
            "embedding", "embedding_bag", "embedding_renorm_", "nn.functional.embedding", "nn.functional.embedding_bag",
        ),
        "methods": (),
        "verbs": (),
        "records": (
            "embedding",
        ),
    },
    "adjoint.ops.nn.folding": {
        "functions": (
            "nn.functional.fold", "nn.functional.unfold",
        ),
        "methods": (),
        "verbs": (
            "col2im", "im2col",
        ),
        "records": (
            "col2im", "im2col",
        ),
    },
    "adjoint.ops.nn.grid": {
        "functions": (
            "affine_grid_generator", "grid_sampler", "grid_sampler_2d", "grid_sampler_3d", "nn.functional.affine_grid",
            "nn.functional.grid_sample",
        ),
        "methods": (),
        "verbs": (
            "match_taps", "sample_taps", "spread_taps",
        ),
        "records": (
            "grid_sampler_2d", "grid_sampler_3d", "match_taps", "sample_taps", "spread_taps",
        ),
    },
    "adjoint.ops.nn.linear": {
        "functions": (
            "bilinear", "nn.functional.bilinear", "nn.functional.linear", "nn.functional.one_hot",
        ),
        "methods": (),
        "verbs": (),
        "records": (
            "trilinear",
        ),
    },
    "adjoint.ops.nn.margin_losses": {
        "functions": (
            "nn.functional.cosine_embedding_loss", "nn.functional.hinge_embedding_loss",
            "nn.functional.margin_ranking_loss", "nn.functional.multi_margin_loss",
            "nn.functional.multilabel_margin_loss", "nn.functional.multilabel_soft_margin_loss",
            "nn.functional.triplet_margin_loss", "nn.functional.triplet_margin_with_distance_loss",
        ),
        "methods": (),
        "verbs": (),
        "records": (
            "multi_margin_loss", "multilabel_margin_loss",
        ),
    },
    "adjoint.ops.nn.normalisation": {
        "functions": (
            "batch_norm", "group_norm", "instance_norm", "layer_norm", "native_batch_norm", "native_group_norm",
            "native_layer_norm", "nn.functional.batch_norm", "nn.functional.group_norm", "nn.functional.instance_norm",
            "nn.functional.layer_norm", "nn.functional.local_response_norm", "nn.functional.rms_norm", "rms_norm",
        ),
        "methods": (),
        "verbs": (),
        "records": (
            "batch_norm_by_running", "native_batch_norm", "native_group_norm", "native_layer_norm",
        ),
    },
    "adjoint.ops.nn.padding": {
        "functions": (
            "constant_pad_nd", "nn.functional.pad",
        ),
        "methods": (),
        "verbs": (
            "constant_pad",
        ),
        "records": (
            "circular_pad1d", "circular_pad2d", "circular_pad3d", "constant_pad_nd", "reflect_pad1d", "reflect_pad2d",
            "reflect_pad3d", "replicate_pad1d", "replicate_pad2d", "replicate_pad3d",
        ),
    },
    "adjoint.ops.nn.pooling": {
        "functions": (
            "avg_pool1d", "max_pool1d", "max_pool1d_with_indices", "max_pool2d", "max_pool3d",
            "nn.functional.avg_pool1d", "nn.functional.avg_pool2d", "nn.functional.avg_pool3d",
            "nn.functional.lp_pool1d", "nn.functional.lp_pool2d", "nn.functional.lp_pool3d", "nn.functional.max_pool1d",
            "nn.functional.max_pool1d_with_indices", "nn.functional.max_pool2d",
            "nn.functional.max_pool2d_with_indices", "nn.functional.max_pool3d",
            "nn.functional.max_pool3d_with_indices",
        ),
        "methods": (),
        "verbs": (),
        "records": (
            "avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool1d", "max_pool2d", "max_pool3d",
        ),
    },
    "adjoint.ops.nn.regression_losses": {
        "functions": (
            "nn.functional.gaussian_nll_loss", "nn.functional.huber_loss", "nn.functional.kl_div",
            "nn.functional.l1_loss", "nn.functional.mse_loss", "nn.functional.poisson_nll_loss",
            "nn.functional.smooth_l1_loss",
        ),
        "methods": (),
        "verbs": (),
        "records": (
            "huber_loss", "mse_loss", "smooth_l1_loss",
        ),
    },
    "adjoint.ops.nn.resampling": {
        "functions": (
            "nn.functional.interpolate", "nn.functional.upsample", "nn.functional.upsample_bilinear",
            "nn.functional.upsample_nearest",
        ),
        "methods": (),
        "verbs": (
            "resample",
        ),
        "records": (
            "resample", "upsample_bicubic2d", "upsample_bicubic2d_aa", "upsample_bilinear2d", "upsample_bilinear2d_aa",
            "upsample_lanczos2d_aa", "upsample_linear1d", "upsample_nearest1d", "upsample_nearest2d",
            "upsample_nearest3d", "upsample_nearest_exact1d", "upsample_nearest_exact2d", "upsample_nearest_exact3d",
            "upsample_trilinear3d",
        ),
    },
    "adjoint.ops.nn.shuffling": {
        "functions": (
            "channel_shuffle", "native_channel_shuffle", "nn.functional.channel_shuffle",
            "nn.functional.native_channel_shuffle", "nn.functional.pixel_shuffle", "nn.functional.pixel_unshuffle",
            "pixel_shuffle", "pixel_unshuffle",
        ),
        "methods": (),
        "verbs": (),
        "records": (
            "channel_shuffle", "pixel_shuffle", "pixel_unshuffle",
        ),
    },
    "adjoint.ops.nn.softmax": {
        "functions": (
            "log_softmax", "nn.functional.gumbel_softmax", "nn.functional.log_softmax", "nn.functional.softmax",
            "nn.functional.softmin", "softmax",
        ),
        "methods": (
            "log_softmax", "softmax",
        ),
        "verbs": (),
        "records": (
            "log_softmax", "softmax",
        ),
    },
    "adjoint.ops.nn.thresholds": {
        "functions": (
            "hardshrink", "nn.functional.hardshrink", "nn.functional.hardsigmoid", "nn.functional.hardswish",
            "nn.functional.hardtanh", "nn.functional.hardtanh_", "nn.functional.leaky_relu",
            "nn.functional.leaky_relu_", "nn.functional.prelu", "nn.functional.relu", "nn.functional.relu6",
            "nn.functional.relu_", "nn.functional.rrelu", "nn.functional.rrelu_", "nn.functional.softshrink",
            "nn.functional.threshold", "nn.functional.threshold_", "prelu", "relu_", "rrelu", "rrelu_", "threshold",
            "threshold_",
        ),
        "methods": (
            "hardshrink", "prelu",
        ),
        "verbs": (
            "hardshrink", "hardtanh", "softshrink", "threshold",
        ),
        "records": (
            "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "prelu", "rrelu_with_noise",
            "softshrink", "threshold",
        ),
    },
    "adjoint.ops.nn.unpooling": {
        "functions": (
            "nn.functional.max_unpool1d", "nn.functional.max_unpool2d", "nn.functional.max_unpool3d",
        ),
        "methods": (),
        "verbs": (
            "plane_add", "plane_gather",
        ),
        "records": (
            "max_unpool1d", "max_unpool2d", "max_unpool3d", "plane_add", "plane_gather",
        ),
    },
    "adjoint.ops.ordering": {
        "functions": (
            "argsort", "kthvalue", "median", "mode", "msort", "nanmedian", "sort", "topk",
        ),
        "methods": (
            "argsort", "kthvalue", "median", "mode", "msort", "nanmedian", "sort", "topk",
        ),
        "verbs": (
            "argsort",
        ),
        "records": (
            "argsort", "kthvalue", "median_all", "median_axis", "mode", "nanmedian_all", "nanmedian_axis", "sort",
            "sort_stable", "topk",
        ),
    },
    "adjoint.ops.pairs": {
        "functions": (
            "angle", "complex", "isreal", "polar", "view_as_complex", "view_as_real",
        ),
        "methods": (
            "angle", "isreal",
        ),
        "verbs": (
            "as_pairs", "from_pairs", "isreal",
        ),
        "records": (
            "angle", "complex", "isreal", "polar", "view_as_complex", "view_as_real",
        ),
    },
    "adjoint.ops.polynomials": {
        "functions": (
            "special.chebyshev_polynomial_t", "special.chebyshev_polynomial_u", "special.chebyshev_polynomial_v",
            "special.chebyshev_polynomial_w", "special.hermite_polynomial_h", "special.hermite_polynomial_he",
            "special.laguerre_polynomial_l", "special.legendre_polynomial_p", "special.shifted_chebyshev_polynomial_t",
            "special.shifted_chebyshev_polynomial_u", "special.shifted_chebyshev_polynomial_v",
            "special.shifted_chebyshev_polynomial_w",
        ),
        "methods": (),
        "verbs": (
            "chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v", "chebyshev_polynomial_w",
            "hermite_polynomial_h", "hermite_polynomial_he", "laguerre_polynomial_l", "legendre_polynomial_p",
            "shifted_chebyshev_polynomial_t", "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v",
            "shifted_chebyshev_polynomial_w",
        ),
        "records": (
            "chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v", "chebyshev_polynomial_w",
            "hermite_polynomial_h", "hermite_polynomial_he", "laguerre_polynomial_l", "legendre_polynomial_p",
            "shifted_chebyshev_polynomial_t", "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v",
            "shifted_chebyshev_polynomial_w",
        ),
    },
    "adjoint.ops.quantiles": {
        "functions": (
            "nanquantile", "quantile",
        ),
        "methods": (
            "nanquantile", "quantile",
        ),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.rejection": {
        "functions": (
            "binomial", "poisson",
        ),
        "methods": (),
        "verbs": (),
        "records": (
            "poisson",
        ),
    },
    "adjoint.ops.resizing": {
        "functions": (
            "Tensor.as_strided_", "Tensor.resize_", "Tensor.squeeze_", "Tensor.swapaxes_", "Tensor.swapdims_",
            "Tensor.t_", "Tensor.transpose_", "Tensor.unsqueeze_", "resize_as_",
        ),
        "methods": (
            "as_strided_", "resize_", "resize_as_", "squeeze_", "swapaxes_", "swapdims_", "t_", "transpose_",
            "unsqueeze_",
        ),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.rolling": {
        "functions": (
            "fliplr", "flipud", "roll", "rot90",
        ),
        "methods": (
            "fliplr", "flipud", "roll", "rot90",
        ),
        "verbs": (),
        "records": (
            "roll",
        ),
    },
    "adjoint.ops.sampling": {
        "functions": (
            "Tensor.bernoulli_", "Tensor.cauchy_", "Tensor.exponential_", "Tensor.geometric_", "Tensor.log_normal_",
            "Tensor.normal_", "Tensor.random_", "Tensor.uniform_",
        ),
        "methods": (
            "bernoulli_", "cauchy_", "exponential_", "geometric_", "log_normal_", "normal_", "random_", "uniform_",
        ),
        "verbs": (),
        "records": (
            "bernoulli_by_tensor", "bernoulli_in_place", "cauchy", "exponential", "geometric", "log_normal", "normal",
            "random", "random_below", "random_between", "uniform",
        ),
    },
    "adjoint.ops.scans": {
        "functions": (
            "cummax", "cummin", "cumprod", "cumsum", "logcumsumexp",
        ),
        "methods": (
            "cummax", "cummin", "cumprod", "cumprod_", "cumsum", "cumsum_", "logcumsumexp",
        ),
        "verbs": (
            "cumulative_sum", "recurrence",
        ),
        "records": (
            "cummax", "cummin", "cumprod", "cumsum", "logcumsumexp", "recurrence",
        ),
    },
    "adjoint.ops.scattering": {
        "functions": (
            "index_add", "index_copy", "index_fill", "index_put", "index_reduce", "masked_scatter", "put", "scatter",
            "scatter_add", "scatter_reduce",
        ),
        "methods": (
            "index_add", "index_add_", "index_copy", "index_copy_", "index_fill", "index_fill_", "index_put",
            "index_put_", "index_reduce", "index_reduce_", "masked_scatter", "masked_scatter_", "put", "put_",
            "scatter", "scatter_", "scatter_add", "scatter_add_", "scatter_reduce", "scatter_reduce_",
        ),
        "verbs": (
            "index_add", "index_reduce", "scatter", "scatter_add", "scatter_reduce",
        ),
        "records": (
            "index_add", "index_reduce", "scatter", "scatter_add", "scatter_reduce",
        ),
    },
    "adjoint.ops.searching": {
        "functions": (
            "bucketize", "searchsorted", "unique", "unique_consecutive",
        ),
        "methods": (
            "unique", "unique_consecutive",
        ),
        "verbs": (
            "searchsorted",
        ),
        "records": (
            "searchsorted",
        ),
    },
    "adjoint.ops.sets": {
        "functions": (
            "isin",
        ),
        "methods": (),
        "verbs": (
            "isin",
        ),
        "records": (
            "isin",
        ),
    },
    "adjoint.ops.special": {
        "functions": (
            "Tensor.polygamma", "digamma", "erf", "erfc", "erfinv", "igamma", "igammac", "lgamma", "mvlgamma",
            "polygamma", "special.entr", "special.erfcx", "special.i0e", "special.i1", "special.i1e",
            "special.log_ndtr", "special.ndtr", "special.ndtri", "special.zeta",
        ),
        "methods": (
            "digamma", "digamma_", "erf", "erf_", "erfc", "erfc_", "erfinv", "erfinv_", "igamma", "igamma_", "igammac",
            "igammac_", "lgamma", "lgamma_", "mvlgamma", "mvlgamma_", "polygamma", "polygamma_",
        ),
        "verbs": (
            "bessel_i0e", "bessel_i1", "bessel_i1e", "digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "gammainc",
            "gammaincc", "lgamma", "log_ndtr", "mvlgamma", "ndtr", "ndtri", "polygamma", "zeta",
        ),
        "records": (
            "digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "i0e", "i1", "i1e", "igamma", "igammac", "lgamma",
            "log_ndtr", "mvlgamma", "ndtr", "ndtri", "polygamma", "zeta",
        ),
    },
    "adjoint.ops.special_names": {
        "functions": (
            "special.digamma", "special.erf", "special.erfc", "special.erfinv", "special.exp2", "special.expit",
            "special.expm1", "special.gammainc", "special.gammaincc", "special.gammaln", "special.i0", "special.log1p",
            "special.log_softmax", "special.logit", "special.logsumexp", "special.multigammaln", "special.polygamma",
            "special.psi", "special.round", "special.sinc", "special.softmax", "special.xlogy",
        ),
        "methods": (),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.spectral": {
        "functions": (
            "istft", "stft",
        ),
        "methods": (
            "istft", "stft",
        ),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.stacking": {
        "functions": (
            "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "cartesian_prod", "column_stack", "combinations",
            "dsplit", "dstack", "hsplit", "hstack", "meshgrid", "row_stack", "tensor_split", "unsafe_chunk",
            "unsafe_split", "vsplit", "vstack",
        ),
        "methods": (
            "combinations", "dsplit", "hsplit", "tensor_split", "unsafe_chunk", "unsafe_split", "vsplit",
        ),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.statistics": {
        "functions": (
            "corrcoef", "cov", "std", "std_mean", "var", "var_mean",
        ),
        "methods": (
            "corrcoef", "cov", "std", "var",
        ),
        "verbs": (),
        "records": (
            "std", "std_mean", "var", "var_mean",
        ),
    },
    "adjoint.ops.strides": {
        "functions": (
            "Tensor.unfold", "as_strided",
        ),
        "methods": (
            "as_strided", "unfold",
        ),
        "verbs": (),
        "records": (
            "strided", "unfold",
        ),
    },
    "adjoint.ops.totals": {
        "functions": (
            "count_nonzero", "hash_tensor", "logsumexp", "nanmean", "nansum",
        ),
        "methods": (
            "count_nonzero", "hash_tensor", "logsumexp", "nanmean", "nansum",
        ),
        "verbs": (
            "count_nonzero", "hash_tensor",
        ),
        "records": (
            "count_nonzero", "hash_tensor", "logsumexp", "nansum",
        ),
    },
    "adjoint.ops.typenames": {
        "functions": (
            "typename",
        ),
        "methods": (),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.windows": {
        "functions": (
            "bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window",
            "signal.windows.bartlett", "signal.windows.blackman", "signal.windows.cosine", "signal.windows.exponential",
            "signal.windows.gaussian", "signal.windows.general_cosine", "signal.windows.general_hamming",
            "signal.windows.hamming", "signal.windows.hann", "signal.windows.kaiser", "signal.windows.nuttall",
        ),
        "methods": (),
        "verbs": (),
        "records": (),
    },
}
