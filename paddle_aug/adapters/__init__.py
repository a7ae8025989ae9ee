"""Other people's programs, run with our augmentations; for their ops, see augment/adapters."""
