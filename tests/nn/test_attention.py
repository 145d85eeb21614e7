"""Attention and transformers as layers: shapes, masks, what evaluation does with padding, warnings and errors."""

import copy
import warnings

from tests.differential import Programs, attempt

program = Programs("nn_attention")


def sequence(torch, *shape):
    """Numbers of all sizes that are the same in both libraries."""
    count = 1
    for size in shape:
        count *= size
    return ((torch.arange(float(count)) * 0.37) % 2 - 1).reshape(shape)


def fill(torch, model):
    """Parameters that are the same in both libraries."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.3 * sequence(torch, *parameter.shape) + 0.05)
    return model


def rounded(tensor):
    """The values: which operation came last is each library's own affair."""
    return (tensor.detach() * 1e4).round().tolist()


@program
def attention_text_and_members(torch):
    kinds = [
        torch.nn.MultiheadAttention(4, 2),
        torch.nn.MultiheadAttention(4, 2, bias=False, add_bias_kv=True),
        torch.nn.MultiheadAttention(4, 2, kdim=3, vdim=5, add_zero_attn=True, batch_first=True, dropout=0.5),
    ]
    return [[repr(each), {name: list(p.shape) for name, p in each.named_parameters()}] for each in kinds] + [
        [each.head_dim, each.kdim, each.vdim, each.batch_first, each._qkv_same_embed_dim] for each in kinds
    ]


@program
def attention_results(torch):
    model = fill(torch, torch.nn.MultiheadAttention(4, 2, batch_first=True))
    x, y = sequence(torch, 2, 3, 4), sequence(torch, 2, 5, 4)
    hidden = torch.tensor([[False, False, False, True, True], [False, False, False, False, True]])
    causal = torch.nn.Transformer.generate_square_subsequent_mask(3)
    calls = [
        lambda: model(x, y, y),
        lambda: model(x, y, y, key_padding_mask=hidden, average_attn_weights=False),
        lambda: model(x, y, y, need_weights=False),
        lambda: model(x, x, x, attn_mask=causal, is_causal=True, need_weights=False),
        lambda: model(x, x, x, attn_mask=causal != 0),
        lambda: model(x[0], y[0], y[0]),
    ]
    return [[None if each is None else rounded(each) for each in call()] for call in calls]


@program
def attention_errors(torch):
    model = torch.nn.MultiheadAttention(4, 2)
    x = sequence(torch, 3, 1, 4)
    return [
        attempt(lambda: torch.nn.MultiheadAttention(4, 3)),
        attempt(lambda: torch.nn.MultiheadAttention(0, 1)),
        attempt(lambda: model(x, x, x, is_causal=True)),
        attempt(lambda: model(x[..., :3], x, x)),
        attempt(lambda: model(x[None], x, x)),
        attempt(lambda: model(x, x, x, attn_mask=torch.zeros(2, 2))),
    ]


@program
def mismatched_masks_warn(torch):
    layer = fill(torch, torch.nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0))
    encoder = torch.nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
    x = sequence(torch, 3, 2, 4)
    padding, mask = torch.zeros(2, 3, dtype=torch.bool), torch.zeros(3, 3)
    layer(x, mask, padding)
    encoder(x, mask, padding)
    layer.self_attn(x, x, x, padding, attn_mask=mask)


@program
def layers_text(torch):
    return [
        repr(torch.nn.Transformer(4, 2, 1, 2, 8)),
        repr(torch.nn.TransformerEncoderLayer(4, 2, 8, activation="gelu")),
        repr(torch.nn.TransformerDecoderLayer(4, 2, 8, activation=torch.nn.GELU(), bias=False)),
        [name for name, _ in torch.nn.Transformer(4, 2, 1, 1, 8).named_parameters()],
    ]


