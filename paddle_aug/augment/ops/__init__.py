"""Augmentations: in each file a kernel, and right below it the op that draws its parameters."""
