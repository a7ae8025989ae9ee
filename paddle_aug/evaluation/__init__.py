"""What trained weights are worth: accuracy, predictions, invariance."""
