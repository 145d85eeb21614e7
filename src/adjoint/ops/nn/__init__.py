"""What layers compute: activations, convolutions, pooling, normalisation, losses. One file per family."""
