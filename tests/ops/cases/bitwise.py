"""Integers and booleans, bit by bit."""

CASES = """
i & j
i | j
i ^ j
~i
~k
~u
k & k2
k | k2
k ^ k2
i & 6
6 & i
i | 1
1 | i
i ^ 5
5 ^ i
k & True
k | False
k ^ True
True ^ k
i & k
u & i
u | u2
u & 7
i32 ^ i
i & n
i << 2
i << j.abs()
2 << j.abs()
i >> 1
i >> j.abs()
100 >> j.abs()
u << 1
u >> 2
u << 300
i << 70
i >> 70
u >> 9
torch.bitwise_and(i, j)
torch.bitwise_or(i, j)
torch.bitwise_xor(i, j)
torch.bitwise_not(i)
torch.bitwise_left_shift(i, 1)
torch.bitwise_right_shift(i, 1)
i.bitwise_and(j)
i.bitwise_or(3)
i.bitwise_xor(k)
i.bitwise_not()
k.bitwise_not()
i.bitwise_left_shift(j.abs())
i.bitwise_right_shift(2)
torch.bitwise_and(6, i)
torch.bitwise_left_shift(2, j.abs())
(x > 0) & (y < 1)
(x > 0) | (y < 1)
~(x > 0)
q = i.clone(); q &= j; q
q = i.clone(); q |= 8; q
q = i.clone(); q ^= j; q
q = i.clone(); q <<= 1; q
q = i.clone(); q >>= 1; q
q = k.clone(); q &= k2; q
q = k.clone(); q |= k2; q
i.clone().bitwise_and_(j)
i.clone().bitwise_not_()
k.clone().bitwise_or_(k2)
i.clone().bitwise_left_shift_(1)
x & y
x | 1
~x
~h
i << 1.5
k << 1
i & 1.5
x ^ x

u.clone().bitwise_and_(i)
k.clone().bitwise_and_(i)
i & [1]
"""
