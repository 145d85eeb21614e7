"""Recurrent layers: what they hold, say and refuse; sequences of several lengths, packed and padded."""

import copy
import pickle

from tests.differential import Programs, attempt

program = Programs("nn_recurrent")

KINDS = ("RNN", "LSTM", "GRU")
CELLS = ("RNNCell", "LSTMCell", "GRUCell")


def numbers(torch, *shape):
    """Numbers without a pattern, that need no generator."""
    count = 1
    for size in shape:
        count *= size
    return (torch.arange(1, count + 1, dtype=torch.float64) ** 1.3).sin().reshape(shape)


def made(torch, kind, *args, **kwargs):
    """A layer in double precision with known weights."""
    layer = getattr(torch.nn, kind)(*args, **kwargs).double()
    with torch.no_grad():
        for place, weight in enumerate(layer.parameters()):
            weight.copy_(numbers(torch, *weight.shape) * (0.5 + 0.1 * place))
    return layer


def rounded(value):
    """Numbers to be compared to single precision: the order of sums is each library's own."""
    if isinstance(value, (tuple, list)):
        return [rounded(each) for each in value]
    return {"type": "float32", "shape": list(value.shape), "values": value.detach().flatten().tolist()}


def observed(torch, layer, x, hx=None):
    """Results and gradients."""
    x = x.clone().requires_grad_()
    output, last = layer(x, hx)
    states = last if isinstance(last, tuple) else (last,)
    total = (output**2).sum() + sum((each**3).sum() for each in states)
    return rounded([output, *states, *torch.autograd.grad(total, [x, *layer.parameters()])])


@program
def text(torch):
    nn = torch.nn
    layers = [
        nn.RNN(3, 4), nn.RNN(3, 4, 2, "relu", False, True, 0.5, True), nn.RNN(3, 4, nonlinearity="relu"),
        nn.LSTM(3, 4, num_layers=2, dropout=0.25, proj_size=2), nn.LSTM(3, 4, batch_first=True, bias=False), nn.GRU(3, 4, 3),
        nn.RNNCell(3, 4), nn.RNNCell(3, 4, False, "relu"), nn.LSTMCell(3, 4, bias=False), nn.GRUCell(3, 4),
    ]  # fmt: skip
    return [repr(each) for each in layers]


@program
def parameters(torch):
    layers = [
        torch.nn.LSTM(3, 4, 2, bidirectional=True, proj_size=2), torch.nn.GRU(3, 4, 2, bias=False),
        torch.nn.RNN(3, 4, bidirectional=True), torch.nn.LSTMCell(3, 4), torch.nn.GRUCell(3, 4, bias=False),
    ]  # fmt: skip
    held = [[(name, list(each.shape)) for name, each in layer.named_parameters()] for layer in layers]
    lists = [[list(each.shape) for each in weights] for weights in layers[0].all_weights]
    return [held, lists, list(layers[4].state_dict()), layers[0].flatten_parameters()]


@program
def first_values(torch):
    torch.manual_seed(3)
    return [list(getattr(torch.nn, kind)(2, 3).parameters()) for kind in (*KINDS, *CELLS)]


@program
def results(torch):
    x = numbers(torch, 4, 2, 3)
    options = [{}, {"bias": False}, {"bidirectional": True, "num_layers": 2}, {"batch_first": True}]
    return [[observed(torch, made(torch, kind, 3, 2, **each), x) for each in options] for kind in KINDS]


@program
def results_with_states(torch):
    x, h, c = numbers(torch, 4, 2, 3), numbers(torch, 2, 2, 4), numbers(torch, 2, 2, 4) ** 2
    projected = made(torch, "LSTM", 3, 4, bidirectional=True, proj_size=2)
    return [
        observed(torch, made(torch, "RNN", 3, 4, 2, "relu"), x, h), observed(torch, made(torch, "GRU", 3, 4, 2), x, h),
        observed(torch, made(torch, "LSTM", 3, 4, 2), x, (h, c)), observed(torch, projected, x, (h[..., :2], c)),
    ]  # fmt: skip


