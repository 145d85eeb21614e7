"""Weights in a list."""

import adjoint as torch

ws = []
for _i in range(3):
    w = torch.randn(2, requires_grad=True) / 10  # <- fault: non_leaf
    ws.append(w)
loss = sum(w.sum() for w in ws)
loss.backward()
answer = torch.why(ws[0])
