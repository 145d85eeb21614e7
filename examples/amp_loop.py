"""A loop written for GPUs and CPUs: mixed precision and scaled gradients, both switched off here, and clipping."""

import torch
from shared.steps import report, steps
from torch import nn
from torch.nn.utils import clip_grad_norm_

device = "cuda" if torch.cuda.is_available() else "cpu"
mixed = device == "cuda"

torch.manual_seed(0)
x = torch.randn(512, 8)
y = torch.sin(x.sum(dim=1, keepdim=True)) + x[:, :1] ** 2

model = nn.Sequential(nn.Linear(8, 64), nn.SiLU(), nn.LayerNorm(64), nn.Linear(64, 1)).to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.05)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=1000)
scaler = torch.amp.GradScaler(device, enabled=mixed)
criterion = nn.SmoothL1Loss()

for step in steps():
    batch = torch.randint(len(x), (64,))
    given, wanted = x[batch].to(device, non_blocking=True), y[batch].to(device, non_blocking=True)
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(device_type=device, enabled=mixed):
        loss = criterion(model(given), wanted)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    clip_grad_norm_(model.parameters(), max_norm=0.5)
    scaler.step(optimizer)
    scaler.update()
    schedule.step()
    report(step, loss.item())
