"""`torch.nn.utils`: clipping, vectors of parameters, parametrisations, pruning, fusion, models as functions."""

import copy
import pickle
from importlib import import_module

from tests.differential import Programs, attempt
from tests.nn.test_attention import fill, rounded, sequence

program = Programs("nn_utils")


def linear(torch, *sizes, **settings):
    return fill(torch, torch.nn.Linear(*(sizes or (3, 2)), **settings))


def with_gradients(torch, dtype=None):
    """Parameters whose gradients are (3, 4), nothing, and (-12, 0)."""
    made = [torch.zeros(2, requires_grad=True, dtype=dtype) for _ in range(3)]
    made[0].grad = torch.tensor([3.0, 4.0], dtype=dtype)
    made[2].grad = torch.tensor([-12.0, 0.0], dtype=dtype)
    return made


def values(parameters):
    return [None if each.grad is None else each.grad.tolist() for each in parameters]


@program
def clip_grad_norm(torch):
    seen = []
    for settings in ({}, {"norm_type": 1}, {"norm_type": float("inf")}, {"norm_type": "inf"}, {"foreach": False}):
        given = with_gradients(torch)
        seen.append([torch.nn.utils.clip_grad_norm_(given, 6.5, **settings), values(given)])
    given = with_gradients(torch)
    seen.append([torch.nn.utils.clip_grad_norm_(given[0], 100.0), values(given)])
    given[0].grad[0] = float("inf")
    seen += [
        attempt(lambda: torch.nn.utils.clip_grad_norm_(given, 1.0, error_if_nonfinite=True)),
        torch.nn.utils.get_total_norm([given[0].grad]),
        torch.nn.utils.clip_grad_norm_(iter([]), 1.0),
        torch.nn.utils.clip_grad_norm_((each for each in ()), 1.0),
        torch.nn.utils.clip_grad_norm(with_gradients(torch, torch.float64), 1.0),
    ]
    return seen


@program
def clip_in_two_steps(torch):
    given = with_gradients(torch)
    total = torch.nn.utils.get_total_norm([each.grad for each in given if each.grad is not None], norm_type=1)
    torch.nn.utils.clip_grads_with_norm_(given, 2.0, total)
    other = with_gradients(torch)
    torch.nn.utils.clip_grad_value_(other, 3.5)
    return [total, values(given), values(other), torch.nn.utils.get_total_norm([])]


@program
def parameters_as_a_vector(torch):
    model = linear(torch)
    vector = torch.nn.utils.parameters_to_vector(model.parameters())
    torch.nn.utils.vector_to_parameters(torch.arange(8.0), model.parameters())
    return [
        vector.tolist(),
        vector.requires_grad,
        model.weight.tolist(),
        model.bias.tolist(),
        attempt(lambda: torch.nn.utils.vector_to_parameters([1.0], model.parameters())),
    ]


def symmetric(torch):
    class Symmetric(torch.nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).mT

        def right_inverse(self, x):
            return x.triu()

    return Symmetric()


def function(torch, forward, right_inverse=None):
    """A parametrisation made of functions."""

    class Function(torch.nn.Module):
        def forward(self, *args):
            return forward(*args)

    if right_inverse is not None:
        Function.right_inverse = lambda self, x: right_inverse(x)
    return Function()


