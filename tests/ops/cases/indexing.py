"""What stands between the brackets: read, written, and the errors of both."""

CASES = """
x[0]
x[-1]
x[0, 1]
x[0][1]
x[-1, -2]
x[:]
x[...]
x[()]
x[None]
x[:, None]
x[..., None]
x[None, ..., None]
x[0:1]
x[:, 1:]
x[:, ::2]
x[:, -2:]
x[:, 5:]
x[1:1]
x[0:9, -9:2]
x[..., 0]
x[0, ...]
x[..., 1:, None]
x[1, None, 1:]
x[:, 2:1]
x[np.int64(1)]
x[n - 4]
x[torch.tensor(1)]
x[torch.tensor(1), 0]
x[0, torch.tensor(1, dtype=torch.int32)]
x[slice(0, 1), slice(1, None)]
x[:, torch.tensor(0):torch.tensor(2)]
s[...]
s[None]
s[()]
cube[0, :, 1]
cube[:, 0, 1:3]
cube[..., 1]
cube[1, ..., 2]
cube[:, None, 0]
turned[0]
turned[:, 1:]
x[[0, 1]]
x[[1, 1, 0]]
x[[0, 1], [2, 0]]
x[[[0, 1], [1, 2]]]
x[[slice(0, 1), 1]]
x[[torch.tensor([0, 1]), torch.tensor([1, 1])]]
x[np.array([[0, 1], [1, 0]])]
x[:, [2, 0]]
x[[0], :]
x[[-1, 0]]
x[torch.tensor([1, 0])]
x[torch.tensor([[0, 1], [1, 1]])]
x[torch.tensor([0, 1]), torch.tensor([1, 2])]
x[torch.tensor([[0], [1]]), torch.tensor([0, 2])]
x[:, ix]
x[1, ix]
x[ix[:2], 1]
x[None, [0, 1]]
x[..., ix]
x[torch.tensor([], dtype=torch.int64)]
x[[]]
x[torch.tensor([1, 0], dtype=torch.int32)]
x[torch.tensor([1, 0], dtype=torch.uint8)]
x[np.array([1, 0])]
x[np.array([True, False])]
x[range(2)]
x[(0, 1)]
x[[True, False]]
x[k]
x[x > 0]
x[kv]
x[:, kv]
x[torch.tensor([True, False])]
x[torch.tensor([True, False]), 1]
x[torch.tensor([True, False]), 1:]
x[[0, 1], kv[:2].nonzero()[:, 0][:1]]
x[True]
x[False]
x[None, True]
x[torch.tensor(True)]
x[torch.tensor(False)]
x[k, None]
x[..., kv]
s[True]
s[torch.tensor(False)]
cube[[0, 1], :, [1, 2]]
cube[:, [0, 1], [1, 2]]
cube[[0, 1], [1, 2]]
cube[[0, 1], None, [1, 2]]
cube[0, :, [1, 2]]
cube[:, 0, [1, 2]]
cube[[1, 0], 0]
cube[[0], [[0], [1]], [1, 2]]
cube[cube > 5]
cube[:, torch.tensor([True, False, True])]
cube[torch.tensor([[True, False, True], [False, True, False]])]
cube[torch.tensor([[True, False, True], [False, True, False]]), 1]
cube[..., [0, 3]]
cube[:, :, None, [0, 3]]
cube[0, ..., [0, 3]]
cube[1:, [0, 2], 1:3]
turned[[1, 0]]
i[k]
i[[0, 1], [1, 2]]
k[k]
z[k]
h[:, ix]
bf[k]
d[ix[:2]]
e[[]]
x[ix[:2]].sum(0) * v
x[[0, 0, 1]].sum()
x[k].sum() + x[0].sum()
x[0] * x[1]
v[[0, 0, 0]] * v
# written
q = x.clone(); q[0] = 1; q
q = x.clone(); q[0] = y[1]; q
q = x.clone(); q[:, 1] = 2.5; q
q = x.clone(); q[:, 1] = col[:, 0]; q
q = x.clone(); q[0, 1] = s; q
q = x.clone(); q[0, 1] = 7; q
q = x.clone(); q[:] = v; q
q = x.clone(); q[...] = 0; q
q = x.clone(); q[1:] = y[:1]; q
q = x.clone(); q[:, ::2] = y[:, 1:]; q
q = x.clone(); q[None] = y; q
q = x.clone(); q[k] = 0; q
q = x.clone(); q[k] = s; q
q = x.clone(); q[q > 0] = -1.0; q
q = x.clone(); q[k] = v; q
q = x.clone(); q[kv[:2]] = 3.0; q
q = x.clone(); q[:, kv] = col; q
q = x.clone(); q[[1, 0]] = y; q
q = x.clone(); q[[0, 1], [2, 0]] = v[:2]; q
q = x.clone(); q[[0, 1], [2, 0]] = 5; q
q = x.clone(); q[:, [0, 2]] = y[:, :2]; q
q = x.clone(); q[[0, 0]] = 4; q
q = x.clone(); q[ix[:2]] += 1; q
q = x.clone(); q[0] += v; q
q = x.clone(); q[k] *= 2; q
q = x.clone(); q[0, [1, 2]] = v[1:]; q
q = x.detach().clone(); q[True] = 1; q
q = x.detach().clone(); q[torch.tensor(True)] = v.detach(); q
q = x.detach().clone(); q[False] = 1; q
q = x.clone(); q[0] = [1.0, 2.0, 3.0]; q
q = x.clone(); q[0] = np.array([1.0, 2.0, 3.0]); q
q = x.clone(); q[0] = i[0]; q
q = x.clone(); q[0] = d[0]; q
q = x.clone(); q[0] = True; q
q = i.clone(); q[0] = 2.7; q
q = i.clone(); q[0] = x[0]; q
q = i.clone(); q[k] = 9; q
q = k.clone(); q[0] = 1; q
q = k.clone(); q[k2] = False; q
q = z.clone(); q[0] = 1j; q
q = z.clone(); q[0] = x[0]; q
q = h.clone(); q[0] = 0.1; q
q = bf.clone(); q[:, 0] = 0.1; q
q = s.clone(); q[...] = 4; q
q = s.clone(); q[()] = v[0]; q
q = cube.clone(); q[0, :, 1] = 7; q
q = cube.clone(); q[:, [0, 2], 1:3] = x[:, :2, None]; q
q = cube.clone(); q[[0, 1], :, [1, 2]] = x[:, :3]; q
q = e.clone(); q[:] = 1; q
q = x.clone(); r = q[0]; r[1] = 9; q
q = x.clone(); r = q.t(); r[0] = y[:, 0]; q
q = x * y; q[0] = v; q * q
q = x * y; q[:, 1] = q[:, 0] * 2; q
q = x.clone(); q[0] = q[1]; q
q = x.clone(); q[:, 1:] = q[:, :2].clone(); q
q = torch.zeros(2, 3); q[0] = v; q
q = torch.zeros(2, 3); q[k] = x[k]; q
q = torch.zeros(4); q[ix] = v; q
q = torch.zeros(2, 2, 3); q[:, 0] = x; q[:, 1] = y * 2; q
# errors of reading
x[2]
x[0, 3]
x[-3]
x[0, 0, 0]
x[5, 0]
s[0]
s[0:1]
x[1.0]
x["a"]
x[:, ::-1]
x[::0]
x[[2, 0]]
x[:, [0, 3]]
x[torch.tensor([0, -3])]
x[[0, 1], [0, 1, 2]]
x[torch.tensor([True, False, True])]
x[:, torch.tensor([True, False])]
x[torch.tensor([0.5])]
x[k.t()]
x[{}]
x[0, None, 0, 0]
x[torch.tensor([[True, False], [False, True]])]
x[:1.5]
x[1j]
# errors of writing
q = x.clone(); q[0] = torch.zeros(4); q
q = x.clone(); q[0, 1] = v; q
q = x.clone(); q[5] = 1; q
q = x.clone(); q[k] = torch.zeros(5); q
q = x.clone(); q[[0, 1]] = torch.zeros(3, 3); q
q = x.clone(); q[0] = "a"; q
q = x.clone(); q[0] = None; q
q = x.clone(); q[0] = 1j; q
q = x.clone(); q[0] = z[0]; q
q = i.clone(); q[0] = 2**70; q
x[0] = 1; x
x[k] = 1; x
q = v.expand(2, 3); q[0] = 1; q
"""
