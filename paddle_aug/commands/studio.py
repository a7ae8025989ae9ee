"""Explore augmentations, data, runs and trained networks on a local web page."""

import argparse
import importlib.util
import logging
import shlex
import sys
from pathlib import Path

from paddle_aug.commands._options import (
    CommandParser,
    add_import,
    add_options,
    add_recipe,
    pop_fields,
)
from paddle_aug.errors import UserError
from paddle_aug.inputs import SOURCES

logger = logging.getLogger(__name__)

FIELDS = (*SOURCES, "holdout", "name", "image_size", "stretch", "interpolation", "engine")
EXAMPLES = (
    "--data photos --recipe small",
    "--data photos --weights models/userDefAug_best.pdparams",
)


def main() -> None:
    parser = CommandParser(
        "Open a web page on this machine: augmentations with sliders, what check finds in the "
        "data, curves of runs, and trained networks.",
        "",
        EXAMPLES,
    )
    text = "folder of runs to show"
    parser.add_argument("--logs", type=Path, metavar="DIR", help=text)
    text = "weights to try: a .pdparams file of a run"
    parser.add_argument("--weights", type=Path, metavar="FILE", help=text)
    text = "port of the page (default: the first free one from 8123 on)"
    parser.add_argument("--port", type=int, metavar="N", help=text)
    text = "address to listen at; with another one than this, other machines reach the page"
    parser.add_argument("--host", default="127.0.0.1", metavar="HOST", help=text)
    parser.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    text = "for a host of public apps: no secret in the address, no paths shown, no files written"
    parser.add_argument("--public", action="store_true", help=parser.rarely(text))
    add_import(parser)
    add_recipe(parser)
    add_options(parser, FIELDS, (*SOURCES, "image_size"), ("aistudio", "sample"))
    options = parser.parse_args()
    given = pop_fields(options, FIELDS)
    refuse(options, given)

    # --help and mistyped options need neither of these.
    from paddle_aug.studio.server import is_local, serve
    from paddle_aug.studio.state import Options, Studio

    if not is_local(options.host) and not options.public:
        logger.warning(
            "--host %s lets other machines reach this page. Whoever has the address with its "
            "secret sees your images and can keep this machine busy; nothing is encrypted.",
            options.host,
        )
    studio = Studio(
        Options(given, options.recipe, options.logs, options.weights, public=options.public)
    )
    serve(studio, options.host, options.port, browser=not options.no_browser)


def refuse(options: argparse.Namespace, given: dict) -> None:
    """Refuse ports out of range, what is not there, data that is not for everybody, and an
    environment without the packages."""
    if options.public and any(given.get(name) not in (None, "sample") for name in SOURCES):
        raise UserError("--public shows the data to everybody, so it takes the sample only")
    if options.port is not None and not 0 <= options.port < 2**16:
        raise UserError(f"--port must be from 0 to {2**16 - 1}, not {options.port}")
    if options.logs and not options.logs.is_dir():
        raise UserError(f"no folder {options.logs}, which --logs names")
    if options.weights and not options.weights.is_file():
        raise UserError(f"no file {options.weights}, which --weights names")
    if not all(map(importlib.util.find_spec, ("starlette", "uvicorn"))):
        pip = [sys.executable, "-m", "pip", "install", "starlette>=0.40,<2", "uvicorn>=0.30,<1"]
        raise UserError(
            f"studio needs two packages that are not installed; install them with\n"
            f"  {shlex.join(pip)}"
        )