@program
def encoder_results(torch):
    seen = []
    for norm_first in (False, True):
        for activation in ("relu", "gelu", torch.tanh):
            layer = torch.nn.TransformerEncoderLayer(4, 2, 8, 0.0, activation, norm_first=norm_first)
            fill(torch, layer)
            x = sequence(torch, 3, 2, 4)
            out = layer(x, torch.nn.Transformer.generate_square_subsequent_mask(3))
            seen += [layer.activation_relu_or_gelu, rounded(out), rounded(layer.eval()(x))]
    return seen


@program
def evaluation_takes_padding_out(torch):
    norm = torch.nn.LayerNorm(4)
    layer = fill(torch, torch.nn.TransformerEncoderLayer(4, 2, 8, batch_first=True))
    x = sequence(torch, 2, 3, 4)
    at_the_end = torch.tensor([[False, False, True], [False, True, True]])
    elsewhere = torch.tensor([[False, False, False], [True, False, False]])
    seen = []
    for final in (None, norm):
        model = torch.nn.TransformerEncoder(layer, 2, final).eval()
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's, of what it takes the padding out with
            seen += [rounded(model(x, src_key_padding_mask=each)) for each in (at_the_end, elsewhere)]
        seen.append(rounded(model(x, src_key_padding_mask=at_the_end)))
    return seen


@program
def nested_tensor_warnings(torch):
    settings = [
        {"batch_first": True},
        {},
        {"batch_first": True, "norm_first": True},
        {"batch_first": True, "activation": torch.tanh},
        {"batch_first": True, "nhead": 1},
        {"batch_first": True, "bias": False},
    ]
    seen = []
    for each in settings:
        layer = torch.nn.TransformerEncoderLayer(**{"d_model": 4, "nhead": 2, "dim_feedforward": 8, **each})
        seen.append(torch.nn.TransformerEncoder(layer, 1).use_nested_tensor)
    layer.norm1.eps = 1.0
    seen.append(torch.nn.TransformerEncoder(layer, 1, enable_nested_tensor=False).use_nested_tensor)
    return seen


@program
def decoder_results(torch):
    layer = fill(torch, torch.nn.TransformerDecoderLayer(4, 2, 8, 0.0, batch_first=True))
    model = torch.nn.TransformerDecoder(layer, 2, torch.nn.LayerNorm(4))
    x, memory = sequence(torch, 2, 3, 4), sequence(torch, 2, 5, 4)
    mask = torch.nn.Transformer.generate_square_subsequent_mask(3)
    hidden = torch.tensor([[False] * 4 + [True]] * 2)
    return [
        rounded(model(x, memory)),
        rounded(model(x, memory, tgt_mask=mask)),
        rounded(model(x, memory, tgt_mask=mask, tgt_is_causal=True, memory_key_padding_mask=hidden)),
        len({id(each) for each in model.layers}),
    ]


@program
def transformer_results_and_gradients(torch):
    model = fill(torch, torch.nn.Transformer(4, 2, 1, 1, 8, 0.0, batch_first=True))
    x, y = sequence(torch, 2, 5, 4), sequence(torch, 2, 3, 4).requires_grad_()
    out = model(x, y, tgt_mask=model.generate_square_subsequent_mask(3))
    (out * sequence(torch, 2, 3, 4)).sum().backward()
    gradient = model.encoder.layers[0].linear1.weight.grad
    return [rounded(out), rounded(y.grad), rounded(gradient), rounded(copy.deepcopy(model)(x, y))]


@program
def first_values(torch):
    seen = []
    for make in (
        lambda: torch.nn.MultiheadAttention(4, 2, add_bias_kv=True),
        lambda: torch.nn.MultiheadAttention(4, 2, kdim=3),
        lambda: torch.nn.Transformer(4, 2, 1, 1, 8),
    ):
        torch.manual_seed(3)
        model = make()
        seen.append({name: float(p.detach().double().sum()) for name, p in model.named_parameters()})
    return [{name: round(value, 4) for name, value in each.items()} for each in seen]


