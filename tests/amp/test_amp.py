"""Mixed precision where it is switched off, and scaled gradients."""

import math
import pickle

from tests.differential import Programs, attempt

program = Programs("amp")

KINDS = [
    "cpu",
    "cuda",
    "ipu",
    "xpu",
    "opengl",
    "opencl",
    "ideep",
    "ve",
    "fpga",
    "maia",
    "xla",
    "lazy",
    "vulkan",
    "mps",
    "meta",
    "hpu",
    "mtia",
    "privateuseone",
    "nonsense",
]


@program
def kinds_of_devices(torch):
    questions = (torch.amp.is_autocast_available, torch.get_autocast_dtype, torch.is_autocast_enabled)
    return [[str(attempt(lambda ask=ask, kind=kind: ask(kind))) for ask in questions] for kind in KINDS]


@program
def blocks_that_change_nothing(torch):
    x = torch.ones(2, 2, requires_grad=True)
    with torch.autocast("cpu", enabled=False), torch.autocast(device_type="cuda", dtype=torch.bfloat16):
        inside = torch.is_autocast_enabled("cpu"), torch.is_autocast_enabled(), str(torch.get_autocast_dtype("cuda"))
        (x @ x).sum().backward()
    return inside, str(torch.get_autocast_dtype("cuda")), x.grad.tolist()


@program
def a_type_that_autocast_lacks(torch):
    with torch.autocast("cpu", dtype=torch.float32):
        return torch.is_autocast_enabled("cpu"), str(torch.get_autocast_dtype("cpu"))


@program
def the_cache_and_the_nesting(torch):
    with torch.autocast("cpu", enabled=False, cache_enabled=False):
        inside = torch.is_autocast_cache_enabled()
    counts = torch.autocast_increment_nesting(), torch.autocast_decrement_nesting()
    return inside, torch.is_autocast_cache_enabled(), counts, torch.clear_autocast_cache()


@program
def a_decorated_function(torch):
    @torch.autocast("cpu", enabled=False)
    def double(x):
        """Twice x."""
        return 2 * x

    return double(torch.ones(2)), double.__name__, attempt(lambda: torch.autocast("cpu", enabled=False)(3))


@program
def what_autocast_refuses(torch):
    return [attempt(lambda kind=kind: torch.autocast(kind)) for kind in (3, "meta", "nonsense")]


@program
def another_device_may_be_switched_on(torch):
    with torch.autocast("xpu"):
        return torch.is_autocast_enabled("xpu"), torch.is_autocast_enabled("cpu"), torch.ones(2) @ torch.ones(2)


def seeded(torch):
    torch.manual_seed(0)
    return torch.randn(3, 3), torch.randn(3, 3).bfloat16(), torch.randn(3)


@program
def types_of_products(torch):
    a, b, v = seeded(torch)
    F = torch.nn.functional
    with torch.autocast("cpu", dtype=torch.bfloat16):
        results = a @ b, a @ a, torch.mm(b, b), F.linear(a, b, v), torch.bmm(a[None], b[None]), torch.addmm(v, a, b)
        kept = a.double() @ a.double(), a.mv(v), a + b, a * 2, torch.outer(v, v)
    return results, [str(each.dtype) for each in kept]


@program
def types_of_losses(torch):
    a, b, _ = seeded(torch)
    F = torch.nn.functional
    with torch.autocast("cpu", dtype=torch.bfloat16):
        losses = (
            F.mse_loss(b, a),
            F.l1_loss(b, b),
            F.cross_entropy(b, torch.tensor([0, 1, 2])),
            F.kl_div(b, b.abs(), reduction="sum"),
        )
        others = b.prod(), torch.cdist(b, b), torch.cat([a, b]).dtype, torch.stack([b, b]).dtype, b.softmax(-1).dtype
        pairs = torch.index_copy(a, 0, torch.tensor([0]), b[:1]), F.cosine_embedding_loss(b, b, torch.ones(3))
    return losses, others[:2], [str(each) for each in others[2:]], pairs