@program
def one_sequence(torch):
    x, h = numbers(torch, 4, 3), numbers(torch, 1, 2)
    layers = [made(torch, kind, 3, 2, batch_first=first) for kind in KINDS for first in (False, True)]
    given = [(h, h) if each.mode == "LSTM" else h for each in layers]
    return [[observed(torch, layer, x), observed(torch, layer, x, hx)] for layer, hx in zip(layers, given, strict=True)]


@program
def packed_sequences(torch):
    rnn = torch.nn.utils.rnn
    x, h = numbers(torch, 4, 3, 3), numbers(torch, 4, 3, 2)
    found = []
    for kind in KINDS:
        for sorted_already, lengths in ((True, [4, 4, 1]), (False, [2, 4, 3])):
            layer = made(torch, kind, 3, 2, 2, bidirectional=True)
            packed = rnn.pack_padded_sequence(x, lengths, enforce_sorted=sorted_already)
            output, last = layer(packed, (h, h) if kind == "LSTM" else h)
            side_by_side, known = rnn.pad_packed_sequence(output, padding_value=-1.0)
            total = (side_by_side**2).sum() + sum((each**3).sum() for each in last)
            gradients = torch.autograd.grad(total, list(layer.parameters()))
            found.append([rounded([side_by_side, *last, *gradients]), known, output.batch_sizes])
    return found


@program
def second_derivatives(torch):
    found = []
    for kind in KINDS:
        layer, x = made(torch, kind, 2, 2), numbers(torch, 3, 1, 2).requires_grad_()
        output, _ = layer(x)
        leaves = [x, *layer.parameters()]
        first = torch.autograd.grad((output**2).sum(), leaves, create_graph=True)
        found.append(rounded(torch.autograd.grad(sum((each**2).sum() for each in first), leaves)))
    return found


@program
def dropout_between_layers(torch):
    torch.manual_seed(5)
    return [
        rounded(made(torch, kind, 3, 2, 3, dropout=0.4, bidirectional=True)(numbers(torch, 4, 2, 3))[0])
        for kind in KINDS
    ]


@program
def cells(torch):
    x, h, c = numbers(torch, 2, 3), numbers(torch, 2, 4), numbers(torch, 2, 4) ** 2
    found = []
    for kind in CELLS:
        cell = made(torch, kind, 3, 4)
        for batched in (True, False):
            given, state = (x, (h, c)) if batched else (x[0], (h[0], c[0]))
            hx = state if kind == "LSTMCell" else state[0]
            for result in (cell(given), cell(given, hx)):
                outs = result if isinstance(result, tuple) else (result,)
                total = sum((each**2).sum() for each in outs)
                found.append(rounded([*outs, *torch.autograd.grad(total, list(cell.parameters()))]))
    relu = made(torch, "RNNCell", 3, 4, nonlinearity="relu", bias=False)
    return [found, rounded(relu(x, h))]


@program
def functions_of_the_face(torch):
    x, h = numbers(torch, 3, 2, 2), numbers(torch, 1, 2, 3)
    layer, cell = made(torch, "LSTM", 2, 3), made(torch, "GRUCell", 2, 3)
    whole = torch.lstm(x, (h, h), list(layer.parameters()), True, 1, 0.0, False, False, False)
    packed = torch.lstm(
        x.reshape(6, 2), torch.tensor([2, 2, 2]), (h, h), list(layer.parameters()), True, 1, 0.0, False, False
    )
    return rounded([*whole, *packed, torch.gru_cell(x[0], h[0], *cell.parameters())])


@program
def refused_options(torch):
    nn = torch.nn
    return [
        attempt(lambda: nn.LSTM(3, 4, dropout=1.5)), attempt(lambda: nn.LSTM(3, 4, dropout=True)),
        attempt(lambda: nn.LSTM(3, 4, 1, 1)), attempt(lambda: nn.LSTM(3, 4, batch_first=1)), attempt(lambda: nn.LSTM(3.0, 4)),
        attempt(lambda: nn.LSTM(3, 4.0)), attempt(lambda: nn.LSTM(0, 4)), attempt(lambda: nn.LSTM(3, 0)),
        attempt(lambda: nn.LSTM(3, 4, 0)), attempt(lambda: nn.LSTM(3, 4, proj_size=-1)),
        attempt(lambda: nn.LSTM(3, 4, proj_size=4)), attempt(lambda: nn.GRU(3, 4, proj_size=2)),
        attempt(lambda: nn.RNN(3, 4, proj_size=2)), attempt(lambda: nn.RNN(3, 4, nonlinearity="sin")),
        attempt(lambda: nn.RNNBase("SUM", 3, 4)), repr(attempt(lambda: nn.GRU(3, 4, dropout=0.5))),
    ]  # fmt: skip


