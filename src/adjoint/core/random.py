"""Random numbers: PyTorch's CPU generator, draw for draw.

It is the Mersenne Twister MT19937, seeded as NumPy's legacy seeding does it, so NumPy's own twister does the drawing. A
float32 in [0, 1) takes the low 24 bits of one 32-bit draw, a float64 the low 53 bits of two. Normal numbers come from the
Box-Muller transform: in pairs, of which the second waits for the next call, up to 15 at a time; in blocks of 16 from
there on.
"""

from __future__ import annotations

import math
import struct
from threading import RLock
from typing import Any

import numpy as np

__all__ = ["Generator", "default_generator"]

_DEFAULT_SEED = 67280421310721
_LENGTH = 624
#: PyTorch's layout of a state: seed, draws left, seeded, place, the words, x, y, rho, whether y is valid, two for floats
_LAYOUT = struct.Struct(f"<QiiQ{_LENGTH}QdddixxxxfBxxx")


class Generator:
    """A source of random numbers with a state of its own.

    >>> import adjoint as torch
    >>> torch.rand(2, generator=torch.Generator().manual_seed(42))
    tensor([0.8823, 0.9150])
    """

    def __init__(self, device: Any = "cpu") -> None:
        self.device = device
        self._lock = RLock()
        self.manual_seed(_DEFAULT_SEED)

    def manual_seed(self, seed: int) -> Generator:
        """Start anew from a seed, and return the generator."""
        seed = int(seed)
        if not -(2**63) <= seed < 2**64:
            raise RuntimeError("Overflow when unpacking long long")
        self._seed = seed % 2**64
        self._made: Any = None  # the twister, made at the first draw: `import adjoint` draws nothing
        self._waiting: float | None = None  # the second of a pair of normal numbers
        return self

    def seed(self) -> int:
        """Start anew from a seed that nobody chose, and return it."""
        self.manual_seed(int(np.random.SeedSequence().generate_state(1, np.uint64)[0]))
        return self._seed

    def initial_seed(self) -> int:
        """The seed that this generator started from."""
        return self._seed

    @property
    def _twister(self) -> Any:
        if self._made is None:
            # RandomState seeds in the way of the original MT19937; NumPy's other ways to make a twister do not
            self._made = np.random.RandomState(self._seed & 0xFFFFFFFF)._bit_generator
        return self._made

    # --- draws ---

    def words(self, count: int) -> np.ndarray:
        """So many 32-bit draws."""
        with self._lock:
            return self._twister.random_raw(count)

    def uniform(self, count: int, dtype: Any) -> np.ndarray:
        """So many numbers in [0, 1), in float64 or in float32."""
        if np.dtype(dtype) == np.float64:
            pairs = self.words(2 * count).reshape(count, 2)
            bits = (pairs[:, 0] << np.uint64(32) | pairs[:, 1]) & np.uint64(2**53 - 1)
            return bits.astype(np.float64) * 2.0**-53
        return (self.words(count) & np.uint64(2**24 - 1)).astype(np.float32) * np.float32(2.0**-24)

    def normal(self, count: int, dtype: Any) -> np.ndarray:
        """So many numbers from the standard normal distribution, in float64 or in float32."""
        with self._lock:
            if count < 16:
                return np.array([self._one_normal() for _ in range(count)], dtype)
            numbers = self.uniform(count, dtype)
            whole = count - count % 16
            numbers[:whole] = _box_muller(numbers[:whole])
            if count != whole:
                numbers[-16:] = _box_muller(self.uniform(16, dtype))  # the last block overlaps the one before
            return numbers

    def _one_normal(self) -> float:
        if self._waiting is not None:
            number, self._waiting = self._waiting, None
            return number
        first, second = self.uniform(2, np.float64)
        radius, angle = math.sqrt(-2 * math.log1p(-second)), 2 * math.pi * first
        self._waiting = radius * math.sin(angle)
        return radius * math.cos(angle)

    # --- the state ---

    def state(self) -> bytes:
        """The state, in PyTorch's layout."""
        with self._lock:
            twister = self._twister.state["state"]
            place = twister["pos"]
            waiting = self._waiting
            return _LAYOUT.pack(
                self._seed, _LENGTH - place + 1, 1, place % _LENGTH, *(int(word) for word in twister["key"]),
                0.0, waiting or 0.0, 0.0, waiting is not None, 0.0, 0,
            )  # fmt: skip

    def restore(self, state: bytes) -> None:
        """Go on from a state that `state` gave."""
        if len(state) != _LAYOUT.size:
            raise RuntimeError("RNG state is wrong size")
        fields = _LAYOUT.unpack(state)
        key = np.array(fields[4 : 4 + _LENGTH], np.uint32)
        place = _LENGTH - fields[1] + 1
        waiting, is_waiting = fields[5 + _LENGTH], fields[7 + _LENGTH]
        with self._lock:
            self._seed = fields[0]
            self._twister.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": place}}
            self._waiting = waiting if is_waiting else None


def _box_muller(uniform: np.ndarray) -> np.ndarray:
    """Normal numbers from uniform ones, in blocks of 16: eight radii, then eight angles."""
    blocks = uniform.reshape(-1, 2, 8)
    kind = uniform.dtype.type
    radius = np.sqrt(kind(-2) * np.log(1 - blocks[:, 0]))
    angle = kind(2 * math.pi) * blocks[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)


default_generator = Generator()
