"""Search for the augmentation that helps on your data: python tools/search.py --data photos"""

from _clone import run_command

if __name__ == "__main__":
    run_command("search")