@program
def layers(torch):
    torch.manual_seed(0)
    x = torch.randn(4, 2, 8)
    nn = torch.nn
    made = (
        nn.Linear(8, 4), nn.Conv1d(2, 2, 3), nn.LSTM(8, 4), nn.GRU(8, 4), nn.RNN(8, 4), nn.LayerNorm(8), nn.BatchNorm1d(2),
        nn.TransformerEncoderLayer(8, 2, 8), nn.Embedding(3, 2), nn.GroupNorm(1, 2),
    )  # fmt: skip
    kinds = []
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for layer in made:
            for given in (x, x.bfloat16()) if not isinstance(layer, nn.Embedding) else (torch.tensor([0]),):
                result = layer(given)
                kinds.append(str((result[0] if isinstance(result, tuple) else result).dtype))
    return kinds


@program
def gradients_keep_the_types_of_the_leaves(torch):
    a, b, _ = seeded(torch)
    a.requires_grad_()
    b.requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = (a @ b).float().sum()
    loss.backward()
    return str(a.grad.dtype), str(b.grad.dtype), a.grad


@program
def blocks_nest(torch):
    a, _, _ = seeded(torch)
    kinds = []
    with torch.autocast("cpu", dtype=torch.float16):
        kinds.append((a @ a).dtype)
        with torch.autocast("cpu", enabled=False):
            kinds += [(a @ a).dtype, torch.is_autocast_enabled("cpu")]
            with torch.autocast("cpu"):
                kinds += [(a @ a).dtype, torch.get_autocast_dtype("cpu")]
        kinds += [(a @ a).dtype, torch.is_autocast_enabled("cpu")]
    return [str(each) for each in (*kinds, (a @ a).dtype)]


@program
def the_state_without_a_block(torch):
    a, _, _ = seeded(torch)
    torch.set_autocast_enabled("cpu", True)
    try:
        first = (a @ a).dtype
        torch.set_autocast_dtype("cpu", torch.float16)
        second = (a @ a).dtype
    finally:
        torch.set_autocast_dtype("cpu", torch.bfloat16)
        torch.set_autocast_enabled("cpu", False)
    return str(first), str(second), str((a @ a).dtype)


@program
def a_function_inside(torch):
    @torch.autocast("cpu")
    def product(a):
        return a @ a

    return product(seeded(torch)[0])


@program
def a_checkpoint_computes_as_before(torch):
    a, b, _ = seeded(torch)

    def gradient(call, **options):
        leaf = a.clone().requires_grad_()
        with torch.autocast("cpu"):
            y = call(lambda x: (x @ b).tanh(), leaf, **options)
        y.float().sum().backward()
        return leaf.grad

    plain = gradient(lambda function, leaf: function(leaf))
    again = [gradient(torch.utils.checkpoint.checkpoint, use_reentrant=reentrant) for reentrant in (False, True)]
    return [torch.equal(plain, each) for each in again], str(plain.dtype)


@program
def custom_functions_on_the_cpu(torch):
    seen = []

    class Product(torch.autograd.Function):
        @staticmethod
        @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
        def forward(ctx, x):
            ctx.save_for_backward(x)
            seen.append(torch.is_autocast_enabled("cpu"))
            return x @ x

        @staticmethod
        @torch.amp.custom_bwd(device_type="cpu")
        def backward(ctx, g):
            seen.append(torch.is_autocast_enabled("cpu"))
            (x,) = ctx.saved_tensors
            return g @ x.mT + x.mT @ g

    x = seeded(torch)[1].requires_grad_()
    with torch.autocast("cpu"):
        y = Product.apply(x)
    y.sum().backward()
    return str(y.dtype), seen, str(x.grad.dtype)


@program
def a_scaler_beside_autocast(torch):
    torch.manual_seed(0)
    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    with torch.autocast("cpu"):
        loss = torch.nn.functional.mse_loss(model(torch.ones(2, 4)), torch.zeros(2, 1))
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    return str(loss.dtype), scaler.get_scale(), str(model.weight.grad.dtype)


