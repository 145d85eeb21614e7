"""Modules: what they hold, what they say, their state, their hooks."""

import copy
from collections import OrderedDict

from tests.differential import Programs, attempt

program = Programs("nn_module")


def scale(torch, start=2.0):
    class Scale(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = torch.nn.Parameter(torch.tensor([start, 1.0]))
            self.register_buffer("calls", torch.tensor(0))
            self.register_buffer("scratch", torch.zeros(1), persistent=False)

        def forward(self, x, power=1):
            return self.factor * x**power

        def extra_repr(self):
            return f"start={start}"

    return Scale()


def tree(torch):
    class Tree(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.left = scale(torch)
            self.right = torch.nn.Sequential(OrderedDict(first=scale(torch, 3.0), second=torch.nn.Identity()))
            self.shared = self.left

        def forward(self, x):
            return self.right(self.left(x))

    return Tree()


@program
def text(torch):
    lists = torch.nn.ModuleList([torch.nn.Identity(), torch.nn.Identity(), scale(torch)])
    named = torch.nn.ModuleDict({"a": torch.nn.Identity(), "b": lists})
    parameters = torch.nn.ParameterList([torch.zeros(2, 3), torch.nn.Parameter(torch.ones(1))])
    mapping = torch.nn.ParameterDict({"w": torch.zeros(2)})
    return [repr(each) for each in (tree(torch), named, parameters, mapping, torch.nn.Module(), torch.nn.Sequential())]


@program
def parameter_text(torch):
    p = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    q = torch.nn.Parameter(torch.tensor([1.0]), requires_grad=False)
    return [repr(p), repr(q), p.requires_grad, p.is_leaf, type(p * 1).__name__, type(p.detach()).__name__, p]


@program
def members(torch):
    model = tree(torch)
    return {
        "parameters": [name for name, _ in model.named_parameters()],
        "all": [name for name, _ in model.named_parameters(remove_duplicate=False)],
        "buffers": [name for name, _ in model.named_buffers()],
        "modules": [name for name, _ in model.named_modules()],
        "prefixed": [name for name, _ in model.named_modules(prefix="net")],
        "children": [name for name, _ in model.named_children()],
        "own": [name for name, _ in model.named_parameters(recurse=False)],
        "get": [type(model.get_submodule("right.first")).__name__, model.get_parameter("left.factor"), model.get_buffer("left.calls")],
        "errors": [
            attempt(lambda: model.get_submodule("right.third")),
            attempt(lambda: model.get_parameter("left.calls")),
            attempt(lambda: model.get_buffer("left.factor")),
            attempt(lambda: model.nothing),
        ],
    }  # fmt: skip


@program
def registration_errors(torch):
    m = scale(torch)

    def assign(name, value):
        return attempt(lambda: setattr(m, name, value))

    class Early(torch.nn.Module):
        def __init__(self, value):
            self.x = value

    return [
        assign("factor", torch.zeros(2)), assign("factor", 3), assign("calls", 3), assign("calls", None),
        attempt(lambda: m.register_parameter("a.b", None)), attempt(lambda: m.register_parameter("", None)),
        attempt(lambda: m.register_parameter("forward", None)), attempt(lambda: m.register_parameter(3, None)),
        attempt(lambda: m.register_parameter("w", torch.zeros(1))),
        attempt(lambda: m.register_parameter("w", m.factor * 1)),
        attempt(lambda: m.register_buffer("b", 3)), attempt(lambda: m.register_buffer("b.c", None)),
        attempt(lambda: m.add_module("m", 3)), attempt(lambda: m.add_module("a.b", None)),
        attempt(lambda: m.add_module("", None)), attempt(lambda: Early(torch.nn.Parameter(torch.zeros(1)))),
        attempt(lambda: Early(torch.nn.Identity())), attempt(lambda: torch.nn.Module()(1)),
        attempt(lambda: torch.nn.Module(3)), attempt(lambda: torch.nn.Module(a=3)),
    ]  # fmt: skip


@program
def attributes_move_between_tables(torch):
    m = torch.nn.Module()
    m.x = 1
    m.x = torch.nn.Parameter(torch.ones(1))
    first = list(m._parameters), "x" in m.__dict__
    m.x = None
    second = list(m.named_parameters()), m.x
    del m.x
    m.x = torch.nn.Buffer(torch.ones(1), persistent=False)
    third = list(m._buffers), list(m.state_dict())
    m.x = torch.zeros(2)
    m.y = torch.nn.Identity()
    m.y = None
    return [first, second, third, m.x, list(m._modules), [n for n in dir(m) if n in ("x", "y")]]


@program
def state(torch):
    m = tree(torch)
    kept = m.state_dict(keep_vars=True)
    there = m.state_dict()
    return [list(there), there["left.factor"].requires_grad, kept["left.factor"].requires_grad, dict(there._metadata),
            list(m.right.state_dict(prefix="net."))]  # fmt: skip


@program
def loading(torch):
    m = tree(torch)
    given = OrderedDict((key, value * 0 + 7) for key, value in m.state_dict().items())
    answer = m.load_state_dict(given)
    return [repr(answer), m.left.factor, m.left.calls, m.left.factor.requires_grad]


@program
def loading_errors(torch):
    m = tree(torch)
    wrong = {"left.factor": torch.zeros(3), "left.calls": 5, "other": torch.zeros(1), "right.third.w": torch.zeros(1)}

    def whole_text():
        try:
            m.load_state_dict(wrong)
        except RuntimeError as error:
            return str(error)

    lenient = attempt(lambda: m.load_state_dict({"left.factor": torch.zeros(2), "x": torch.zeros(1)}, strict=False))
    return [whole_text(), lenient if isinstance(lenient, str) else repr(lenient), attempt(lambda: m.load_state_dict(3))]


@program
def loading_by_assignment(torch):
    m = scale(torch)
    new = torch.tensor([5.0, 6.0], dtype=torch.float64)
    m.load_state_dict({"factor": new, "calls": torch.tensor(3)}, assign=True)
    return [m.factor, type(m.factor).__name__, m.calls, m.factor.data_ptr() == new.data_ptr()]


@program
def extra_state_and_hooks_of_the_state(torch):
    seen = []

    class Counting(torch.nn.Module):
        count = 3

        def get_extra_state(self):
            return self.count

        def set_extra_state(self, state):
            self.count = state

    m = Counting()
    m.register_state_dict_pre_hook(lambda module, prefix, keep: seen.append(("pre", prefix, keep)))
    m.register_state_dict_post_hook(lambda module, state, prefix, local: seen.append(("post", list(state))))
    m.register_load_state_dict_pre_hook(lambda module, *args: seen.append(("load", len(args))))
    m.register_load_state_dict_post_hook(lambda module, keys: seen.append(("loaded", repr(keys))))
    found = m.state_dict()
    m.load_state_dict({"_extra_state": 9})
    return [
        dict(found),
        m.count,
        seen,
        attempt(lambda: m.load_state_dict({})),
        attempt(torch.nn.Module().get_extra_state)[:12],
    ]


@program
def training_mode(torch):
    m = tree(torch)
    before = m.training, m.left.training
    m.eval()
    after = m.training, m.right.first.training
    return [before, after, m.train().training, attempt(lambda: m.train("yes"))]


@program
def casting(torch):
    m = scale(torch)
    m.factor.grad = torch.ones(2)
    m.double()
    types = [str(m.factor.dtype), str(m.factor.grad.dtype), str(m.calls.dtype)]
    m.to(torch.float16)
    m.half().float()
    return [types, str(m.factor.dtype), attempt(lambda: m.to(torch.int64)), str(m.to("cpu").factor.dtype)]


@program
def gradients_are_dropped(torch):
    m = scale(torch)
    m(torch.ones(2)).sum().backward()
    kept = m.factor.grad
    m.zero_grad(set_to_none=False)
    zeroed = m.factor.grad
    m.zero_grad()
    m.requires_grad_(False)
    return [kept, zeroed, m.factor.grad, m.factor.requires_grad]


@program
def forward_hooks(torch):
    seen = []
    m = scale(torch)
    m.register_forward_pre_hook(lambda module, args: seen.append("pre"))
    m.register_forward_pre_hook(lambda module, args: (args[0] + 1,), prepend=True)
    m.register_forward_pre_hook(lambda module, args, kwargs: (args, {"power": 2}), with_kwargs=True)
    handle = m.register_forward_hook(lambda module, args, output: seen.append(args[0]))
    m.register_forward_hook(lambda module, args, kwargs, output: output * kwargs["power"], with_kwargs=True)
    first = m(torch.tensor([1.0, 2.0]))
    handle.remove()
    second = m(torch.tensor([1.0, 2.0]))
    m.register_forward_pre_hook(lambda module, args, kwargs: 3, with_kwargs=True)
    return [first, second, seen, attempt(lambda: m(torch.ones(2)))]


@program
def hooks_that_are_always_called(torch):
    seen = []
    m = torch.nn.Module()
    m.register_forward_hook(lambda module, args, output: seen.append("not"))
    m.register_forward_hook(lambda module, args, output: seen.append(output), always_call=True)
    return [attempt(lambda: m(1)), seen]


@program
def backward_hooks(torch):
    seen = []
    m = tree(torch)
    m.left.register_full_backward_hook(lambda module, gi, go: seen.append(("full", gi, go)))
    m.left.register_full_backward_pre_hook(lambda module, go: seen.append(("pre", go)))
    m.right.register_full_backward_pre_hook(lambda module, go: (go[0] * 10,))
    m.right.first.register_full_backward_hook(lambda module, gi, go: (gi[0] * 2,))
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = m(x)
    y.sum().backward()
    return [x.grad.tolist(), m.left.factor.grad.tolist(), seen, y.grad_fn.name()]


@program
def backward_hooks_without_gradients_of_inputs(torch):
    seen = []
    m = scale(torch)
    m.register_full_backward_hook(lambda module, gi, go: seen.append((gi, go[0].tolist())))
    m(torch.ones(2)).sum().backward()
    return [seen, attempt(lambda: m.register_backward_hook(print))]


@program
def old_backward_hooks(torch):
    seen = []
    m = scale(torch)
    m.register_backward_hook(lambda module, gi, go: seen.append(go[0].tolist()))
    m(torch.ones(2)).sum().backward()
    return [seen, attempt(lambda: m.register_full_backward_hook(print))]


@program
def hooks_everywhere(torch):
    hooks = torch.nn.modules.module
    seen = []
    handles = [
        hooks.register_module_forward_pre_hook(lambda m, args: seen.append(("pre", type(m).__name__))),
        hooks.register_module_forward_hook(lambda m, args, out: seen.append(("after", type(m).__name__))),
        hooks.register_module_parameter_registration_hook(lambda m, name, p: seen.append(("parameter", name))),
        hooks.register_module_module_registration_hook(lambda m, name, p: seen.append(("module", name))),
    ]
    try:
        tree(torch)(torch.ones(2))
    finally:
        for handle in handles:
            handle.remove()
    return seen


@program
def copies(torch):
    m = tree(torch)
    other = copy.deepcopy(m)
    with torch.no_grad():
        other.left.factor.mul_(10)
    shallow = copy.copy(m)
    return [m.left.factor, other.left.factor, other.shared is other.left, shallow.left is m.left,
            type(other.left.factor).__name__, other.left.factor.requires_grad]  # fmt: skip


@program
def sequences(torch):
    a, b, c = scale(torch, 1.0), scale(torch, 2.0), scale(torch, 3.0)
    s = torch.nn.Sequential(a, b)
    s.append(c)
    s.insert(0, torch.nn.Identity())
    picked = [len(s), s[1] is a, s[-1] is c, repr(s[1:3]), attempt(lambda: s[9]), attempt(lambda: s.insert(9, a))]
    del s[0]
    s[0] = b
    joined = s + torch.nn.Sequential(a)
    return [*picked, repr(s), len(joined), len(s * 2), attempt(lambda: s + 3), attempt(lambda: s * 0)[:40], s.pop(1) is b,
            s(torch.ones(2)), [name for name, _ in s.named_parameters()]]  # fmt: skip


@program
def lists_and_dictionaries(torch):
    ms = torch.nn.ModuleList([scale(torch)])
    ms += [scale(torch, 5.0)]
    ms.insert(0, torch.nn.Identity())
    del ms[1]
    md = torch.nn.ModuleDict([("a", torch.nn.Identity())])
    md["b"] = scale(torch)
    md.update({"c": torch.nn.Identity()})
    ps = torch.nn.ParameterList([torch.zeros(1)])
    ps.append(torch.ones(2))
    pd = torch.nn.ParameterDict({"x": torch.zeros(1)})
    pd["y"] = torch.ones(1)
    return [
        len(ms), repr(ms), list(md), "b" in md, md.pop("a") is not None, list(md.keys()), attempt(lambda: md["zz"]),
        [name for name, _ in ps.named_parameters()], ps[-1], attempt(lambda: ps[5]), len(ps[:1]),
        sorted(name for name, _ in pd.named_parameters()), list(pd), pd.pop("x"), list(pd.items()),
        attempt(lambda: ms.extend(3)), attempt(lambda: md.update(3)), attempt(lambda: ps(1)),
    ]  # fmt: skip


@program
def applying(torch):
    seen = []
    tree(torch).apply(lambda module: seen.append(type(module).__name__))
    return seen


test_program = program.test()
