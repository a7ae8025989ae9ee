"""Measure trained weights: python tools/evaluate.py models/userDefAug_best.pdparams"""

from _clone import run_command

if __name__ == "__main__":
    run_command("evaluate")
