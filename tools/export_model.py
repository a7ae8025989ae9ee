"""Make a model for Paddle Inference: python tools/export_model.py models/noAug_best.pdparams out"""

from _clone import run_command

if __name__ == "__main__":
    run_command("export-model")
