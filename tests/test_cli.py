"""The command line, of a clone by its tools and installed as paddle-aug."""

import logging
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import fields
from types import SimpleNamespace

import pytest
from made_data import write_dataset
from tqdm import tqdm

from paddle_aug import __version__, cli
from paddle_aug.commands import plot, train
from paddle_aug.commands._options import CommandParser
from paddle_aug.config import TrainConfig, flag
from paddle_aug.errors import UserError
from paddle_aug.system.commit import commit

# What measures a clone, and what tools share.
CLONE_ONLY = {"_clone", "benchmark"}


def ended(monkeypatch, *words, program="bin/paddle-aug"):
    """The exit code of paddle-aug with these words, None for 0."""
    monkeypatch.setattr(sys, "argv", [f"/somewhere/{program}", *words])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return stop.value.code


@pytest.mark.parametrize("words", [[], ["-h"], ["--help"]], ids=str)
def test_the_commands_are_listed_with_a_line_each(words, monkeypatch, capsys):
    assert not ended(monkeypatch, *words)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "usage: paddle-aug COMMAND …"
    listed = dict(line.split(maxsplit=1) for line in lines[lines.index("") + 1 :])
    assert list(listed) == cli.names()
    assert listed["train"] == train.__doc__
    assert listed["plot"] == plot.__doc__
    assert not ended(monkeypatch, "--version")
    assert capsys.readouterr().out == f"paddle-aug {__version__}, commit {commit()}\n"


def test_a_mistyped_command_ends_with_the_nearest_one(monkeypatch, capsys):
    assert ended(monkeypatch, "plto", "logs") == 2
    said = "no command 'plto'; did you mean 'plot'? see paddle-aug --help\n"
    assert capsys.readouterr().err == said


def test_as_a_module_it_is_called_as_a_module_in_its_help(monkeypatch, capsys):
    for words, line in (
        ([], "usage: python -m paddle_aug COMMAND …"),
        (["plot", "--help"], "usage: python -m paddle_aug plot "),
    ):
        assert not ended(monkeypatch, *words, program="paddle_aug/__main__.py")
        assert capsys.readouterr().out.startswith(line)
    assert ended(monkeypatch, "plto", program="paddle_aug/__main__.py") == 2
    assert capsys.readouterr().err.endswith("see python -m paddle_aug --help\n")


