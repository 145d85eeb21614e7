"""Elements set in place."""

CASES = """
x.clone().zero_()
x.clone().fill_(2)
x.clone().fill_(0.1)
x.clone().fill_(s)
i.clone().fill_(2.7)
k.clone().fill_(1)
z.clone().fill_(1j)
bf.clone().fill_(0.1)
h.clone().zero_()
q = x * 2; q[0].zero_(); q
q = x * 2; q[:, 1].fill_(s); q
q = x * 2; q.zero_(); q * y
torch.fill(x, 2.5)
torch.fill(x, s)
x.clone().copy_(y)
x.clone().copy_(v)
x.clone().copy_(s)
x.clone().copy_(d)
x.clone().copy_(i)
i.clone().copy_(x)
x.clone().copy_(y, non_blocking=True)
q = x * 2; q.copy_(y); q * q
q = x * 2; q[0].copy_(v); q
q = torch.zeros(2, 3); q.copy_(x); q
q = torch.zeros(2, 3); q[:, 1].copy_(v[:2]); q
z.clone().copy_(x)
x.clone().masked_fill_(k, 2.0)
x.masked_fill(k, 2.0)
x.masked_fill(k, s)
x.masked_fill(kv, -math.inf)
i.masked_fill(k, 7)
torch.masked_fill(x, k, 0)
# errors
x.zero_()
x.fill_(1)
x.copy_(y)
x.clone().fill_(v)
x.clone().fill_("a")
x.clone().copy_("a")
x.clone().copy_(torch.zeros(5))
i.clone().fill_(1j)
x.clone().copy_(3)
"""
