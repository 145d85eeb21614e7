"""What a failed check raises."""


class GradcheckError(RuntimeError):
    """Derivatives are not what `gradcheck` or `gradgradcheck` expects of them."""


GradcheckError.__module__ = "adjoint.autograd.gradcheck"  # where it is public
