"""Look over a data set before training on it: python tools/check.py photos"""

from _clone import run_command

if __name__ == "__main__":
    run_command("check")