@program
def custom_functions(torch):
    class Double(torch.autograd.Function):
        @staticmethod
        @torch.amp.custom_fwd(device_type="xpu", cast_inputs=torch.float32)
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        @torch.amp.custom_bwd(device_type="xpu")
        def backward(ctx, g):
            return 2 * g

    x = torch.ones(2, requires_grad=True)
    Double.apply(x).sum().backward()
    with torch.autocast("xpu"):
        Double.apply(x).sum().backward()
    return (
        x.grad,
        attempt(lambda: torch.amp.custom_fwd(device_type=3)),
        attempt(lambda: torch.amp.custom_bwd(device_type=3)),
    )


@program
def cuda_that_is_not_there(torch):
    cuda = torch.cuda
    answers = cuda.is_available(), cuda.device_count(), cuda.is_initialized(), cuda.is_bf16_supported()
    silent = cuda.manual_seed(0), cuda.manual_seed_all(0), cuda.empty_cache()
    return answers, silent, attempt(cuda.current_device), attempt(cuda.synchronize), cuda.memory_allocated()


@program
def earlier_names(torch):
    with torch.cuda.amp.autocast(enabled=False):
        return torch.cuda.amp.GradScaler(enabled=False).is_enabled()


def model(torch):
    w = torch.tensor([1.0, -2.0], requires_grad=True)
    return w, torch.optim.SGD([w], lr=0.125)


@program
def a_scaler_for_cuda_switches_itself_off(torch):
    w, optimizer = model(torch)
    scaler = torch.amp.GradScaler()
    loss = (w * w).sum()
    same = scaler.scale(loss) is loss
    loss.backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    return same, w, scaler.is_enabled(), scaler.get_scale(), scaler.state_dict()


@program
def a_scaler_grows_and_backs_off(torch):
    w, optimizer = model(torch)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=2, growth_factor=4.0)
    seen = []
    for found in (None, None, math.inf, None, math.nan, None, None):
        optimizer.zero_grad()
        scaler.scale(w.sum()).backward()
        if found is not None:
            w.grad[1] = found
        scaler.step(optimizer)
        scaler.update()
        seen.append((w.tolist(), scaler.state_dict()))
    return seen


@program
def gradients_are_clipped_between(torch):
    w, optimizer = model(torch)
    scaler = torch.amp.GradScaler("cpu")
    scaler.scale((w * w).sum()).backward()
    scaler.unscale_(optimizer)
    norm = torch.nn.utils.clip_grad_norm_([w], 1.0)
    again = attempt(lambda: scaler.unscale_(optimizer))
    scaler.step(optimizer)
    late = attempt(lambda: scaler.unscale_(optimizer)), attempt(lambda: scaler.step(optimizer))
    scaler.update(4.0)
    return norm, again, late, w, scaler.get_scale()


@program
def what_a_scaler_refuses(torch):
    w, optimizer = model(torch)
    scaler = torch.amp.GradScaler("cpu")
    errors = [attempt(lambda: scaler.step(optimizer)), attempt(scaler.update), attempt(lambda: scaler.scale(3))]
    errors.append(attempt(lambda: torch.amp.GradScaler("cpu", growth_factor=1.0)))
    errors.append(attempt(lambda: torch.amp.GradScaler("cpu", backoff_factor=1.0)))
    scaled = scaler.scale([torch.ones(2), (torch.ones(1),)])
    errors.append(attempt(lambda: scaler.step(optimizer)))
    errors.append(attempt(lambda: scaler.step(optimizer, closure=lambda: w.sum())))
    errors.append(attempt(lambda: scaler.load_state_dict({})))
    return errors, scaled


@program
def the_state_of_a_scaler(torch):
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
    scaler.set_growth_factor(3.0)
    scaler.set_backoff_factor(0.25)
    scaler.set_growth_interval(7)
    other = torch.amp.GradScaler("cpu")
    other.load_state_dict(scaler.state_dict())
    copy = pickle.loads(pickle.dumps(other))
    return copy.state_dict(), copy.get_growth_factor(), copy.get_backoff_factor(), copy.get_growth_interval()


test_program = program.test()
