"""`torch.utils.data`: datasets, the order in which they are read, and loaders that make batches of them."""

from adjoint.core.face import loaded_on_use as _loaded_on_use

#: what stands in which module
_HOMES: dict[str, tuple[str, ...]] = {
    "_utils.collate": ("default_collate", "default_convert"),
    "_utils.worker": ("get_worker_info",),
    "dataloader": ("DataLoader",),
    "dataset": (
        "ChainDataset", "ConcatDataset", "Dataset", "IterableDataset", "StackDataset", "Subset", "TensorDataset",
        "random_split",
    ),
    "distributed": ("DistributedSampler",),
    "sampler": (
        "BatchSampler", "RandomSampler", "Sampler", "SequentialSampler", "SubsetRandomSampler", "WeightedRandomSampler",
    ),
}  # fmt: skip
__getattr__, __dir__, __all__ = _loaded_on_use(__name__, _HOMES, {"_utils"})
