"""Compare augmentations: python tools/compare.py --modes none,userDef,imgaugLib --seeds 5"""

from _clone import run_command

if __name__ == "__main__":
    run_command("compare")
