"""The training loop and what it needs: state, checkpoints, metrics, devices. Needs Paddle."""

import paddle  # noqa: F401  first: it takes SIGTERM for itself

from paddle_aug.system.signals import restore_sigterm

restore_sigterm()