@program
def parametrized_weights(torch):
    P = torch.nn.utils.parametrize
    model = linear(torch, 2, 2)
    P.register_parametrization(model, "weight", symmetric(torch))
    seen = [repr(model), type(model).__name__, P.type_before_parametrizations(model).__name__]
    seen += [list(model.state_dict()), model.weight.tolist(), model.weight.requires_grad]
    P.register_parametrization(model, "weight", function(torch, lambda x: 2 * x, lambda x: x / 2))
    P.register_parametrization(model, "bias", function(torch, lambda x: x + 1))
    seen += [model.weight.tolist(), model.bias.tolist(), P.is_parametrized(model), P.is_parametrized(model, "other")]
    model.weight = torch.tensor([[2.0, 4.0], [4.0, 6.0]])
    seen += [model.weight.tolist(), model.parametrizations.weight.original.tolist()]
    model(torch.ones(1, 2)).sum().backward()
    seen += [model.parametrizations.weight.original.grad.tolist(), model.parametrizations.bias.original.grad.tolist()]
    copied = copy.deepcopy(model)
    seen += [type(copied).__name__, torch.equal(copied.weight, model.weight), attempt(lambda: pickle.dumps(model))]
    P.remove_parametrizations(model, "weight")
    P.remove_parametrizations(model, "bias", leave_parametrized=False)
    seen += [repr(model), model.weight.tolist(), model.bias.tolist(), type(model.weight).__name__]
    return [*seen, [name for name, _ in model.named_parameters()], hasattr(model, "parametrizations")]


@program
def cached_parametrizations(torch):
    P = torch.nn.utils.parametrize
    calls = []
    model = linear(torch)
    P.register_parametrization(model, "weight", function(torch, lambda x: (calls.append(1), x * 2)[1]))
    calls.clear()
    with P.cached():
        same = model.weight is model.weight
        with P.cached():
            same = same and model.weight is model.weight
        same = same and model.weight is model.weight
    return [same, len(calls), model.weight is model.weight, len(calls)]


@program
def several_originals(torch):
    P = torch.nn.utils.parametrize
    model = linear(torch)
    product = function(torch, lambda a, b: a * b, lambda x: (x.abs() + 1, x / (x.abs() + 1)))
    P.register_parametrization(model, "weight", product)
    seen = [list(model.state_dict()), [type(each).__name__ for each in model.parametrizations.weight.parameters()]]
    model.weight = torch.ones(2, 3)
    seen += [rounded(model.weight), rounded(model.parametrizations.weight.original0)]
    seen.append(attempt(lambda: P.remove_parametrizations(model, "weight", leave_parametrized=False)))
    P.remove_parametrizations(model, "weight")
    return [*seen, rounded(model.weight), type(model.weight).__name__]


@program
def parametrized_buffers(torch):
    P = torch.nn.utils.parametrize
    model = torch.nn.BatchNorm1d(2)
    P.register_parametrization(model, "running_mean", function(torch, lambda x: x + 1))
    seen = [list(model.state_dict()), model.running_mean, [name for name, _ in model.named_buffers()]]
    P.remove_parametrizations(model, "running_mean")
    return [*seen, model.running_mean.tolist(), [name for name, _ in model.named_buffers()]]


@program
def parametrization_errors(torch):
    P = torch.nn.utils.parametrize

    def register(*functions, unsafe=False):
        model = linear(torch)
        for each in functions:
            P.register_parametrization(model, "weight", function(torch, *each), unsafe=unsafe)
        return model

    def same(x):
        return x

    def put(model, value):
        model.weight = value

    return [
        attempt(lambda: register((lambda x: 1,))),
        attempt(lambda: register((lambda x: x.double(),))),
        attempt(lambda: register((lambda x: x[0],))),
        attempt(lambda: register((same, lambda x: 1))),
        attempt(lambda: register((same, lambda x: [x, 1]))),
        attempt(lambda: register((same, lambda x: x.double()))),
        attempt(lambda: register((same,), (lambda x: 1,))),
        attempt(lambda: register((same,), (lambda x: x.double(),))),
        attempt(lambda: register((same,), (lambda x: x[0],))),
        attempt(lambda: register((same,), (same, lambda x: 1))),
        attempt(lambda: register((same,), (same, lambda x: x.double()))),
        attempt(lambda: register((same,), (same, lambda x: x[0]))),
        attempt(lambda: put(register((same,)), torch.ones(2, 3))),
        attempt(lambda: put(register((same, same)), torch.ones(2, 3).double())),
        attempt(lambda: put(register((lambda a, b: a, lambda x: (x, x))), torch.ones(2, 3).double())),
        attempt(lambda: P.register_parametrization(linear(torch), "other", symmetric(torch))),
        attempt(lambda: P.remove_parametrizations(linear(torch), "weight")),
        attempt(lambda: P.ParametrizationList([], torch.ones(1))),
        attempt(lambda: setattr(register((same,)), "weight", torch.nn.Parameter(torch.ones(2, 3)))),
    ]


