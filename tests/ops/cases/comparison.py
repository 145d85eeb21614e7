"""Comparisons, logic, choices, bounds."""

CASES = """
x == y
x != y
x < y
x <= y
x > y
x >= y
x == x
tied == 2
x < 0.5
0.5 < x
x >= v
col > v
i == 3
i < 2.5
3 > i
i == x
i < i32
k == True
k < k2
k != 1
k == 2
u == -1
u > -1
u < 300
u == 3.0
i == 2**70 - 2**70
h < 0.1
bf < 0.1
bf == bf2
h >= h2
special == special
special < 1
z == w
z != z
z == 1
x == 1j
s == 1.5
n > 2
e == e
x == None
x != None
x == "a"
x == [1, 2, 3]
torch.eq(x, y)
torch.ne(x, 1)
torch.not_equal(x, y)
torch.lt(x, y)
torch.less(x, y)
torch.le(x, 0)
torch.less_equal(x, y)
torch.gt(x, y)
torch.greater(x, 1)
torch.ge(x, y)
torch.greater_equal(x, y)
x.eq(y)
x.ne(y)
x.lt(1)
x.le(y)
x.gt(y)
x.ge(v)
x.less(y)
x.greater_equal(1)
x.detach().clone().eq_(0.5)
x.detach().clone().lt_(0.5)
i.clone().ge_(j)
torch.eq(x, y, out=torch.empty(2, 3, dtype=torch.bool))
torch.lt(x, y, out=torch.empty(2, 3))
# logic
torch.logical_and(k, k2)
torch.logical_or(k, k2)
torch.logical_xor(k, k2)
torch.logical_not(k)
x.logical_and(k)
i.logical_or(x)
i.logical_xor(k)
x.logical_not()
z.logical_not()
k.clone().logical_not_()
k.clone().logical_and_(k2)
x.detach().clone().logical_or_(k)
x.logical_and(e.sum())
# kinds of numbers
torch.isnan(special)
torch.isinf(special)
torch.isfinite(special)
special.isnan()
special.isinf()
special.isfinite()
torch.isnan(i)
torch.isinf(i)
torch.isfinite(i)
torch.isfinite(k)
h.isnan()
bf.isfinite()
z.isnan()
z.isfinite()
torch.isposinf(special)
torch.isneginf(special)
# whole tensors
torch.equal(x, x.clone())
torch.equal(x, y)
torch.equal(x, v)
torch.equal(i, x)
torch.equal(special, special)
x.equal(y)
torch.allclose(x, x + 1e-6)
torch.allclose(x, y)
torch.allclose(x, x + 1e-3, atol=1e-2)
torch.allclose(special, special)
torch.allclose(special, special, equal_nan=True)
x.allclose(x)
torch.isclose(x, x + 1e-6)
torch.isclose(x, y, rtol=0.5, atol=1.0)
torch.isclose(special, special)
torch.isclose(special, special, equal_nan=True)
torch.isclose(i, i + 1)
torch.isclose(i, j, atol=2)
torch.isclose(x, torch.tensor(0.5))
x.isclose(y)
torch.isclose(z, w)
# where
torch.where(k, x, y)
torch.where(x > 0, x, 0)
torch.where(x > 0, x, 0.0)
torch.where(x > 0, 1, 0)
torch.where(x > 0, 1.5, 0)
torch.where(x > 0, 1.5, x)
torch.where(x > 0, True, False)
torch.where(kv, x, v)
torch.where(kv, col, v)
torch.where(k, x, i)
torch.where(k, x, d)
torch.where(k, x, ds)
torch.where(k, s, x)
torch.where(k, i, 2.5)
torch.where(k, h, 2.5)
torch.where(k, bf, bf2)
torch.where(k, z, x.detach())
torch.where(k, i, j)
torch.where(k, i, u)
torch.where(k, k2, k)
torch.where(torch.tensor(True), x, y)
torch.where(condition=k, input=x, other=y)
torch.where(k)
torch.where(x > 0)
torch.where(n > 0)
x.where(k, y)
x.where(x > 0, 0)
x.where(x > 0, torch.tensor(0.0))
torch.where(u, x, y)
torch.where(k, x, y, out=torch.empty(2, 3))
torch.where(x < 1, x, torch.sqrt(x))
torch.where(torch.zeros(2) > 1, torch.zeros(2), x[:, :2].sqrt())
torch.nonzero(k)
torch.nonzero(i)
x.nonzero()
torch.nonzero(k, as_tuple=True)
n.nonzero()
# the larger and the smaller
torch.maximum(x, y)
torch.minimum(x, y)
x.maximum(y)
x.minimum(v)
torch.maximum(tied, tied.flip(1))
torch.minimum(tied, tied.flip(1))
torch.maximum(special, special.flip(0).detach())
torch.minimum(special, special.flip(0))
torch.maximum(x, x)
torch.maximum(i, j)
torch.minimum(i, x)
torch.maximum(k, k2)
torch.maximum(u, i)
torch.maximum(x, ds)
torch.maximum(h, h2)
torch.minimum(bf, bf2)
torch.max(x, y)
torch.min(x, v)
x.max(y)
x.min(y)
torch.maximum(x, y, out=torch.empty(2, 3))
# bounds
torch.clamp(x, -1, 1)
torch.clamp(x, min=0)
torch.clamp(x, max=0.5)
torch.clamp(x, -0.3, 1.75)
torch.clamp(x, min=1, max=-1)
x.clamp(-1, 1)
x.clamp(0)
x.clamp(max=1)
x.clamp(min=-1.5)
x.clip(-1, 1)
torch.clip(x, max=1)
x.clamp_min(0)
x.clamp_max(0.5)
torch.clamp_min(x, 0.5)
torch.clamp_max(x, v)
x.clamp_min(v)
x.clamp(v, y)
x.clamp(min=v)
x.clamp(max=col)
torch.clamp(x, y, y + 1)
torch.clamp(x, min=v, max=v)
torch.clamp(tied, torch.tensor(0.0), torch.tensor(2.0))
i.clamp(-1, 3)
i.clamp(-1.5, 3)
i.clamp(max=2.5)
i.clamp(j)
i.clamp(max=x)
u.clamp(10, 300)
u.clamp(-1, 10)
k.clamp(0, 1)
h.clamp(-0.1, 1)
bf.clamp(-0.1, 1)
special.clamp(-1, 1)
special[:4].clamp(min=0)
x.clamp(math.nan, 1)
x.clone().clamp_(-1, 1)
x.clone().clamp_(min=0)
x.clone().clip_(max=1)
x.clone().clamp_min_(0)
x.clone().clamp_max_(v)
i.clone().clamp_(-1, 3)
e.clamp(0, 1)
s.clamp(max=1)
s.clamp(s, s)
torch.clamp(x, torch.tensor(0.0), 1.0)
torch.clamp(x, 0, torch.tensor(1.0))
torch.clamp(x, -1, 1, out=torch.empty(2, 3))
torch.clamp(z, 0, 1)
"""