@pytest.fixture
def help_of(monkeypatch, capsys):
    """Returns the help of a command on a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")

    def show(name, option):
        assert ended(monkeypatch, name, option) == 0
        return capsys.readouterr().out

    return show


@pytest.mark.parametrize("name", cli.names())
def test_a_command_has_help_of_80_columns_whose_examples_it_understands(name, help_of, monkeypatch):
    text = help_of(name, "--help")
    assert text.startswith(f"usage: paddle-aug {name} ")
    assert "--verbose" in text
    assert "(default: )" not in text
    if "--help-all" in text:
        assert set(text.split()) < set(help_of(name, "--help-all").split())
    assert max(map(len, text.splitlines())) <= 80
    _, _, examples = text.partition("examples:\n")

    def parse_only(self, words=None):
        parse(self, words)
        raise SystemExit("understood")

    parse = CommandParser.parse_args
    monkeypatch.setattr(CommandParser, "parse_args", parse_only)
    for example in examples.splitlines():
        program, *words = shlex.split(example)
        assert (program, words[0]) == ("paddle-aug", name)
        assert ended(monkeypatch, *words) == "understood", example
    assert examples.count("\n") >= 2


def test_the_help_of_train_has_the_options_that_people_use_and_help_all_every_one(help_of):
    def options(text):
        return re.findall(r"^  (?:-. NAME, )?(--[a-z-]+)", text, re.M)

    assert options(help_of("train", "--help")) == [
        "--recipe", "--data", "--holdout", "--augment", "--network", "--pretrained", "--image-size",
        "--batch-size", "--learning-rate", "--epochs", "--seed", "--num-workers", "--device",
        "--log-dir", "--resume", "--help-all", "--quiet",
    ]  # fmt: skip
    everything = options(help_of("train", "--help-all"))
    assert {flag(item.name) for item in fields(TrainConfig)} < set(everything)


@pytest.mark.parametrize(
    ("command", "option", "end"),
    [
        ("train", "image-size", "(by the recipe; aistudio: 224, sample: 32)"),
        ("train", "schedule", "(by the recipe; aistudio: constant, sample: cosine)"),
        ("train", "weight-decay", "(default: 0)"),
        ("train", "seed", "(default: 0)"),
        ("train", "stretch", "(default: yes)"),
        ("train", "milestones", "such as 15,18"),
        ("train", "recipe", "(default: sample for the sample data, aistudio for other data)"),
        ("compare", "recipe", "(default: small)"),
        ("compare", "network", "(by the recipe; small: vgg_thin_bn)"),
        ("compare", "learning-rate", "(by the recipe; small: 0.003)"),
        ("search", "image-size", "(by the recipe; small: 64)"),
        ("preview", "image-size", "(by the recipe; aistudio: 224, sample: 32)"),
        ("export", "image-size", "(by the recipe; aistudio: 224, sample: 32)"),
    ],
)
def test_the_default_that_is_shown_holds(command, option, end, help_of):
    text = help_of(command, "--help-all")
    text = re.split(rf"^  (?:-c NAME, )?--{option}\b", text, flags=re.M)[1]
    assert " ".join(re.split(r"\n(?:  -|\n)", text)[0].split()).endswith(end)


def interrupt():
    raise KeyboardInterrupt


def refuse():
    raise UserError("photos: no such folder")


@pytest.mark.parametrize(
    ("main", "code", "message"),
    [
        (lambda: None, None, ""),
        (lambda: 0, 0, ""),
        (lambda: 1, 1, ""),
        (refuse, 2, "photos: no such folder\n"),
        (interrupt, 130, "stopped; go on\n"),
    ],
)
def test_an_end_has_its_exit_code(main, code, message, monkeypatch, capsys):
    command = SimpleNamespace(main=main, STOPPED="stopped; go on")
    monkeypatch.setattr(cli.importlib, "import_module", lambda name: command)
    assert ended(monkeypatch, "plot") == code
    assert capsys.readouterr().err == message


WITHOUT_PADDLE = """
import sys
from paddle_aug import cli
sys.modules["paddle"] = None
cli.main()
"""


def test_a_command_that_lacks_paddle_says_which_wheel_to_install(repository):
    words = [sys.executable, "-c", WITHOUT_PADDLE, "train", "--data", "sample"]
    done = subprocess.run(words, cwd=repository, capture_output=True, text=True)
    pip = f"{shlex.quote(sys.executable)} -m pip install"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "this command needs PaddlePaddle, which is not installed; install it with\n"
        f"  {pip} 'paddlepaddle>=3.3,<3.4'\n"
        "or, for an NVIDIA GPU, with\n"
        f"  {pip} 'paddlepaddle-gpu>=2.6,<4' 'numpy>=1.26,<2'\n"
    )


def test_another_module_that_is_missing_is_a_mistake_of_ours(monkeypatch):
    def main():
        import paddle_aug.nothing  # noqa: F401

    monkeypatch.setattr(cli.importlib, "import_module", lambda name: SimpleNamespace(main=main))
    monkeypatch.setattr(sys, "argv", ["paddle-aug", "plot"])
    with pytest.raises(ModuleNotFoundError):
        cli.main()


def test_a_reader_that_goes_away_is_no_error(repository):
    command = f"{sys.executable} tools/preview.py --list | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=repository, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] in ("0", "141"), "0 where all of it fits into the pipe"


@pytest.mark.parametrize(
    ("words", "shown"),
    [([], "note\nwarning\n"), (["--quiet"], "warning\n"), (["-v"], "detail\nnote\nwarning\n")],
    ids=str,
)
def test_every_command_logs_to_stderr_as_much_as_is_asked_for(words, shown, monkeypatch, capsys):
    def main():
        CommandParser("Plot.").parse_args()
        logger = logging.getLogger("paddle_aug.results.curves")
        logger.debug("detail")
        logger.info("note")
        logger.warning("warning")
        print("result")

    monkeypatch.setattr(cli.importlib, "import_module", lambda name: SimpleNamespace(main=main))
    logger = logging.getLogger("paddle_aug")
    before = logger.level, logger.handlers
    assert not ended(monkeypatch, "plot", *words)
    assert capsys.readouterr() == ("result\n", shown)
    assert before == (logger.level, logger.handlers)


def test_a_message_appears_once_where_paddle_has_given_the_root_logger_a_handler(capsys):
    root, handler = logging.getLogger(), logging.StreamHandler(sys.stderr)
    root.addHandler(handler)
    try:
        with cli.logging_to_stderr():
            logging.getLogger("paddle_aug.training").warning("note")
    finally:
        root.removeHandler(handler)
    assert capsys.readouterr().err == "note\n"


def test_of_the_processes_of_one_training_the_first_shows_all_and_others_only_warnings(
    capsys, monkeypatch
):
    for rank in "01":
        monkeypatch.setenv("PADDLE_TRAINER_ID", rank)
        with cli.logging_to_stderr():
            logging.getLogger("paddle_aug").info("note of %s", rank)
            logging.getLogger("paddle_aug").warning("warning of %s", rank)
    assert capsys.readouterr().err == "note of 0\nwarning of 0\nwarning of 1\n"


def test_a_message_stands_above_the_progress_bar_and_cannot_move_the_cursor(capsys):
    with cli.logging_to_stderr(), tqdm(total=2, ascii=True) as bar:
        logging.getLogger("paddle_aug").info("\x1b[2Jnote")
        bar.update()
    before, _, after = capsys.readouterr().err.partition("\r\\x1b[2Jnote\n")
    assert "0/2" in before
    assert "0/2" in after


def test_every_tool_is_a_script_of_its_command(repository):
    tools = {file.stem: file for file in (repository / "tools").glob("*.py")}
    names = {name.replace("-", "_") for name in cli.names()}
    assert tools.keys() - CLONE_ONLY == names
    for name in names:
        _, script = tools[name].read_text(encoding="utf-8").split("\n", 1)
        assert script == (
            "\nfrom _clone import run_command\n\n"
            f'if __name__ == "__main__":\n    run_command("{name.replace("_", "-")}")\n'
        )


@pytest.mark.parametrize("start", [["-m", "paddle_aug", "plot"], ["tools/plot.py"]], ids=str)
def test_a_clone_has_both_ways(start, repository):
    done = subprocess.run(
        [sys.executable, *start, "nowhere"], cwd=repository, capture_output=True, text=True
    )
    message = "nowhere is not a folder; give the one that training wrote its logs to\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


def test_tools_take_packages_from_the_folder_that_ai_studio_keeps(repository, tmp_path):
    kept = tmp_path / "external-libraries"
    kept.mkdir()
    (kept / "tqdm.py").write_text("raise SystemExit(f'taken from {__file__}')")
    done = subprocess.run(
        [sys.executable, repository / "tools" / "plot.py", "--help"],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.stderr == f"taken from {kept / 'tqdm.py'}\n"


@pytest.mark.parametrize("start", [["tools/plot.py"], ["-m", "paddle_aug", "plot"]], ids=str)
@pytest.mark.parametrize("handler", [signal.SIG_DFL, signal.SIG_IGN], ids=["job", "background job"])
def test_ctrl_c_during_imports_ends_a_command_with_a_line(start, handler, repository, tmp_path):
    folder = tmp_path / "external-libraries"
    folder.mkdir()
    (folder / "tqdm.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nraise SystemExit('goes on')\n"
    )
    done = subprocess.run(
        [sys.executable, *start, "--help"],
        cwd=repository,
        env={**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, handler),
    )
    ends = {signal.SIG_DFL: (130, "stopped\n"), signal.SIG_IGN: (1, "goes on\n")}
    assert (done.returncode, done.stderr) == ends[handler]


@pytest.fixture(scope="module")
def installed(repository, tmp_path_factory):
    """Runs paddle-aug as pip installs it, where there is no clone."""
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"
    shutil.copytree(
        repository / "paddle_aug", source / "paddle_aug", ignore=shutil.ignore_patterns("__pyca*")
    )
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(repository / name, source)
    (source / "paddle_aug" / "system" / "commit.txt").write_text("0123abc\n")  # as an sdist has it
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*pip, "--target", str(folder / "there"), str(source)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(source)

    def run(*words):
        return subprocess.run(
            [folder / "there" / "bin" / "paddle-aug", *words],
            env={**os.environ, "PYTHONPATH": str(folder / "there")},
            cwd=folder,
            capture_output=True,
            text=True,
        )

    return run


@pytest.mark.slow
def test_what_is_installed_has_the_commands_and_their_exit_codes(installed):
    helped = installed("--help")
    assert (helped.returncode, helped.stderr) == (0, "")
    assert all(f"\n  {name} " in helped.stdout for name in cli.names())
    assert installed("--version").stdout == f"paddle-aug {__version__}, commit 0123abc\n"
    failed = installed("plot", "nowhere")
    message = "nowhere is not a folder; give the one that training wrote its logs to\n"
    assert (failed.returncode, failed.stdout, failed.stderr) == (2, "", message)
    options = installed("train", "--help")
    assert options.stdout.startswith("usage: paddle-aug train ")
    assert "aistudio-resnet50" in options.stdout, "the recipes are installed, too"


@pytest.mark.slow
def test_what_is_installed_trains_with_workers_and_plots(installed, tmp_path):
    """A worker imports the program that started it."""
    data = ["--data", write_dataset(tmp_path / "photos"), "--device", "cpu", "--num-workers", "1"]
    trained = installed("train", *data, "--network=vgg_thin", "--image-size=32", "--epochs=1")
    assert trained.returncode == 0, trained.stderr
    plotted = installed("plot", "logs")
    assert plotted.returncode == 0, plotted.stderr
    assert plotted.stdout.split()[:2] == ["augmentation", "eval"]