@program
def refused_operands(torch):
    zeros = torch.zeros

    def refused(kind):
        layer = getattr(torch.nn, kind)(3, 4)
        states = (lambda *s: (zeros(*s), zeros(*s))) if kind == "LSTM" else zeros
        return [
            attempt(lambda: layer(zeros(3))), attempt(lambda: layer(zeros(2, 2, 5))), attempt(lambda: layer(zeros(0, 2, 3))),
            attempt(lambda: layer(zeros(2, 2, 3, dtype=torch.float64))), attempt(lambda: layer(zeros(2, 2, 3), states(2, 4))),
            attempt(lambda: layer(zeros(2, 3), states(1, 1, 4))), attempt(lambda: layer(zeros(2, 2, 3), states(1, 3, 4))),
            attempt(lambda: layer(zeros(2, 2, 3), states(1, 2, 5))),
        ]  # fmt: skip

    layer = torch.nn.LSTM(3, 4)
    return [
        [refused(kind) for kind in KINDS],
        attempt(lambda: layer(zeros(2, 2, 3), (zeros(1, 2, 4), zeros(1, 2, 3)))),
    ]


@program
def refused_operands_of_cells(torch):
    zeros = torch.zeros

    def refused(kind):
        cell = getattr(torch.nn, kind)(3, 4)
        states = (lambda *s: (zeros(*s), zeros(*s))) if kind == "LSTMCell" else zeros
        return [
            attempt(lambda: cell(zeros(1, 2, 3))), attempt(lambda: cell(zeros(2, 5))),
            attempt(lambda: cell(zeros(2, 3), states(1, 2, 4))), attempt(lambda: cell(zeros(2, 3), states(3, 4))),
            attempt(lambda: cell(zeros(2, 3), states(2, 5))),
        ]  # fmt: skip

    unknown = torch.nn.RNNCell(3, 4, nonlinearity="sin")
    return [
        [refused(kind) for kind in CELLS],
        attempt(lambda: unknown(zeros(2, 3))),
        attempt(lambda: torch.lstm(zeros(2, 2, 3), (zeros(1, 2, 4),), [], True, 1, 0.0, True, False, False)),
    ]


@program
def copies_and_pickles(torch):
    layer, x = made(torch, "GRU", 3, 2, 2), numbers(torch, 4, 2, 3)
    copied, restored = copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))
    with torch.no_grad():
        layer.weight_ih_l0.zero_()
    other = torch.func.functional_call(layer, dict(copied.named_parameters()), (x,))
    old = made(torch, "LSTM", 3, 2)
    state = {**old.__getstate__(), "all_weights": [[1, 2]]} if hasattr(old, "__getstate__") else {}
    state.pop("proj_size", None)
    old.__setstate__(state)
    return [rounded(each(x)[0]) for each in (layer, copied, restored)], rounded(other[0]), repr(old), rounded(old(x)[0])


@program
def packing(torch):
    rnn = torch.nn.utils.rnn
    x = torch.arange(12.0).reshape(3, 2, 2)
    unsorted = rnn.pack_sequence(
        [torch.tensor([1, 2]), torch.tensor([3, 4, 5]), torch.tensor([6])], enforce_sorted=False
    )
    return [
        list(rnn.pack_padded_sequence(x, [3, 1])), list(rnn.pack_padded_sequence(x, torch.tensor([3, 2]), batch_first=False)),
        list(rnn.pack_padded_sequence(x.transpose(0, 1), [3, 3], batch_first=True)), repr(unsorted),
        list(rnn.pad_packed_sequence(unsorted)),
        list(rnn.pad_packed_sequence(unsorted, batch_first=True, padding_value=9, total_length=5)),
        rnn.unpack_sequence(unsorted), rnn.invert_permutation(torch.tensor([1, 2, 0])), rnn.invert_permutation(None),
    ]  # fmt: skip


