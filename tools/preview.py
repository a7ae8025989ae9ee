"""Draw what an augmentation does to images: python tools/preview.py 'hflip|rotate(20)'"""

from _clone import run_command

if __name__ == "__main__":
    run_command("preview")
