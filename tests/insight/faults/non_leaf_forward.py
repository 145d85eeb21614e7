"""An input whose saliency is wanted, made non-leaf before the model sees it."""

import adjoint as torch
from adjoint import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 1))
image = torch.rand(2, 3, requires_grad=True)
flat = image.reshape(1, 6)  # <- fault: non_leaf
score = model(flat).sum()
answer = torch.why(flat)
