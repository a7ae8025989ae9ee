"""Draw the figures of the logs and print their table: python tools/plot.py logs/"""

from _clone import run_command

if __name__ == "__main__":
    run_command("plot")
