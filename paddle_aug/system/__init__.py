"""Files, signals, processes and memory."""
