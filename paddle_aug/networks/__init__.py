"""Architectures, one a file, in paddle.nn alone."""
