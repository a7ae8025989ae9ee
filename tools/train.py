"""Train one fresh network for each augmentation: python tools/train.py --augment allab"""

from _clone import run_command

if __name__ == "__main__":
    run_command("train")
