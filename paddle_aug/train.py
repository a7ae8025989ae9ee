"""Kept for scripts that import `fit` from here."""

from paddle_aug.training.fit import fit

__all__ = ["fit"]
