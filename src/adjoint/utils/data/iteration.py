"""The iterators that a loader makes: what all have in common, and the one that works in this process."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from adjoint.utils.data._utils.fetch import Source
from adjoint.utils.data.sampler import drawn_seed

if TYPE_CHECKING:
    from adjoint.utils.data.dataloader import DataLoader


class BatchIterator:
    """Gives the batches of one pass over a dataset."""

    def __init__(self, loader: DataLoader) -> None:
        self._source = Source(
            loader.dataset, loader._is_stream, loader._auto_collation, loader.collate_fn, loader.drop_last
        )
        self._num_workers = loader.num_workers
        if loader.pin_memory:
            _warn_of_pinning(loader)
        self.restart(loader)
        self._base_seed = drawn_seed(loader.generator)

    def restart(self, loader: DataLoader) -> None:
        """Begin with the sampler's first index."""
        self._sampler = loader._index_sampler
        self._indices = iter(self._sampler)
        self._yielded = 0
        self._promised = loader._promised_length

    def next_index(self) -> Any:
        """What the sampler gives next."""
        return next(self._indices)

    def next_data(self) -> Any:
        """The next batch."""
        raise NotImplementedError

    def __iter__(self) -> BatchIterator:
        return self

    def __next__(self) -> Any:
        data = self.next_data()
        self._yielded += 1
        if self._promised is not None and self._yielded > self._promised:
            message = (
                f"Length of IterableDataset {self._source.dataset} was reported to be {self._promised}"
                f"(when accessing len(dataloader)), but {self._yielded} samples have been fetched. "
            )
            if self._num_workers > 0:
                message += (
                    "For multiprocessing data-loading, this could be caused by not properly configuring the "
                    "IterableDataset replica at each worker. Please see "
                    "https://pytorch.org/docs/stable/data.html#torch.utils.data.IterableDataset for examples."
                )
            warnings.warn(message, stacklevel=2)
        return data

    def __len__(self) -> int:
        return len(self._sampler)

    def __getstate__(self) -> Any:
        raise NotImplementedError("{} cannot be pickled", type(self).__name__)


class SerialIterator(BatchIterator):
    """Batches made in this process, when they are asked for."""

    def __init__(self, loader: DataLoader) -> None:
        super().__init__(loader)
        if loader.timeout != 0:
            raise AssertionError("_SingleProcessDataLoaderIter requires timeout == 0")
        self._fetch = self._source.fetcher()

    def next_data(self) -> Any:
        """The next batch."""
        return self._fetch(self.next_index())


def _warn_of_pinning(loader: DataLoader) -> None:
    if loader.pin_memory_device:
        warnings.warn(
            "pin_memory_device is deprecated, the current accelerator will be used as the device,ignore "
            f"pin_memory_device='{loader.pin_memory_device}'.",
            stacklevel=2,
        )
    warnings.warn(
        "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't be used.",
        stacklevel=2,
    )