@program
def transferred_parametrizations(torch):
    P = torch.nn.utils.parametrize
    model, other = linear(torch, 2, 2), torch.nn.Linear(2, 2)
    P.register_parametrization(model, "weight", symmetric(torch))
    P.register_parametrization(model, "bias", function(torch, lambda x: x + 1))
    P.transfer_parametrizations_and_params(model, other)
    shared = other.parametrizations.weight.original is model.parametrizations.weight.original
    third = P.transfer_parametrizations_and_params(model, torch.nn.Linear(2, 2), "bias")
    return [repr(other), shared, torch.equal(other.weight, model.weight), P.is_parametrized(third, "weight")]


@program
def weight_norm(torch):
    seen = []
    for dim in (0, 1, None, -1):
        model = torch.nn.utils.parametrizations.weight_norm(linear(torch), dim=dim)
        old = torch.nn.utils.weight_norm(linear(torch), dim=dim)
        seen += [repr(model), repr(old), {name: list(each.shape) for name, each in old.state_dict().items()}]
        x = sequence(torch, 4, 3)
        model(x).sum().backward()
        old(x).sum().backward()
        new = model.parametrizations.weight
        seen += [rounded(model.weight), rounded(new.original0.grad), rounded(new.original1.grad)]
        seen += [rounded(old.weight), rounded(old.weight_g.grad), rounded(old.weight_v.grad)]
        if dim == 0:
            state = {name: 2 * each for name, each in old.state_dict().items()}
            seen += [repr(model.load_state_dict(state)), rounded(model.weight)]
            seen.append(attempt(lambda old=old: torch.nn.utils.weight_norm(old)))
        seen.append(repr(torch.nn.utils.remove_weight_norm(old)))
        seen += [rounded(old.weight), [name for name, _ in old.named_parameters()]]
    seen.append(attempt(lambda: torch.nn.utils.remove_weight_norm(linear(torch))))
    seen.append(torch.norm_except_dim(torch.tensor([[[3.0, 4.0]], [[6.0, 8.0]]]), 2, 2))
    return seen


@program
def spectral_norm(torch):
    seen = []
    for make in (
        lambda: linear(torch),
        lambda: fill(torch, torch.nn.ConvTranspose1d(2, 3, 2)),
        lambda: fill(torch, torch.nn.Conv1d(2, 3, 2)),
    ):
        for wrap in (torch.nn.utils.parametrizations.spectral_norm, torch.nn.utils.spectral_norm):
            torch.manual_seed(1)
            model = wrap(make())
            x = sequence(torch, 2, 3) if isinstance(model, torch.nn.Linear) else sequence(torch, 1, 2, 4)
            seen += [repr(model), {name: list(each.shape) for name, each in model.state_dict().items()}]
            for _ in range(3):
                model(x)
            seen += [rounded(model(x)), {name: rounded(each) for name, each in model.named_buffers()}]
            model(x).sum().backward()
            seen += [rounded(each.grad) for each in model.parameters()]
            seen.append(rounded(model.eval()(x)))
            made = wrap(make())
            made.load_state_dict(model.state_dict())
            seen.append(rounded(made.eval()(x)))
    return seen


@program
def spectral_norm_of_vectors_and_errors(torch):
    new, old = torch.nn.utils.parametrizations.spectral_norm, torch.nn.utils.spectral_norm
    model = new(linear(torch), "bias")
    removed = torch.nn.utils.remove_spectral_norm(old(linear(torch)))
    return [
        rounded(model.bias),
        repr(removed),
        [name for name, _ in removed.named_parameters()],
        list(removed.state_dict()._metadata[""]),
        attempt(lambda: new(linear(torch), n_power_iterations=0)),
        attempt(lambda: new(linear(torch), dim=2)),
        attempt(lambda: new(linear(torch), "other")),
        attempt(lambda: old(old(linear(torch)))),
        attempt(lambda: old(linear(torch), n_power_iterations=0)),
        attempt(lambda: old(torch.nn.Linear(2, 2, bias=False), "bias")),
        attempt(lambda: torch.nn.utils.remove_spectral_norm(linear(torch))),
    ]


