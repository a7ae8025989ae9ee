"""What networks do not mind in an image: python tools/invariance.py models/noAug_best.pdparams"""

from _clone import run_command

if __name__ == "__main__":
    run_command("invariance")
