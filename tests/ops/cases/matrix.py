"""Products of vectors and matrices."""

CASES = """
x.double() @ m.double()
x @ v
v @ m
v @ v
x @ x.t()
turned.double() @ m.double()
x.double().t() @ x.double()
b @ c
b @ m
x.detach() @ c
b @ v
v @ c
b @ c[0]
cube @ cube.mT
cube.double().unsqueeze(1) @ m.double().t()
cube.unsqueeze(1) @ cube.mT
torch.matmul(x.double(), m.double())
torch.matmul(input=x.double(), other=m.double())
x.double().matmul(m.double())
torch.mm(x.double(), m.double())
x.double().mm(m.double())
torch.mm(x.double(), mat2=m.double())
torch.bmm(b, c)
b.bmm(c)
torch.mv(x, v)
x.mv(v)
torch.dot(v, v)
v.dot(v)
torch.dot(v, v * 2)
e @ m
m.t() @ e.t()
e.t() @ e
torch.zeros(0) @ torch.zeros(0)
torch.zeros(2, 0) @ torch.zeros(0, 3)
i @ j.t()
i32 @ i32.t()
u @ u2.t()
h @ h2.t()
bf @ bf2.t()
h @ h2[0]
bf[0] @ bf2[0]
d @ d.t()
z @ w.t()
z[0] @ w[0]
z @ w[0]
torch.ones(1, 300, dtype=torch.bfloat16) @ torch.ones(300, 1, dtype=torch.bfloat16)
torch.ones(3000, dtype=torch.float16) @ torch.ones(3000, dtype=torch.float16)
torch.mm(x, m, out=torch.empty(2, 4))
torch.matmul(x, m, out=torch.empty(2, 4))
(x @ m).sum()
(x @ m) @ m.t()
torch.mm(x.double(), m.double()) * 2
x.double().detach() @ m.double()
x @ m.detach()
# errors
x @ x
x @ m.t()
x @ i.t()
x @ d.t()
x @ s
s @ s
x @ 2
2 @ x
x @ [1, 2, 3]
torch.matmul(x, 2)
torch.matmul(x, "a")
v @ x
v @ v[:2]
x @ v[:2]
b @ c.mT
b @ x
torch.mm(x, v)
torch.mm(v, x)
torch.mm(x, x)
torch.mm(x, d.t())
torch.bmm(x, c)
torch.bmm(b, m)
torch.bmm(b, b)
torch.bmm(b, c.double())
torch.mv(x, x)
torch.mv(x, v[:2])
torch.mv(x, d[0])
torch.dot(x, v)
torch.dot(v, v[:2])
torch.dot(v, d[0])
k @ k2.t()
k @ kv
torch.mm(k, k2.t())
"""