@program
def transformer_errors(torch):
    model = torch.nn.Transformer(4, 2, 1, 1, 8)
    x = sequence(torch, 3, 2, 4)
    return [
        attempt(lambda: model(x, x[:, :1])),
        attempt(lambda: model(x[..., :2], x)),
        attempt(lambda: torch.nn.TransformerEncoderLayer(4, 2, activation="tanh")),
        model.generate_square_subsequent_mask(3),
        model.generate_square_subsequent_mask(2, dtype=torch.float64),
    ]


@program
def old_states(torch):
    layer = torch.nn.TransformerDecoderLayer(4, 2, 8)
    state = dict(vars(layer))
    del state["activation"]
    made = torch.nn.TransformerDecoderLayer.__new__(torch.nn.TransformerDecoderLayer)
    made.__setstate__(state)
    return made.activation is torch.nn.functional.relu


@program
def linear_cross_entropy(torch):
    loss = torch.nn.LinearCrossEntropyLoss(3, 4, out_features=(2,), bias=True, ignore_index=1)
    fill(torch, loss)
    x, target = sequence(torch, 2, 3), torch.tensor([[0, 1], [2, 3]])
    options = torch.nn.LinearCrossEntropyOptions
    plain = torch.nn.LinearCrossEntropyLoss(3, 4, options=options(batch_chunk_size=2))
    loss.options = options()
    return [
        rounded(loss(x, target)),
        repr(loss),
        repr(plain),
        [name for name, _ in loss.named_parameters()],
        attempt(lambda: torch.nn.LinearCrossEntropyLoss(3, 4, weight=torch.ones(3))),
        attempt(lambda: torch.nn.LinearCrossEntropyLoss(3, 4, label_smoothing=2.0)),
        attempt(lambda: options(acc_policy="fast")),
        attempt(lambda: options(chunking_method="aspect_ratio:0")),
        attempt(lambda: options(batch_chunk_size=0)),
        attempt(lambda: options(acc_dtype=torch.int64)),
    ]


@program
def adaptive_softmax(torch):
    model = fill(torch, torch.nn.AdaptiveLogSoftmaxWithLoss(4, 10, [2, 5], div_value=2.0))
    called = []
    for place, module in enumerate(model.tail):
        module.register_forward_hook(lambda *_, place=place: called.append(place))
    x = sequence(torch, 3, 4)
    seen = []
    for classes in ([0, 1, 0], [1, 2, 4], [9, 0, 3]):
        found = model(x, torch.tensor(classes))
        seen.append([rounded(found.output), rounded(found.loss), list(called)])
        called.clear()
    found = model(x[0], torch.tensor(7))
    return [
        *seen,
        rounded(found.output),
        model.predict(x).tolist(),
        attempt(lambda: model(x, torch.tensor([0, 1, 10]))),
        attempt(lambda: model(x, torch.tensor([0, 1]))),
        attempt(lambda: model(x, torch.tensor(1))),
        attempt(lambda: model(x[0], torch.tensor([1]))),
        attempt(lambda: model(x, torch.tensor([[1]]))),
    ]


@program
def one_process_and_one_device(torch):
    nn = torch.nn
    model = nn.Sequential(
        nn.Linear(2, 3), nn.BatchNorm1d(3, momentum=None), nn.Sequential(nn.BatchNorm1d(3, affine=False))
    )
    made = nn.SyncBatchNorm.convert_sync_batchnorm(model.eval())
    parallel = nn.DataParallel(nn.ReLU())
    return [
        repr(made),
        list(made.state_dict()),
        made[1].training,
        attempt(lambda: nn.SyncBatchNorm(2)(torch.ones(2))),
        attempt(lambda: nn.SyncBatchNorm(0)(torch.ones(2, 0))),
        nn.SyncBatchNorm(2)(torch.tensor([[1.0, 2.0], [3.0, 5.0]])).detach(),
        repr(parallel),
        parallel(torch.tensor([-1.0, 1.0])),
        repr(nn.Container(a=nn.Identity())),
    ]


test_program = program.test()
