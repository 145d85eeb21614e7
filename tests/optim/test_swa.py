"""Averages of models, their batch statistics, and the schedule that goes with them."""

import warnings

from tests.differential import Programs, attempt

program = Programs("optim_swa")


def steps(torch, average, model, count=3):
    """The average's state after each of several states of the model."""
    seen = []
    for step in range(count):
        with torch.no_grad():
            for place, each in enumerate([*model.parameters(), *model.buffers()]):
                each.copy_((torch.arange(float(each.numel())).reshape(each.shape) + place) * (step + 1) ** 2 / 3)
        average.update_parameters(model)
        seen.append({name: each.tolist() for name, each in average.state_dict().items()})
    return seen


@program
def averages(torch):
    swa = torch.optim.swa_utils
    kinds = [
        {},
        {"use_buffers": True, "avg_fn": swa.get_swa_avg_fn()},
        {"avg_fn": swa.get_swa_avg_fn()},
        {"avg_fn": swa.get_ema_avg_fn(0.75)},
        {"multi_avg_fn": swa.get_ema_multi_avg_fn(0.75), "use_buffers": True},
        {"multi_avg_fn": swa.get_swa_multi_avg_fn()},
        {"avg_fn": lambda average, current, count: average + current * count},
        {"device": "cpu"},
    ]
    seen = []
    for settings in kinds:
        model = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.BatchNorm1d(1))
        average = swa.AveragedModel(model, **settings)
        seen.append(steps(torch, average, model))
    return [*seen, repr(average), list(average.state_dict()), average(torch.ones(3, 2)).shape[0]]


@program
def averages_of_doubles_and_integers(torch):
    swa = torch.optim.swa_utils
    model = torch.nn.Linear(2, 1, dtype=torch.float64)
    model.register_buffer("seen", torch.zeros(2, dtype=torch.int64))
    seen = [steps(torch, swa.AveragedModel(model), model)]
    seen.append(attempt(lambda: steps(torch, swa.AveragedModel(model, use_buffers=True), model)))
    ema = swa.get_ema_multi_avg_fn(0.5)
    numbers = [torch.tensor([1, 5])]
    ema(numbers, [torch.tensor([8, 8])], 1)
    doubles = [torch.tensor([1.0, 5.0], dtype=torch.float64)]
    swa.get_swa_multi_avg_fn()(doubles, [torch.tensor([8.0, 8.0], dtype=torch.float64)], 2)
    seen.append(attempt(lambda: swa.get_swa_multi_avg_fn()(numbers, numbers, torch.tensor(1)))[:60])
    return [*seen, numbers[0].tolist(), doubles[0].tolist()]


@program
def errors(torch):
    swa = torch.optim.swa_utils
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return [
        attempt(lambda: swa.AveragedModel(model, avg_fn=swa.get_swa_avg_fn(), multi_avg_fn=swa.get_swa_multi_avg_fn())),
        attempt(lambda: swa.get_ema_avg_fn(1.5)),
        attempt(lambda: swa.get_ema_multi_avg_fn(-1)),
        attempt(lambda: swa.SWALR(optimizer, 0.5, anneal_strategy="step")),
        attempt(lambda: swa.SWALR(optimizer, 0.5, anneal_epochs=-1)),
        attempt(lambda: swa.SWALR(optimizer, 0.5, anneal_epochs=1.5)),
        attempt(lambda: swa.SWALR(optimizer, [0.5, 0.5])),
        attempt(lambda: swa.SWALR(1, 0.5)),
    ]


@program
def batch_statistics(torch):
    swa = torch.optim.swa_utils
    model = torch.nn.Sequential(torch.nn.BatchNorm1d(2), torch.nn.Dropout(0.0), torch.nn.BatchNorm1d(2, momentum=0.5))
    model.eval()
    data = [torch.arange(6.0).reshape(3, 2) ** power for power in (1, 2, 3)]
    seen = []
    for loader in (data, [(each, None) for each in data]):
        swa.update_bn(loader, model)
        seen.append([[round(each + 0.5, 5) for each in norm.running_mean.tolist()] for norm in (model[0], model[2])])
        seen.append([[norm.running_var.tolist(), norm.num_batches_tracked.tolist()] for norm in (model[0], model[2])])
    return [*seen, model.training, [model[0].momentum, model[2].momentum], swa.update_bn(data, torch.nn.ReLU())]


@program
def schedules(torch):
    seen = []
    for settings in ({}, {"anneal_strategy": "linear", "anneal_epochs": 3}, {"anneal_epochs": 0}, {"anneal_epochs": 1}):
        for rate in (0.5, [0.5, 0.01]):
            groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": each} for each in (0.1, 0.2)]
            optimizer = torch.optim.SGD(groups, lr=0.1)
            schedule = torch.optim.swa_utils.SWALR(optimizer, rate, **settings)
            for _ in range(5):
                optimizer.step()
                schedule.step()
                seen.append(schedule.get_last_lr())
    state = schedule.state_dict()
    schedule.load_state_dict(state)
    return [*seen, sorted(state), schedule.get_lr()]


@program
def training_with_averages(torch):
    torch.manual_seed(0)
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    average = torch.optim.swa_utils.AveragedModel(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cosine = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        schedule = torch.optim.swa_utils.SWALR(optimizer, 0.05, anneal_epochs=2)
    x, y = torch.arange(6.0).reshape(3, 2) / 6, torch.tensor([[1.0], [0.0], [2.0]])
    for epoch in range(6):
        optimizer.zero_grad()
        ((model(x) - y) ** 2).mean().backward()
        optimizer.step()
        if epoch > 2:
            average.update_parameters(model)
            schedule.step()
        else:
            cosine.step()
    return [each.tolist() for each in average.state_dict().values()]


test_program = program.test()
