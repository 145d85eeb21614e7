"""Sums, products, quotients, powers, remainders, signs, rounding."""

CASES = """
# tensors with tensors
x + y
x - y
x * y
x / y
torch.add(x, y)
torch.sub(x, y)
torch.subtract(x, y)
torch.mul(x, y)
torch.multiply(x, y)
torch.div(x, y)
torch.divide(x, y)
torch.true_divide(x, y)
x.add(y)
x.sub(y)
x.subtract(y)
x.mul(y)
x.multiply(y)
x.div(y)
x.divide(y)
x.true_divide(y)
torch.add(input=x, other=y)
torch.mul(x, other=y)
x + x
x * x
x - x
x * x * x
# broadcasting
x + v
v + x
x * col
col - v
x / s
s / p
s * s
x + e[:0].sum()
e * v
e + e
x.unsqueeze(0) * v
v.unsqueeze(1) * v
x - turned
# numbers
x + 2
x + 2.5
2 + x
2.5 + x
x - 2
x - 0.5
2 - x
0.5 - x
x * 3
x * 0.1
3 * x
0.1 * x
x / 4
x / 0.3
4 / x
0.3 / x
x + True
x * True
s + 1
1 - s
s / 3
3 / s
x + 1j
x * 2j
(x - 1j) / 2
2j / x
2j - x
x / 2j
i + 1
i + 1.5
i - 1.5
1 - i
2.5 - i
i * 2.5
i / 2
7 / j
1.5 / j
i * True
i + 2j
k + 1
k + 1.5
k * 2
k * True
k + True
k + k2
k * k2
k / k2.logical_not()
k / 2
1 - k.int()
h + 1
h * 0.1
1 / h
0.1 - h
bf + 1
bf * 0.1
1 / bf
0.1 - bf
bf / 3
u + 1
u + 300
u - 1
u * 2
u + u2
u - u2
u * u2
u / u2
u + 1.5
i + 2**40
i32 + 2**31
u + np.float32(1.5)
x + np.float64(0.1)
x * np.float32(0.1)
x + np.int64(2)
x - np.array(2.5)
i + np.float64(0.5)
# types that meet
x + i
i + x
x + d
d * x
x + ds
s + ds
d + s
i + i32
i + u
u + i32
u + n
i32 + n
h + x
bf + x
h + bf
h + i
bf + i
x + k
i + k
x + z
z * d
z + ds
i * z
k * z
h * h2
bf * bf2
h / h2
bf / bf2
h - h2
bf - bf2
# scaled
torch.add(x, y, alpha=2)
torch.add(x, 3, alpha=2)
torch.add(x, y, alpha=0.5)
x.add(v, alpha=-1)
torch.sub(x, y, alpha=2)
x.sub(1, alpha=3)
torch.sub(i, j, alpha=2)
torch.add(i, 3, alpha=2)
torch.add(i, x, alpha=0.5)
torch.add(h, h2, alpha=0.3)
torch.add(bf, bf2, alpha=0.3)
torch.add(k, k2, alpha=True)
torch.add(z, w, alpha=2j)
torch.sub(z, w, alpha=1 - 1j)
torch.rsub(x, y)
torch.rsub(x, 2)
torch.rsub(x, y, alpha=3)
torch.rsub(x, 2, alpha=0.5)
torch.rsub(i, 2, alpha=3)
# rounded quotients
torch.div(x, y, rounding_mode="floor")
torch.div(x, y, rounding_mode="trunc")
x.div(0.7, rounding_mode="floor")
x.div(v, rounding_mode="trunc")
torch.div(i, j, rounding_mode="floor")
torch.div(i, j, rounding_mode="trunc")
torch.div(i, 3, rounding_mode="trunc")
torch.div(i, 2.5, rounding_mode="trunc")
torch.div(u, u2, rounding_mode="floor")
torch.div(h, h2, rounding_mode="floor")
torch.div(special, 2, rounding_mode="floor")
torch.div(special, 0, rounding_mode="trunc")
x // y
i // j
i // 2
i // -2
7 // j
x // 0.7
3 // x
-i // 2
u // u2
h // h2
bf // bf2
special // 2
x // 0
torch.floor_divide(x, y)
torch.floor_divide(i, 2.5)
x.floor_divide(v)
k.int() // k2.int().add(1)
x % y
x % 0.7
i % j
i % 3
i % -3
-i % j
7 % j
2.5 % x
x % col
u % u2
h % h2
bf % bf2
special % 2
special % math.inf
x % 0
torch.remainder(x, y)
torch.remainder(2, x)
x.remainder(-0.7)
# powers
x ** 2
x ** 3
x ** 1
x ** 0
x ** 2.0
x ** -1
x ** -2
p ** 0.5
p ** -0.5
p ** 1.7
x ** 0.5
p ** y
x ** y
2 ** x
0.5 ** x
2.5 ** p
0 ** p
0.0 ** p
1 ** x
(-2) ** x
p ** v
v ** col
s ** s
s ** 2
2 ** s
torch.pow(x, 2)
torch.pow(2, x)
torch.pow(p, y)
torch.pow(p, exponent=1.5)
x.pow(3)
x.pow(exponent=2)
x.square()
torch.square(x)
torch.square(i)
p.sqrt()
torch.sqrt(x)
torch.sqrt(i)
torch.rsqrt(p)
p.rsqrt()
special ** 2
special ** 3
special ** 0
special ** 0.5
special ** -1
special.sqrt()
i ** 2
i ** 0
2 ** i.abs()
(-3) ** i.abs()
i ** i.abs()
i ** j
u ** 2
u ** u2
i ** 2.0
i ** 0.5
j ** -1.0
2.5 ** i
i32 ** 2
i ** x
x ** i
k ** 2
k ** k2
2 ** k.int()
h ** 2
h ** 3
bf ** 2
bf ** 3
h ** h2
bf.abs() ** bf2
z ** 2
z ** 0.5
z ** -1
z ** w
z ** (1 + 1j)
2 ** z
(1j) ** z
x ** 2j
p ** z
z ** x
z.square()
z.sqrt()
torch.pow(x, torch.tensor(2))
x ** ds
x ** n
torch.zeros(3) ** torch.tensor([0., 1., -1.])
0 ** torch.tensor([0., 1., -1.])
torch.zeros(2).pow(0)
# signs and rounding
-x
+x
abs(x)
torch.neg(x)
torch.negative(x)
x.neg()
x.negative()
-i
-u
-z
-h
-bf
torch.positive(x)
torch.abs(x)
torch.absolute(x)
x.abs()
i.abs()
u.abs()
z.abs()
torch.abs(z)
torch.zeros(2, dtype=torch.complex64).abs()
h.abs()
bf.abs()
special.abs()
k.abs()
torch.sign(x)
x.sign()
i.sign()
u.sign()
k.sign()
h.sign()
bf.sign()
special.sign()
torch.sgn(z.to(torch.complex128))
x.floor()
x.ceil()
x.trunc()
x.round()
torch.floor(x)
torch.ceil(x)
torch.trunc(x)
torch.fix(x)
torch.round(x)
torch.round(torch.tensor([0.5, 1.5, 2.5, -0.5, -1.5]))
torch.round(x, decimals=1)
x.round(decimals=1)
torch.round(x * 100, decimals=-1)
i.floor()
i.ceil()
i.trunc()
i.round()
h.floor()
bf.ceil()
special.floor()
special.round()
x.frac()
torch.frac(x)
torch.reciprocal(x)
x.reciprocal()
i.reciprocal()
h.reciprocal()
bf.reciprocal()
z.reciprocal()
special.reciprocal()
# in place
x.clone().add_(y)
x.clone().add_(1)
x.clone().add_(y, alpha=2)
x.clone().sub_(y)
x.clone().sub_(v, alpha=0.5)
x.clone().subtract_(1)
x.clone().mul_(y)
x.clone().mul_(2)
x.clone().multiply_(y)
x.clone().div_(y)
x.clone().div_(2)
x.clone().divide_(v)
x.clone().div_(0.7, rounding_mode="floor")
x.clone().true_divide_(y)
x.clone().remainder_(0.7)
x.clone().pow_(2)
p.clone().pow_(y)
x.clone().square_()
p.clone().sqrt_()
p.clone().rsqrt_()
x.clone().neg_()
x.clone().negative_()
x.clone().abs_()
x.clone().absolute_()
x.clone().sign_()
x.clone().floor_()
x.clone().ceil_()
x.clone().trunc_()
x.clone().round_()
x.clone().frac_()
x.clone().reciprocal_()
q = x.clone(); q += y; q
q = x.clone(); q -= 1; q
q = x.clone(); q *= v; q
q = x.clone(); q /= 2; q
q = x.clone(); q %= 0.7; q
q = x.clone(); q **= 2; q
q = x.clone(); q += q; q
q = x.clone(); q *= q; q
q = x * 1; q[0] += 1; q
q = x * 1; q[:, 1] *= v[:2]; q
q = x * 1; q.t().mul_(turned.t()); q
q = x.clone(); r = q[0]; r.mul_(3); q
q = x.clone(); r = q.view(6); q.mul_(y); r
q = i.clone(); q += 2; q
q = i.clone(); q //= 2; q
i.clone().floor_divide_(j)
k.sign()
q = i.clone(); q **= 2; q
q = x.clone(); q += d; q
q = x.clone(); q += i; q
q = i.clone(); q += i32; q
q = u.clone(); q += 1; q
q = h.clone(); q += x; q
q = bf.clone(); q *= 1.1; q
q = h.clone(); q += 0.1; q
q = x.double(); q += y; q
# out=
torch.add(x, y, out=torch.empty(2, 3))
o = torch.empty(2, 3); torch.mul(i, j, out=o); o
o = torch.empty(0); torch.sub(i, j, out=o); o
o = torch.empty(2, 3, dtype=torch.float64); torch.div(i, j, out=o); o
o = torch.zeros(2, 3); torch.pow(i, 2, out=o); o
o = torch.zeros(2, 3); torch.sqrt(i.abs(), out=o); o
o = torch.zeros(3, 2).t(); torch.add(i, j, out=o); o
"""
