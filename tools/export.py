"""Write augmented copies as a data set: python tools/export.py --augment userDef --copies 4 out"""

from _clone import run_command

if __name__ == "__main__":
    run_command("export")
