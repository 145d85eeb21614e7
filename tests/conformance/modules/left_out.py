"""The layers that are left out, each with its reason."""

LAST_BITS = "gradients of float32 whose terms cancel, summed in another order; those of float64 agree"

#: what cannot agree, and why; on another processor it may
LEFT_OUT: dict[str, str] = {
    "nn.ConvTranspose3d": LAST_BITS,
    "nn.CTCLoss": LAST_BITS,
    "nn.LazyConvTranspose3d": LAST_BITS,
    "nn.MultiheadAttention": LAST_BITS,
    "nn.Transformer": LAST_BITS,
    "nn.TransformerDecoderLayer": LAST_BITS,
}