@program
def orthogonal(torch):
    seen = []
    for sizes in ((3, 3), (4, 2), (2, 4)):
        for kind in (None, "matrix_exp", "cayley", "householder"):
            for trivial in (True, False):
                torch.manual_seed(2)
                model = torch.nn.utils.parametrizations.orthogonal(
                    linear(torch, *sizes), orthogonal_map=kind, use_trivialization=trivial
                )
                weight = model.weight
                seen.append([repr(model), rounded(weight), list(model.state_dict())])
                (weight * sequence(torch, *weight.shape)).sum().backward()
                seen.append(rounded(model.parametrizations.weight.original.grad))
                seen.append(attempt(lambda model=model: put_weight(torch, model)))
    return seen


def put_weight(torch, model):
    """The weight after it is set to an orthogonal matrix."""
    rows, columns = model.weight.shape
    model.weight = torch.eye(rows, columns).flip(0).contiguous()
    return rounded(model.weight)


@program
def orthogonal_errors(torch):
    make = torch.nn.utils.parametrizations.orthogonal
    model = make(linear(torch))
    return [
        attempt(lambda: make(linear(torch), "other")),
        attempt(lambda: make(linear(torch), "bias")),
        attempt(lambda: make(linear(torch), orthogonal_map="givens")),
        attempt(lambda: make(linear(torch, dtype=torch.complex64), orthogonal_map="householder")),
        attempt(lambda: setattr(model, "weight", torch.ones(2, 2))),
    ]


@program
def fused_layers(torch):
    nn, utils = torch.nn, torch.nn.utils
    norm = fill(torch, nn.BatchNorm1d(3)).eval()
    norm.running_mean.copy_(sequence(torch, 3))
    conv = fill(torch, nn.Conv1d(2, 3, 2, bias=False)).eval()
    turned = fill(torch, nn.ConvTranspose1d(2, 3, 2)).eval()
    flat = linear(torch, 2, 3).eval()
    plain = nn.BatchNorm1d(3, affine=False).eval()
    x = sequence(torch, 2, 2, 5)
    return [
        repr(utils.fuse_conv_bn_eval(conv, norm)),
        rounded(utils.fuse_conv_bn_eval(conv, norm)(x)),
        utils.fuse_conv_bn_eval(conv, norm).bias.requires_grad,
        rounded(utils.fuse_conv_bn_eval(turned, norm, transpose=True)(x)),
        rounded(utils.fuse_conv_bn_eval(conv, plain)(x)),
        rounded(utils.fuse_linear_bn_eval(flat, norm)(x[..., 0])),
        rounded(norm(flat(x[..., 0]))),
        attempt(lambda: utils.fuse_conv_bn_eval(nn.Conv1d(2, 3, 2), norm)),
        attempt(lambda: utils.fuse_linear_bn_eval(linear(torch, 2, 4).eval(), norm)),
        attempt(lambda: utils.fuse_conv_bn_eval(conv, nn.BatchNorm1d(3, track_running_stats=False).eval())),
    ]


