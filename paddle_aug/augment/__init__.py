"""Augmentations: ops, the text that chains them, and the modes that have a name."""
