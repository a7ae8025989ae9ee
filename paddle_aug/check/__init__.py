"""What is wrong with a data set: odd files, duplicates, leaks, unbalanced classes."""
