"""The contenders: ours, others, and the bare calls below which no op can go."""
