"""Types, devices, copies, and the ways out of the library."""

CASES = """
x.clone()
torch.clone(x)
turned.clone()
turned.clone().stride()
v.expand(2, 3).clone().stride()
cube.permute(2, 0, 1).clone().stride()
x[:, ::2].clone().stride()
x.clone(memory_format=torch.contiguous_format)
turned.clone(memory_format=torch.contiguous_format)
(x * 2).clone()
x.detach()
torch.detach(x)
(x * y).detach()
(x * y).detach() + x
q = x * 2; q.detach_(); q
x.detach().requires_grad
x.to(torch.float64)
x.to(torch.float32)
x.to(torch.int64)
x.to(torch.bool)
x.to(torch.float16)
x.to(torch.bfloat16)
x.to(torch.complex64)
x.to(dtype=torch.float64)
x.to("cpu")
x.to(device="cpu")
x.to(torch.device("cpu"))
x.to("cpu", torch.float64)
x.to(torch.device("cpu"), dtype=torch.float64)
x.to("cpu", dtype=torch.float64, non_blocking=True)
x.to(torch.float32, copy=True)
x.to(copy=True)
x.to(d)
x.to(i)
x.to(device=None, dtype=None)
x.to(torch.float64, False, True)
x.cpu()
x.float()
x.double()
x.half()
x.bfloat16()
x.int()
x.long()
x.short()
x.char()
x.byte()
x.bool()
x.cfloat()
x.cdouble()
i.float()
i.double()
u.char()
special[1:].bool()
(x * 100).to(torch.int8)
(x - 300).to(torch.int16)
i.to(torch.uint8)
k.float()
k.int()
z.to(torch.complex128)
h.float()
bf.double()
h.bfloat16()
d.float() * 2
x.double().sum()
x.half().float().sum()
x.int() + x
x.type()
i.type()
k.type()
z.type()
bf.type()
x.type(torch.float64)
x.type("torch.DoubleTensor")
x.type(torch.LongTensor)
x.type_as(d)
x.type_as(x)
x.dtype
i.dtype
x.is_floating_point()
i.is_floating_point()
torch.is_floating_point(i)
i.is_signed()
u.is_signed()
x.device
str(x.device)
x.device.type
x.device.index
x.device == torch.device("cpu")
torch.device("cpu")
torch.device("cpu", 0)
torch.device("cpu:0")
torch.device("cuda")
torch.device("cuda:1").index
torch.device(type="cpu")
str(torch.device("cuda", 1))
x.is_cuda
x.is_sparse
x.is_cpu
x.is_mps
x.is_quantized
x.is_meta
x.layout
x.get_device()
x.is_leaf
(x * 2).is_leaf
x.requires_grad
x.requires_grad_()
i.float().requires_grad_().requires_grad
x.data
x.data.requires_grad
(x * 2).data
q = x * 2; q.data.zero_(); q
q = x * 1; q.data = y; q
x.grad
x.names
n.item()
s.item()
v[1].item()
k[0, 0].item()
h[0, 0].item()
bf[0, 1].item()
d[0, 0].item()
z[0, 0].item()
v[:1].item()
x.tolist()
i.tolist()
k.tolist()
s.tolist()
e.tolist()
z.tolist()
h.tolist()
bf.tolist()
i.numpy()
k.numpy()
x.detach().numpy()
turned.detach().numpy()
x.numpy(force=True)
x.detach().numpy().dtype
s.detach().numpy()
np.asarray(i)
np.array(x.detach())
np.array(i, dtype=np.float64)
np.sin(x.detach())
x.detach().numpy() + 1
np.add(i, 1)
np.ones(3) * v.detach()
np.ones(3, np.float32) + v.detach()
np.float32(2) * v
v * np.float32(2)
v + np.ones(3, np.float32)
v * np.ones(3)
np.ones(2) @ i.double().detach()
np.float64(2) * v
np.int64(2) * v
np.array(2.0) * v.detach()
v / np.float64(3)
np.float64(3) / v
np.float64(3) - v
float(s)
int(s)
bool(s)
complex(s)
float(v[:1])
int(n)
bool(n)
bool(torch.zeros(1))
range(n)[2]
[10, 20, 30][n - 4]
round(s)
round(s, 1)
math.floor(s)
math.sqrt(s)
hash(s) == hash(s)
{x: 1}[x]
x in [x]
format(s, ".3f")
f"{s:.2f}"
f"{n}"
f"{v}"
"%.2f" % s
"%d" % n
str(s)
repr(x)
repr(x.sum())
import copy; copy.copy(x)
import copy; copy.deepcopy(x)
import copy; copy.deepcopy(turned.detach()).stride()
import copy; copy.deepcopy([x.detach(), 1])
import copy; q = x.detach(); a, b = copy.deepcopy([q, q]); a is b
import copy; q = i.clone(); r = copy.deepcopy(q); r += 1; q
import pickle; pickle.loads(pickle.dumps(x.detach()))
import pickle; pickle.loads(pickle.dumps(x)).requires_grad
torch.get_default_dtype()
torch.promote_types(torch.int32, torch.float16)
torch.promote_types(torch.uint8, torch.int8)
torch.result_type(x, d)
torch.result_type(x, 1.0)
torch.result_type(i, 1.0)
torch.result_type(s, i)
torch.can_cast(torch.float64, torch.float32)
torch.can_cast(torch.float64, torch.int64)
torch.finfo(torch.float32).eps
torch.finfo(torch.float16).max
torch.finfo(torch.bfloat16).tiny
torch.finfo(torch.float64).bits
torch.iinfo(torch.int32).max
torch.iinfo(torch.uint8).min
torch.float32.is_floating_point
torch.float64.itemsize
torch.complex64.to_real()
torch.float32.to_complex()
# errors
x.numpy()
(x * 2).numpy()
x.to("foo")
x.to("cuda")
x.cuda()
x.to(3)
x.item()
e.item()
float(x)
int(v)
bool(x)
bool(e)
x.__index__()
range(s)
[10, 20][x]
copy = __import__("copy"); copy.deepcopy(x * 2)
torch.device("foo")
torch.device(3.5)
i.requires_grad_()
(x * 2).requires_grad_(False)
x.type("torch.FooTensor")
x.data = 3; x
x.data = i; x
x[0].detach_()
x.foo
x.view(6).detach_()
"""
