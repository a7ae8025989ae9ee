"""A local web page on one's own data, augmentations, runs and networks."""
