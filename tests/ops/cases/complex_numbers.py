"""Complex numbers: arithmetic, parts, and gradients by PyTorch's convention."""

CASES = """
z + w
z - w
z * w
z / w
z * z
z / x
x / z
x * z
z + x
z + 1
z * 2.5
2 / z
z - 1j
z * 1j
z.conj() * 1
torch.conj(z) * 1
torch.conj(x)
x.conj()
z.conj() * w
(z * z.conj()).real
z.real
z.imag
torch.real(z)
torch.imag(z)
x.real
torch.real(x)
x.imag
torch.imag(x)
z.real * 2 + z.imag
z.imag.sum()
z.abs() ** 2
z.sum()
z.mean()
z.prod()
z.sum(0)
z.mean(1)
z.prod(1)
z @ w.t()
x.to(torch.complex64) @ w.t()
z.t()
z.mT
z.mH * 1
z.H * 1
z.adjoint() * 1
x.adjoint()
z[0]
z[:, 1:]
z.reshape(6)
torch.cat([z, w])
torch.cat([z, x])
torch.stack([z, w])
torch.where(k, z, w)
z.to(torch.complex128)
z.real.clone()
z.is_complex()
z.is_floating_point()
z.resolve_conj()
z.conj().resolve_conj() * 1
torch.is_complex(z)
torch.is_floating_point(x)
z.sigmoid().abs().sum()
(z * torch.tensor([1j, 2.0, 1 - 1j])).imag
q = z.clone(); q.real.mul_(2); q
q = z.clone(); q.real = 1.0; q
q = z.clone(); q.imag = x; q
z.item()
z[0, 0].item()
z.tolist()
torch.conj_physical(z)
"""
