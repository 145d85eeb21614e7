"""An encoder that records nothing, in a model of dictionaries that is trained by functions of functions."""

import adjoint as torch
from adjoint import nn


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(10, 4)

    def forward(self, ids):
        with torch.no_grad():  # <- fault: no_grad
            e = self.emb(ids)
        return e.mean(1)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = Encoder()
        self.cls = nn.Linear(4, 2)

    def forward(self, batch):
        h = self.enc(batch["ids"])
        return {"logits": self.cls(h), "hidden": h}


def compute_loss(model, batch):
    out = model(batch)
    return nn.functional.cross_entropy(out["logits"], batch["labels"])


def training_step(model, batch, opt):
    opt.zero_grad()
    loss = compute_loss(model, batch)
    loss.backward()
    opt.step()
    return loss.item()


model = Model()
opt = torch.optim.Adam(model.parameters())
batch = {"ids": torch.randint(0, 10, (3, 5)), "labels": torch.tensor([0, 1, 1])}
for _ in range(2):
    training_step(model, batch, opt)
answer = torch.why(model.enc.emb.weight)
