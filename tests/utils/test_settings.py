"""What programs set and ask on the way: backends, precision, determinism, devices that are not there."""

import warnings

from tests.differential import Programs, attempt

program = Programs("settings")


@program
def switches_of_backends(torch):
    backends = torch.backends
    before = backends.cudnn.benchmark, backends.cudnn.deterministic, backends.cudnn.enabled, backends.cudnn.allow_tf32
    backends.cudnn.benchmark = True
    with backends.cudnn.flags(enabled=False, benchmark=False):
        inside = backends.cudnn.enabled, backends.cudnn.benchmark
    after = backends.cudnn.enabled, backends.cudnn.benchmark
    backends.cudnn.benchmark = False
    tf32 = backends.cuda.matmul.allow_tf32
    backends.cuda.matmul.allow_tf32 = True
    backends.cuda.matmul.allow_tf32 = tf32
    gone = backends.cudnn.is_available(), backends.mps.is_available(), backends.mps.is_built(), backends.cuda.is_built()
    return before, inside, after, tf32, gone, backends.mkldnn.enabled, backends.cuda.math_sdp_enabled()


@program
def determinism(torch):
    seen = []
    for mode in (0, 1, 2, "warn", "error", "default"):
        torch.set_deterministic_debug_mode(mode)
        seen.append((torch.get_deterministic_debug_mode(), torch.are_deterministic_algorithms_enabled()))
    torch.use_deterministic_algorithms(True, warn_only=True)
    seen.append(torch.is_deterministic_algorithms_warn_only_enabled())
    torch.use_deterministic_algorithms(False)
    refused = [attempt(lambda mode=mode: torch.set_deterministic_debug_mode(mode)) for mode in (7, "x", 1.5)]
    return seen, refused, torch.get_deterministic_debug_mode()


@program
def precision(torch):
    seen = [torch.get_float32_matmul_precision()]
    for each in ("high", "medium", "highest"):
        torch.set_float32_matmul_precision(each)
        seen.append(torch.get_float32_matmul_precision())
    return seen


@program
def defaults(torch):
    seen = [str(torch.get_default_device()), torch.set_default_device("cpu"), torch.set_default_device(None)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch says once that there is a newer way
        for kind in (torch.DoubleTensor, "torch.FloatTensor"):
            torch.set_default_tensor_type(kind)
            seen.append(str(torch.tensor(1.0).dtype))
        refused = [attempt(lambda kind=kind: torch.set_default_tensor_type(kind)) for kind in (torch.IntTensor, int)]
    return seen, refused


@program
def devices(torch):
    kinds = torch.accelerator, torch.xpu, torch.mps, torch.cpu, torch.cuda
    answers = [(kind.is_available(), kind.device_count()) for kind in kinds]
    refused = [torch.accelerator.synchronize, torch.cuda.get_device_properties, torch.cuda.mem_get_info]
    return (
        answers, [attempt(call) for call in refused], torch.accelerator.current_accelerator(), torch.cpu.current_device(),
        torch.cuda.memory_reserved(), torch.cuda.get_rng_state_all(), torch.version.cuda, torch.cpu.synchronize(),
        torch.get_device_module("cpu") is torch.cpu,
    )  # fmt: skip


@program
def earlier_names_for_the_cpu(torch):
    with torch.cpu.amp.autocast():
        inside = torch.is_autocast_cpu_enabled(), str((torch.ones(2, 2) @ torch.ones(2, 2)).dtype)
    return inside, str(torch.get_autocast_cpu_dtype()), torch.cpu.amp.GradScaler(enabled=False).is_enabled()


@program
def methods_of_old(torch):
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    filled = [torch.ones(4, 2).fill_diagonal_(2, wrap=wrap) for wrap in (False, True)]
    refused = [attempt(lambda shape=shape: torch.ones(shape).fill_diagonal_(1)) for shape in ((2,), (2, 3, 3))]
    mapped = x.clone().apply_(lambda number: -number), x.clone().map_(torch.ones(2), lambda a, b: a + b)
    made = x.new([1, 2]), list(x.new(2, 3).shape), type(x.as_subclass(torch.nn.Parameter)).__name__, x.to_dense()
    asked = x.is_same_size(x.mT), x[0, 0].is_nonzero(), x.is_pinned(), x.is_nested, attempt(x.is_nonzero)
    return filled, refused, mapped, made, asked, attempt(x.pin_memory), torch.zeros(3, 3, 3).fill_diagonal_(1).sum()


@program
def functions_in_place(torch):
    x = torch.tensor([-1.0, 4.0])
    same = torch.abs_(x) is x, torch.sqrt_(x) is x
    return same, x, torch.clamp_(torch.tensor([3.0]), max=2.0), torch.nan_to_num_(torch.tensor([float("nan")]))


@program
def layers_by_their_files(torch):
    modules = torch.nn.modules
    kinds = modules.Linear, modules.conv.Conv2d, modules.batchnorm._BatchNorm, modules.loss._Loss
    attention = torch.nn.attention
    with attention.sdpa_kernel([attention.SDPBackend.MATH]):
        result = torch.nn.functional.scaled_dot_product_attention(*torch.ones(3, 1, 1))
    refused = attempt(lambda: torch.nn.parallel.data_parallel(torch.nn.ReLU(), torch.ones(1)))
    return [each.__name__ for each in kinds], result, refused, isinstance(torch.nn.BatchNorm2d(1), kinds[2])


test_program = program.test()
