"""Augmented copies as a data set, and trained networks as models for inference."""
