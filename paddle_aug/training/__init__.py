"""The training loop and what it needs: state, checkpoints, metrics, devices. Needs Paddle."""
