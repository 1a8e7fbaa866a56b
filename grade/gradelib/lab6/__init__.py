"""
What lab 6's tests share.
"""

from ..ktests import KtestRandom


class Words(KtestRandom):
    """A program's numbers: next_random() of labs/lab06-processes/user/user.h, whole words."""

    def __call__(self, n=1 << 32):
        return super().__call__(n)
