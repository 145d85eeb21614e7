"""Asked of the very tensor that the error names."""

import adjoint as torch


def attention(q, k):
    scores = torch.softmax(q @ k, 0)
    weighted = scores * scores
    scores[0] += 1.0  # <- fault: in_place
    try:
        weighted.sum().backward()
    except RuntimeError:
        return torch.why(scores)


torch.manual_seed(0)
answer = attention(torch.randn(3, 3, requires_grad=True), torch.randn(3))
