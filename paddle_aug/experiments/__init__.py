"""Many trainings that answer a question: compare and search."""
