"""Several views of one tensor: unbind, split, chunk, iteration."""

CASES = """
x.unbind()
x.unbind(0)
x.unbind(1)
x.unbind(-1)
x.unbind(dim=1)
torch.unbind(x)
torch.unbind(cube, 2)
torch.unbind(cube, dim=1)
e.unbind()
v.unbind()
i.unbind(1)
x.split(1)
x.split(2, 1)
x.split(2, dim=1)
x.split([1, 2], 1)
x.split((2, 0, 1), 1)
torch.split(x, 1)
torch.split(x, [1, 1])
torch.split(cube, 3, dim=2)
x.split(5)
x.split(split_size=2, dim=1)
x.split_with_sizes([1, 2], 1)
e.split(1)
x.chunk(2)
x.chunk(2, 1)
x.chunk(2, dim=-1)
x.chunk(5, 1)
x.chunk(1)
torch.chunk(x, 3, 1)
torch.chunk(cube, chunks=3, dim=2)
torch.chunk(torch.arange(11), 6)
e.chunk(3)
x.narrow(1, 1, 2)
x.narrow(0, 0, 1)
x.narrow(1, -2, 1)
x.narrow(1, 3, 0)
torch.narrow(x, 1, 0, 2)
x.narrow(dim=0, start=1, length=1)
x.narrow(1, torch.tensor(1), 1)
x.select(0, 1)
x.select(1, -1)
x.select(dim=1, index=0)
torch.select(x, 0, -2)
list(x)
list(v)
[row.sum() for row in x]
a, b = x; a * b
tuple(i)
[float(each) for each in v]
list(reversed(x))
[each.item() for each in reversed(v)]
list(enumerate(ix))
sum(v)
max(v)
min(v)
sorted(v)
sum(x)
0.5 in x
2 in x
torch.tensor(2.0) in x
7 in i
True in k
x.unbind(1)[0] * x.unbind(1)[2]
a, b = x.split(1); (a * b).sum()
a, b = x.chunk(2, 1); a.sum() * b.sum()
a, b, c = v; a * b + c
a, b, c = v; b
x.unbind()[1].sum()
q = x * 1; a, b = q.unbind(); q.mul_(2); a
# errors
x.unbind(4)
s.unbind()
list(s)
x.split(0)
x.split(-1)
x.split([1, 2])
x.split([1, 2], 3)
x.split("a")
s.split(1)
x.chunk(0)
x.chunk(-1)
s.chunk(2)
x.narrow(0, 1, 5)
x.narrow(0, 5, 1)
x.narrow(0, 0, -1)
x.narrow(4, 0, 1)
s.narrow(0, 0, 1)
x.select(0, 2)
x.select(4, 0)
s.select(0, 0)
q = x * 1; a, b = q.unbind(); a.mul_(2)
q = x * 1; a = q.split(1)[0]; a.add_(2); q
q = x * 1; a = q.chunk(2)[0]; a.add_(2); q
"a" in x
None in x
"""