@program
def pruned_elements(torch):
    prune = import_module(f"{torch.__name__}.nn.utils.prune")
    seen = []
    for apply in (
        prune.identity,
        lambda m, n: prune.l1_unstructured(m, n, 4),
        lambda m, n: prune.l1_unstructured(m, n, 0.3, importance_scores=sequence(torch, 3, 4)),
        lambda m, n: prune.ln_structured(m, n, 2, 2, 1),
        lambda m, n: prune.ln_structured(m, n, 0.4, float("inf"), -2),
        lambda m, n: prune.random_unstructured(m, n, 5),
        lambda m, n: prune.random_structured(m, n, 1, 0),
        lambda m, n: prune.custom_from_mask(m, n, torch.arange(12).reshape(3, 4) % 3 == 0),
    ):
        torch.manual_seed(4)
        model = apply(linear(torch, 4, 3), "weight")
        seen += [model.weight.tolist(), sorted(model.state_dict()), prune.is_pruned(model), model.weight_mask.tolist()]
        prune.l1_unstructured(model, "weight", 2)
        seen += [model.weight_mask.tolist(), type(next(iter(model._forward_pre_hooks.values()))).__name__]
        model(sequence(torch, 2, 4)).sum().backward()
        seen.append(rounded(model.weight_orig.grad))
        prune.remove(model, "weight")
        seen += [model.weight.tolist(), sorted(model.state_dict()), prune.is_pruned(model)]
    return seen


@program
def pruned_together(torch):
    prune = import_module(f"{torch.__name__}.nn.utils.prune")
    one, two = linear(torch, 3, 2), linear(torch, 2, 4)
    prune.l1_unstructured(one, "weight", 1)
    pairs = [(one, "weight"), (two, "weight"), (two, "bias")]
    prune.global_unstructured(pairs, prune.L1Unstructured, amount=0.5)
    container = next(iter(one._forward_pre_hooks.values()))
    return [
        [getattr(module, name + "_mask").tolist() for module, name in pairs],
        len(container),
        [type(each).__name__ for each in container],
        prune.L1Unstructured(2).prune(torch.tensor([1.0, -3.0, 2.0])),
    ]


@program
def pruning_errors(torch):
    prune = import_module(f"{torch.__name__}.nn.utils.prune")
    structured = prune.ln_structured(linear(torch), "weight", 1, 2, 0)
    return [
        attempt(lambda: prune.l1_unstructured(linear(torch), "weight", 7)),
        attempt(lambda: prune.l1_unstructured(linear(torch), "weight", -1)),
        attempt(lambda: prune.l1_unstructured(linear(torch), "weight", 1.5)),
        attempt(lambda: prune.l1_unstructured(linear(torch), "weight", "all")),
        attempt(lambda: prune.l1_unstructured(linear(torch), "weight", 1, torch.ones(2))),
        attempt(lambda: prune.ln_structured(linear(torch), "bias", 1, 2, 0)),
        attempt(lambda: prune.ln_structured(linear(torch), "weight", 1, 2, 2)),
        attempt(lambda: prune.custom_from_mask(linear(torch), "weight", torch.ones(2))),
        attempt(lambda: prune.remove(linear(torch), "weight")),
        attempt(lambda: prune.global_unstructured(1, prune.L1Unstructured)),
        attempt(lambda: prune.global_unstructured([(linear(torch), "weight")], prune.L1Unstructured, [1], amount=1)),
        attempt(lambda: prune.random_structured(structured, "weight", 1, 1).weight_mask.shape),
        attempt(lambda: sorted(prune.l1_unstructured(linear(torch), "weight", 1).state_dict())),
    ]


