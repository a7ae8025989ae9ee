"""Tell the class of images: python tools/predict.py models/userDefAug_best.pdparams photos/*.jpg"""

from _clone import run_command

if __name__ == "__main__":
    run_command("predict")
