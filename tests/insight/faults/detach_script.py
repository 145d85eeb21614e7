"""An autoencoder trained by a script, with a detach() left in from looking at its codes."""

import adjoint as torch
from adjoint import nn

torch.manual_seed(0)
data = torch.randn(32, 6)
encoder = nn.Sequential(nn.Linear(6, 3), nn.Tanh())
decoder = nn.Linear(3, 6)
parameters = [*encoder.parameters(), *decoder.parameters()]
optimizer = torch.optim.Adam(parameters, lr=0.01)

for _ in range(3):
    codes = encoder(data)
    codes = codes.detach()  # <- fault: detach
    restored = decoder(codes)
    loss = ((restored - data) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

answer = torch.why(encoder[0].weight)
