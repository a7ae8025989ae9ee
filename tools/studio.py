"""Explore augmentations, data, runs and networks on a web page: python tools/studio.py"""

from _clone import run_command

if __name__ == "__main__":
    run_command("studio")
