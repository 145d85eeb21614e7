"""A method decorated for inference that training uses too; a class that trains calls it."""

import adjoint as torch
from adjoint import nn


class LitModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Linear(3, 3)
        self.head = nn.Linear(3, 1)

    def embed(self, x):
        return torch.relu(self.backbone(x))

    @torch.inference_mode()  # <- fault: no_grad
    def features(self, x):
        return self.embed(x)

    def training_step(self, batch):
        x, y = batch
        f = self.features(x).clone()
        return nn.functional.mse_loss(self.head(f), y)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Runner:
    def __init__(self, model):
        self.model = model

    def fit(self, loader):
        opt = self.model.configure_optimizers()
        for batch in loader:
            opt.zero_grad(set_to_none=True)
            loss = self.model.training_step(batch)
            loss.backward()
            opt.step()


lit = LitModel()
runner = Runner(lit)
runner.fit([(torch.randn(4, 3), torch.randn(4, 1)) for _ in range(2)])
answer = torch.why(lit.backbone.weight)
