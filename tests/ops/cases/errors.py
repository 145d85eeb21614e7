"""What is said of arguments that do not fit."""

CASES = """
torch.sin("a")
torch.sin(2.0)
torch.sin([1.0])
torch.sin(x, x)
torch.sin(x, foo=1)
torch.exp(None)
torch.relu("a")
torch.neg("a")
torch.neg(k)
torch.abs(3)
torch.floor(z)
torch.sigmoid(i, out=torch.zeros(2, 3, dtype=torch.int64))
torch.add(x, "a")
torch.add("a", x)
torch.add(x, None)
torch.add(x, [1, 2])
torch.add(2, 3)
torch.add(x, y, alpha="a")
torch.add(i, j, alpha=0.5)
torch.add(k, k2, alpha=2)
torch.sub(k, k2)
torch.sub(k, 1)
torch.sub(x, True)
torch.rsub(k, 1)
k - k2
k - 1
1 - k
x - True
True - x
-k
+k
torch.mul(x, "a")
torch.mul(2, x)
torch.div(x, "a")
torch.div(x, y, rounding_mode="foo")
torch.div(x, y, rounding_mode=3)
torch.pow(x, "a")
torch.pow("a", x)
torch.pow(2, 3)
i ** -1
i ** -2
2 ** x ** "a"
i // 0
i % 0
i // (j - j)
torch.div(i, 0, rounding_mode="trunc")
x + "a"
"a" + x
x - "a"
"a" - x
x * "a"
x / "a"
"a" / x
x // "a"
x % "a"
x ** "a"
"a" ** x
x + [1, 2]
x + None
x + {}
x < "a"
x >= None
"a" < x
x & "a"
x @ "a"
x + torch.zeros(4)
x * torch.zeros(3, 3)
x == torch.zeros(4)
torch.maximum(x, torch.zeros(4))
torch.where(k, x, torch.zeros(4))
x.add(torch.zeros(2, 4))
x.pow(torch.zeros(4))
x.clamp(torch.zeros(4))
torch.maximum(x, 1)
torch.maximum(x, "a")
torch.clamp(x)
torch.clamp(x, "a")
torch.clamp(2, 0, 1)
torch.where(x, x, y)
torch.where(k, x)
torch.where(k, "a", x)
torch.where(True, x, y)
torch.where(i, x, y)
torch.eq(x, "a")
torch.eq(2, x)
torch.isnan("a")
torch.allclose(x, d)
torch.allclose(x, 1.0)
torch.equal(x, 1.0)
torch.isclose(x, i)
torch.logical_and(x, 1)
x.clone().add_(torch.zeros(3, 2, 3))
i.clone().add_(1.5)
i.clone().div_(2)
i.clone().mul_(x)
k.clone().add_(1)
i.clone().sqrt_()
x.clone().add_(z)
x.add_(1)
x.mul_(2)
q = x; q += 1; q
x[0].add_(1)
x.view(6).mul_(2)
v.expand(2, 3).add_(1)
x.sin_()
x.t().exp_()
torch.add(x, y, out=torch.empty(2, 3, dtype=torch.int64))
torch.add(x, z, out=torch.empty(2, 3))
x.foo()
torch.foo(x)
x.sum("a")
x.sum(1.5)
torch.sum(3)
torch.mean([1.0])
x.backward()
y.sum().backward()
x.sum().backward(torch.zeros(3))
(x * y).backward()
q = (x * x).sum(); q.backward(); q.backward()
q = x * 2; r = q ** 2; q.add_(1); r.sum().backward()
torch.autograd.grad(x.sum(), y)
"""
