"""Random numbers: PyTorch's CPU generator, draw for draw.

It is the Mersenne Twister MT19937, seeded as NumPy's legacy seeding does it, so NumPy's own twister does the drawing. A
float32 in [0, 1) takes the low 24 bits of one 32-bit draw, a float64 the low 53 bits of two. Normal numbers come from the
Box-Muller transform: in blocks of 16, or in pairs, of which the second waits for the next call.
"""

from __future__ import annotations

import struct
from threading import RLock
from typing import Any

import numpy as np

from adjoint.core.device import check_device
from adjoint.core.device import device as Device
from adjoint.core.tensor import Tensor, wrap
from adjoint.lazy import lazy

arithmetic = lazy("adjoint.arrays.kernels.normal")

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
        check_device(device, "Generator")
        self._lock = RLock()
        self.manual_seed(_DEFAULT_SEED)

    @property
    def device(self) -> Device:
        """Where the numbers are drawn: on the CPU."""
        return Device("cpu")

    def manual_seed(self, seed: int) -> Generator:
        """Start anew from a seed, and return the generator."""
        if not hasattr(seed, "__index__"):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        seed = int(seed)
        if not -(2**63) <= seed < 2**64:
            raise ValueError("Overflow when unpacking long long")
        self._seed = seed % 2**64
        self._made: Any = None  # the twister, made at the first draw: `import adjoint` draws nothing
        self._begun = False  # whether a number was drawn: before the first, PyTorch's state says 0 for the place
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

    def words(self, count: int, bits: int = 32) -> np.ndarray:
        """So many draws of 32 or 64 bits; one of 64 is two of 32, the first above the second."""
        with self._lock:
            self._begun = self._begun or count > 0
            if bits == 32:
                return self._twister.random_raw(count)
            pairs = self._twister.random_raw(2 * count).reshape(count, 2)
            return pairs[:, 0] << np.uint64(32) | pairs[:, 1]

    def uniform(self, count: int, dtype: Any) -> np.ndarray:
        """So many numbers in [0, 1), in float64 or in float32."""
        if np.dtype(dtype) == np.float64:
            return (self.words(count, 64) & np.uint64(2**53 - 1)).astype(np.float64) * 2.0**-53
        return (self.words(count) & np.uint64(2**24 - 1)).astype(np.float32) * np.float32(2.0**-24)

    def normal_blocks(self, count: int, dtype: Any, mean: float = 0.0, std: float = 1.0) -> np.ndarray:
        """So many normal numbers, 16 or more, in blocks of 16; if they do not fill the last, it is drawn anew.

        Numbers of 16 bits are made in float32, and only those of whole blocks are drawn.
        """
        dtype = np.dtype(dtype)
        narrow = dtype.itemsize == 2
        whole = count - count % 16
        with self._lock:
            uniform = self.uniform(whole if narrow else count, np.float32 if narrow else dtype)
            numbers = np.empty(count, dtype)
            numbers[:whole] = arithmetic.box_muller(uniform[:whole], mean, std)
            if count != whole:
                numbers[-16:] = arithmetic.box_muller(self.uniform(16, uniform.dtype), mean, std)
            return numbers

    def normals(self, count: int) -> np.ndarray:
        """So many numbers of float64 from the standard normal distribution, one after the other."""
        with self._lock:
            waiting = [] if self._waiting is None or not count else [self._waiting]
            missing = count - len(waiting)
            uniform = self.uniform(missing + missing % 2, np.float64).reshape(-1, 2)
            made = arithmetic.pairs_of_normals(uniform[:, 0], uniform[:, 1])
            if count:
                self._waiting = float(made[-1]) if missing % 2 else None
            return np.concatenate([waiting, made[:missing]])

    # --- the state ---

    def state(self) -> bytes:
        """The state, in PyTorch's layout."""
        with self._lock:
            twister = self._twister.state["state"]
            place = twister["pos"]
            waiting = self._waiting
            return _LAYOUT.pack(
                self._seed, _LENGTH - place + 1, 1, place if self._begun else 0, *(int(word) for word in twister["key"]),
                0.0, waiting or 0.0, 0.0, waiting is not None, 0.0, 0,
            )  # fmt: skip

    def restore(self, state: bytes) -> None:
        """Go on from a state that `state` gave."""
        if len(state) != _LAYOUT.size:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {_LAYOUT.size} but found the input RNG state size to be {len(state)}"
            )
        fields = _LAYOUT.unpack(state)
        key = np.array(fields[4 : 4 + _LENGTH], np.uint32)
        place = _LENGTH - fields[1] + 1
        waiting, is_waiting = fields[5 + _LENGTH], fields[7 + _LENGTH]
        with self._lock:
            self._seed, self._begun = fields[0], fields[3] > 0
            self._twister.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": place}}
            self._waiting = waiting if is_waiting else None

    def get_state(self) -> Tensor:
        """The state, as a tensor of bytes; PyTorch's own generator can go on from it too.

        >>> import adjoint as torch
        >>> generator = torch.Generator()
        >>> state = generator.get_state()
        >>> first = torch.rand(2, generator=generator)
        >>> torch.equal(first, torch.rand(2, generator=generator.set_state(state)))
        True
        """
        return wrap(np.frombuffer(self.state(), np.uint8).copy())

    def set_state(self, new_state: Tensor) -> Generator:
        """Go on from a state that `get_state` gave."""
        if not isinstance(new_state, Tensor):
            raise TypeError(f"expected a torch.ByteTensor, but got {type(new_state).__name__}")
        if new_state._data.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        self.restore(new_state.numpy().tobytes())
        return self

    def clone_state(self) -> Generator:
        """Another generator in the same state."""
        made = Generator()
        made.restore(self.state())
        return made

    def __reduce__(self) -> tuple:
        return _in_state, (self.state(),)


def _in_state(state: bytes) -> Generator:
    made = Generator()
    made.restore(state)
    return made


default_generator = Generator()
