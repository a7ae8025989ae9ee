"""The contenders: ours, other libraries, and the bare OpenCV calls."""