@program
def functional_calls(torch):
    call = torch.func.functional_call
    model = linear(torch, 2, 1)
    given = {"weight": torch.tensor([[1.0, 2.0]])}
    norm = torch.nn.BatchNorm1d(2)
    state = {"running_mean": torch.zeros(2), "num_batches_tracked": torch.tensor(3)}
    call(norm, state, sequence(torch, 3, 2))
    tied = torch.nn.Sequential(torch.nn.Linear(1, 1, False), torch.nn.Linear(1, 1, False))
    tied[1].weight = tied[0].weight
    two = {"0.weight": torch.tensor([[2.0]]), "1.weight": torch.tensor([[3.0]])}
    x = torch.ones(1)
    return [
        rounded(call(model, given, torch.ones(2))),
        rounded(call(model, ({"weight": given["weight"]}, {"bias": torch.zeros(1)}), (torch.ones(2),))),
        rounded(call(model, given, kwargs={"input": torch.ones(2)})),
        rounded(model.weight),
        state["num_batches_tracked"].tolist(),
        rounded(state["running_mean"]),
        norm.running_mean.tolist(),
        call(tied, {"0.weight": two["0.weight"]}, x).tolist(),
        call(tied, two, x, tie_weights=False).tolist(),
        attempt(lambda: call(tied, two, x)),
        attempt(lambda: call(model, given, torch.ones(2), strict=True)),
        attempt(lambda: call(model, {**given, "other": x}, torch.ones(2), strict=True)),
        attempt(lambda: call(model, (given, given), torch.ones(2))),
        attempt(lambda: call(model, 1, torch.ones(2))),
        attempt(lambda: call(model, [1], torch.ones(2))),
        attempt(lambda: call(model, {"weight": 1}, torch.ones(2))),
        attempt(lambda: call(model, {"a.b": x}, torch.ones(2))),
        attempt(lambda: call(torch.nn.DataParallel(model), given, torch.ones(2))),
        rounded(torch.nn.utils.stateless.functional_call(model, given, torch.ones(2))),
        rounded(model.weight),
    ]


@program
def functional_calls_and_transforms(torch):
    model = torch.nn.Sequential(linear(torch, 2, 3), torch.nn.Tanh(), linear(torch, 3, 1))
    x, y = sequence(torch, 4, 2), sequence(torch, 4, 1)

    def loss(parameters, x, y):
        return ((torch.func.functional_call(model, parameters, (x,)) - y) ** 2).mean()

    parameters = {name: each.detach() for name, each in model.named_parameters()}
    together = torch.func.grad(loss)(parameters, x, y)
    single = torch.vmap(torch.func.grad(loss), (None, 0, 0))(parameters, x, y)
    return [
        {name: rounded(each) for name, each in together.items()},
        {name: list(each.shape) for name, each in single.items()},
        {name: rounded(each.mean(0)) for name, each in single.items()},
    ]


@program
def stacked_models(torch):
    models = [fill(torch, torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))) for _ in range(2)]
    for model in models:
        model.eval()
    parameters, buffers = torch.func.stack_module_state(models)
    base = copy.deepcopy(models[0])
    run = torch.vmap(lambda p, b, x: torch.func.functional_call(base, (p, b), (x,)), (0, 0, None))
    frozen = [torch.nn.Linear(1, 1), torch.nn.Linear(1, 1).requires_grad_(False)]
    return [
        {name: [list(each.shape), each.requires_grad, each.is_leaf] for name, each in parameters.items()},
        {name: [list(each.shape), each.requires_grad] for name, each in buffers.items()},
        rounded(run(parameters, buffers, sequence(torch, 4, 2))),
        attempt(lambda: torch.func.stack_module_state([])),
        attempt(lambda: torch.func.stack_module_state([models[0], copy.deepcopy(models[1]).train()])),
        attempt(lambda: torch.func.stack_module_state([torch.nn.ReLU(), torch.nn.Tanh()])),
        attempt(lambda: torch.func.stack_module_state(frozen)),
    ]


@program
def layers_without_first_values(torch):
    torch.manual_seed(0)
    model = torch.nn.utils.skip_init(torch.nn.Linear, 3, 2, bias=False)
    return [
        repr(model),
        list(model.weight.shape),
        torch.rand(2),
        attempt(lambda: torch.nn.utils.skip_init(torch.nn.ReLU)),
        attempt(lambda: torch.nn.utils.skip_init(dict)),
    ]


@program
def memory_formats(torch):
    model = fill(torch, torch.nn.Sequential(torch.nn.Conv2d(2, 3, 2), torch.nn.Conv3d(2, 3, 2)))
    before = [each.weight.tolist() for each in model]
    torch.nn.utils.convert_conv2d_weight_memory_format(model, torch.channels_last)
    return [[each.weight.stride() for each in model], [each.weight.tolist() for each in model] == before]


test_program = program.test()
