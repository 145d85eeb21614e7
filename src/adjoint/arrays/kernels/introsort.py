"""Where equal elements end up: the steps of C++'s standard library, which PyTorch sorts and selects with.

Its algorithms are not stable, but they are deterministic: after each step the elements stand in one order. NumPy's
stand in another where elements are equal, so rows that have equal elements are followed here step by step, as lists of
keys, which are whole numbers in the order of the elements, and of the places at which they stood.
"""

from __future__ import annotations

import numpy as np

SHORT = 16  # up to this length the library sorts by insertion, which is stable


class Row:
    """The keys of a row, and the places where they stood at first; both are moved about together."""

    def __init__(self, keys: np.ndarray) -> None:
        self.keys: list[int] = keys.tolist()
        self.places = list(range(len(self.keys)))

    def sorted(self) -> list[int]:
        """The places in ascending order of the keys, as `std::sort` leaves them."""
        self._sort(0, len(self.keys))
        return self.places

    def smallest(self, count: int, in_order: bool) -> list[int]:
        """The places of the smallest keys, as `topk` finds them."""
        size = len(self.keys)
        if count * 64 <= size:
            self._heap_select(0, count, size)
            self._sort_heap(0, count)
        elif count:
            self._select(count - 1)
            if in_order:
                self._sort(0, count - 1)
        return self.places[:count]

    def nth(self, place: int) -> int:
        """Where the key stood that comes to stand at a place, as `std::nth_element` finds it."""
        self._select(place)
        return self.places[place]

    def kth(self, place: int) -> int:
        """The same as `kthvalue` finds it: by partitions around the median of the first, middle and last key."""
        keys, left, right = self.keys, 0, len(self.keys) - 1
        while left + 1 < right:
            self._swap(left + (right - left) // 2, left + 1)
            for low, high in ((left + 1, right), (left, right), (left + 1, left)):
                if keys[low] > keys[high]:
                    self._swap(low, high)
            up, down, pivot = left + 1, right, keys[left]
            while True:
                up, down = up + 1, down - 1
                while keys[up] < pivot:
                    up += 1
                while keys[down] > pivot:
                    down -= 1
                if down < up:
                    break
                self._swap(up, down)
            self._swap(left, down)
            left, right = up if down <= place else left, down - 1 if down >= place else right
        if left + 1 == right and keys[left] > keys[right]:
            self._swap(left, right)
        return self.places[place]

    def _swap(self, a: int, b: int) -> None:
        keys, places = self.keys, self.places
        keys[a], keys[b] = keys[b], keys[a]
        places[a], places[b] = places[b], places[a]

    # --- quicksort ---

    def _sort(self, first: int, last: int) -> None:
        """`std::sort`: partitions down to short parts, then insertion."""
        waiting = [(first, last, _depth(last - first))]
        while waiting:
            begin, end, depth = waiting.pop()
            while end - begin > SHORT:
                if not depth:
                    self._heap_select(begin, end, end)
                    self._sort_heap(begin, end)
                    break
                depth -= 1
                cut = self._partition(begin, end)
                waiting.append((cut, end, depth))
                end = cut
        self._insert(first, last)

    def _select(self, place: int) -> None:
        """`std::nth_element`: the same, but only in the part where the place lies."""
        first, last = 0, len(self.keys)
        depth = _depth(last)
        while last - first > 3:
            if not depth:
                self._heap_select(first, place + 1, last)
                self._swap(first, place)
                return
            depth -= 1
            cut = self._partition(first, last)
            first, last = (cut, last) if cut <= place else (first, cut)
        self._insert(first, last)

    def _insert(self, first: int, last: int) -> None:
        """A stable sort of a part."""
        keys, places = self.keys, self.places
        order = sorted(range(first, last), key=keys.__getitem__)
        keys[first:last], places[first:last] = [keys[each] for each in order], [places[each] for each in order]

    def _partition(self, first: int, last: int) -> int:
        """Bring smaller keys before larger ones, around the median of three; where the larger ones begin."""
        keys, places = self.keys, self.places
        a, b, c = first + 1, first + (last - first) // 2, last - 1
        x, y, z = keys[a], keys[b], keys[c]
        if not x < y:
            a, b, x, y = b, a, y, x
        chosen = b if y < z else c if x < z else a
        self._swap(first, chosen)
        pivot, left, right = keys[first], first + 1, last
        while True:
            while keys[left] < pivot:
                left += 1
            right -= 1
            while pivot < keys[right]:
                right -= 1
            if left >= right:
                return left
            keys[left], keys[right] = keys[right], keys[left]
            places[left], places[right] = places[right], places[left]
            left += 1

    # --- heaps: the largest of a part stands first ---

    def _heap_select(self, first: int, middle: int, last: int) -> None:
        """Bring the smallest keys of a part into a heap at its front."""
        size = middle - first
        for parent in range((size - 2) // 2, -1, -1):
            self._sift(first, parent, size, self.keys[first + parent], self.places[first + parent])
        for other in range(middle, last):
            if self.keys[other] < self.keys[first]:
                self._replace_top(first, size, other)

    def _sort_heap(self, first: int, last: int) -> None:
        for end in range(last - 1, first, -1):
            self._replace_top(first, end - first, end)

    def _replace_top(self, first: int, size: int, other: int) -> None:
        """Put a key into a heap in place of its top, which takes the place of that key."""
        key, place = self.keys[other], self.places[other]
        self.keys[other], self.places[other] = self.keys[first], self.places[first]
        self._sift(first, 0, size, key, place)

    def _sift(self, first: int, hole: int, size: int, key: int, place: int) -> None:
        """Fill a hole in a heap: the larger child moves up into it, down to a leaf, from which the new key rises."""
        keys, places, top = self.keys, self.places, hole

        def move(source: int, target: int) -> None:
            keys[first + target], places[first + target] = keys[first + source], places[first + source]

        while 2 * hole + 2 < size:
            child = 2 * hole + 2
            if keys[first + child] < keys[first + child - 1]:
                child -= 1
            move(child, hole)
            hole = child
        if 2 * hole + 2 == size:
            move(2 * hole + 1, hole)
            hole = 2 * hole + 1
        while hole > top and keys[first + (hole - 1) // 2] < key:
            move((hole - 1) // 2, hole)
            hole = (hole - 1) // 2
        keys[first + hole], places[first + hole] = key, place


def _depth(size: int) -> int:
    """How many partitions may lie within each other before a heap takes over."""
    return 2 * (size.bit_length() - 1) if size else 0