@program
def packed_sequences_as_tuples(torch):
    rnn = torch.nn.utils.rnn
    packed = rnn.pack_sequence([torch.tensor([1.0, 2.0]), torch.tensor([3.0])])
    pair = rnn.PackedSequence((packed.data, packed.batch_sizes))
    casts = [
        getattr(packed, name)().data for name in ("double", "float", "half", "long", "int", "short", "char", "byte")
    ]
    return [
        len(packed), isinstance(packed, tuple), packed.to(torch.float32) is packed, repr(packed.to(torch.int64)), casts,
        packed.is_cuda, packed.is_pinned(), attempt(packed.pin_memory), repr(pair), attempt(lambda: rnn.PackedSequence(packed.data)),
    ]  # fmt: skip


@program
def padding(torch):
    rnn = torch.nn.utils.rnn
    given = [torch.ones(1, 2), torch.ones(3, 2) * 2, torch.ones(2, 2) * 3]
    mixed = [torch.tensor([1, 2]), torch.tensor([2.5])]
    side_by_side = rnn.pad_sequence(given)
    lengths = torch.tensor([1, 3, 2])
    found = [
        side_by_side, rnn.pad_sequence(given, True), rnn.pad_sequence(given, True, -1.0, "left"), rnn.pad_sequence(mixed),
        rnn.pad_sequence(torch.arange(6).reshape(2, 3)), rnn.unpad_sequence(side_by_side.clone(), lengths),
        rnn.unpad_sequence(side_by_side.transpose(0, 1), lengths, batch_first=True),
    ]  # fmt: skip
    return [each.clone() if hasattr(each, "clone") else [part.clone() for part in each] for each in found]


@program
def gradients_of_packing(torch):
    rnn = torch.nn.utils.rnn
    x = torch.arange(6.0, dtype=torch.float64).reshape(3, 2).requires_grad_()
    packed = rnn.pack_padded_sequence(x, [1, 3], enforce_sorted=False)
    y, _ = rnn.pad_packed_sequence(packed, padding_value=2.0)
    a, b = (torch.arange(float(n), dtype=torch.float64).requires_grad_() for n in (2, 3))
    z = rnn.pad_sequence([a, b], padding_value=5.0, padding_side="left")
    weights = torch.arange(1.0, 7.0, dtype=torch.float64).reshape(3, 2)
    gradients = torch.autograd.grad((y**2 * weights).sum() + (z**2 * weights).sum(), [x, a, b])
    return [each.detach().clone() for each in (y, z, *gradients)]


@program
def refused_packing(torch):
    rnn = torch.nn.utils.rnn
    zeros = torch.zeros
    packed = rnn.pack_padded_sequence(zeros(3, 2), [3, 2])
    return [
        attempt(lambda: rnn.pack_padded_sequence(zeros(3, 2), [1, 2])), attempt(lambda: rnn.pack_padded_sequence(zeros(3, 2), [3, 0])),
        attempt(lambda: rnn.pack_padded_sequence(zeros(3, 2), [3, 2, 1])), attempt(lambda: rnn.pack_padded_sequence(zeros(3), [3])),
        attempt(lambda: rnn.pack_padded_sequence(zeros(0, 2), [0, 0])),
        attempt(lambda: rnn.pack_padded_sequence(zeros(3, 2), [[3, 2]])),
        attempt(lambda: rnn.pad_packed_sequence(packed, total_length=2)), attempt(lambda: rnn.pad_sequence([])),
        attempt(lambda: rnn.pad_sequence(3)), attempt(lambda: rnn.pad_sequence([zeros(2)], padding_side="top")),
        attempt(lambda: rnn.pad_sequence([zeros(2, 2), zeros(2, 3)])),
        attempt(lambda: rnn.pack_sequence([zeros(2), zeros(3)])),
    ]  # fmt: skip


test_program = program.test()
