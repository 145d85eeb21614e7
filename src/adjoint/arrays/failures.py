"""What a kernel raises where its algorithm cannot go on."""


class LinAlgError(RuntimeError):
    """A matrix that an algorithm cannot work with, such as one that is singular."""
