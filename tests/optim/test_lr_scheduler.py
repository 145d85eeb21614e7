"""Schedules of learning rates: every value along the way, the state, and errors."""

import warnings

from tests.differential import Programs, attempt

program = Programs("lr_scheduler")


def optimizer(torch, kind="SGD", **settings):
    parameters = [torch.zeros(1, requires_grad=True) for _ in range(2)]
    groups = [{"params": [parameters[0]]}, {"params": [parameters[1]], "lr": 0.25}]
    return getattr(torch.optim, kind)(groups, lr=0.5, **({"momentum": 0.9} if kind == "SGD" else {}), **settings)


def rates(torch, make, steps=12, kind="SGD", shown=("lr",)):
    """The rates at each step, what the schedule remembers at the end, and the same after it was loaded in the middle."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runs = []
        for reload in (False, True):
            made = optimizer(torch, kind)
            schedule = make(torch.optim.lr_scheduler, made)
            seen = [[[group[name] for name in shown] for group in made.param_groups]]
            for step in range(steps):
                made.step()
                schedule.step()
                seen.append([[group[name] for name in shown] for group in made.param_groups])
                if reload and step == steps // 2:
                    state = schedule.state_dict()
                    schedule = make(torch.optim.lr_scheduler, optimizer(torch, kind))
                    schedule.load_state_dict(state)
                    schedule.optimizer = made
            runs.append(seen)
    state = {name: value for name, value in schedule.state_dict().items() if name not in ("lr_lambdas", "_schedulers")}
    return [runs, list(state), {name: str(value) for name, value in state.items()}, schedule.get_last_lr()]


SCHEDULES = {
    "lambda": lambda s, o: s.LambdaLR(o, lambda epoch: 0.9**epoch),
    "lambdas": lambda s, o: s.LambdaLR(o, [lambda epoch: 0.9**epoch, lambda epoch: 1 / (1 + epoch)]),
    "multiplicative": lambda s, o: s.MultiplicativeLR(o, lambda epoch: 0.9),
    "step": lambda s, o: s.StepLR(o, 3, 0.5),
    "multi_step": lambda s, o: s.MultiStepLR(o, [2, 5, 5], 0.5),
    "constant": lambda s, o: s.ConstantLR(o, 0.5, 4),
    "linear": lambda s, o: s.LinearLR(o, 0.25, 0.75, 6),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.8),
    "polynomial": lambda s, o: s.PolynomialLR(o, 8, 2.0),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, 5, 0.01),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, 2, 0.01),
}


for _name, _make in SCHEDULES.items():

    def _program(torch, make=_make):
        return rates(torch, make)

    _program.__name__ = _name
    program(_program)


@program
def cyclic(torch):
    modes = ("triangular", "triangular2", "exp_range")
    found = [
        rates(torch, lambda s, o, m=mode: s.CyclicLR(o, 0.1, 1.0, 3, 2, m, 0.9), shown=("lr", "momentum"))
        for mode in modes
    ]
    return [*found, rates(torch, lambda s, o: s.CyclicLR(o, 0.1, 1.0, 3), kind="Adam", shown=("lr", "betas"))]


@program
def one_cycle(torch):
    return [
        rates(torch, lambda s, o: s.OneCycleLR(o, [1.0, 2.0], 13), shown=("lr", "momentum")),
        rates(
            torch,
            lambda s, o: s.OneCycleLR(o, 1.0, epochs=13, steps_per_epoch=1, three_phase=True),
            shown=("lr", "momentum"),
        ),
        rates(
            torch, lambda s, o: s.OneCycleLR(o, 1.0, 13, anneal_strategy="linear"), kind="Adam", shown=("lr", "betas")
        ),
    ]


@program
def one_after_the_other(torch):
    def make(s, o):
        return s.SequentialLR(o, [s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9), s.StepLR(o, 2)], [3, 7])

    return rates(torch, make)


@program
def chained(torch):
    return rates(torch, lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9)]))


@program
def plateau(torch):
    seen = []
    for settings in (
        {},
        {"mode": "max"},
        {"threshold_mode": "abs", "threshold": 0.2},
        {"cooldown": 2, "min_lr": [0.1, 0.2]},
    ):
        made = optimizer(torch)
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(made, factor=0.5, patience=1, **settings)
        for loss in (3.0, 2.0, 2.0, 2.0, 2.1, 1.9, 1.9, 1.9, 1.9, 1.9, 1.9):
            schedule.step(torch.tensor(loss))
            seen.append([group["lr"] for group in made.param_groups])
        seen.append(schedule.state_dict())
    return seen


@program
def errors(torch):
    s = torch.optim.lr_scheduler
    o = optimizer(torch)
    adagrad = torch.optim.Adagrad([torch.zeros(1, requires_grad=True)])
    return [
        attempt(lambda: s.StepLR(3, 2)), attempt(lambda: s.StepLR(o, 2, last_epoch=4)),
        attempt(lambda: s.LambdaLR(o, [lambda e: e])), attempt(lambda: s.ConstantLR(o, 2.0)),
        attempt(lambda: s.LinearLR(o, 0.0)), attempt(lambda: s.LinearLR(o, 1.0, 2.0)),
        attempt(lambda: s.CosineAnnealingWarmRestarts(o, 0)), attempt(lambda: s.CosineAnnealingWarmRestarts(o, 1, 0)),
        attempt(lambda: s.OneCycleLR(o, 1.0)), attempt(lambda: s.OneCycleLR(o, 1.0, -1)),
        attempt(lambda: s.OneCycleLR(o, 1.0, 5, pct_start=2.0)), attempt(lambda: s.OneCycleLR(adagrad, 1.0, 5)),
        attempt(lambda: s.CyclicLR(adagrad, 0.1, 1.0)), attempt(lambda: s.CyclicLR(o, 0.1, 1.0, mode="square")),
        attempt(lambda: s.ReduceLROnPlateau(o, factor=1.0)), attempt(lambda: s.ReduceLROnPlateau(o, mode="mean")),
        attempt(lambda: s.ReduceLROnPlateau(o, min_lr=[0.1])), attempt(lambda: s.SequentialLR(o, [], [])),
        attempt(lambda: s.ChainedScheduler([])),
    ]  # fmt: skip


@program
def warnings_of_the_wrong_order(torch):
    schedule = torch.optim.lr_scheduler.StepLR(optimizer(torch), 2)
    schedule.step()
    return schedule.get_lr()


@program
def rates_that_are_tensors(torch):
    w = torch.zeros(1, requires_grad=True)
    made = torch.optim.SGD([w], lr=torch.tensor(0.5))
    schedule = torch.optim.lr_scheduler.ExponentialLR(made, 0.5)
    made.step()
    schedule.step()
    return [made.param_groups[0]["lr"], schedule.base_lrs, schedule.get_last_lr()]


test_program = program.test()
