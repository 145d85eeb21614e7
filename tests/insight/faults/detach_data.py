"""The attribute .data in place of the tensor, in a model written as functions."""

import adjoint as torch


def hidden_layer(x, w1):
    return torch.tanh(x.mm(w1))


def output_layer(hidden, w2):
    return hidden.data.mm(w2)  # <- fault: data


torch.manual_seed(0)
x, y = torch.randn(8, 5), torch.randn(8, 2)
w1 = torch.randn(5, 4, requires_grad=True)
w2 = torch.randn(4, 2, requires_grad=True)
learning_rate = 1e-3
for _ in range(2):
    y_pred = output_layer(hidden_layer(x, w1), w2)
    loss = (y_pred - y).pow(2).sum()
    loss.backward()
    with torch.no_grad():
        w2 -= learning_rate * w2.grad
        w2.grad = None

answer = torch.why(w1)
