"""Pictures of what an augmentation does."""
