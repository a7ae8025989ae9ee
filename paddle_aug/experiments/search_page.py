"""The files of a search's report: a page that needs no network, Markdown and a figure."""

import math
from pathlib import Path

import matplotlib
from markupsafe import Markup

from paddle_aug.experiments import search_report
from paddle_aug.results import curves, style
from paddle_aug.results.colours import colours
from paddle_aug.results.html import write_page
from paddle_aug.results.language import N_, _
from paddle_aug.results.svg import Axis, Series, lines
from paddle_aug.results.svg_charts import modes_caption, modes_svg
from paddle_aug.system.files import write_text

OTHERS = N_("other candidates")  # neither in the test nor in the last rung
GREY = "#8a8a8a"


def write(state: dict, folder: Path | str) -> None:
    """Write report.html, report.md and, of a test that has runs, report.png."""
    folder = Path(folder)
    if search_report.accuracies(state, "final"):
        with style.words_with_a_font():
            chart = search_report.chart(state)
            with matplotlib.rc_context(style.settings([*state["final"]["modes"], chart.title])):
                style.save({"report": curves.modes_figure(chart)}, folder, "png")
    write_page(folder / "report.html", "search.html", **contents(state))
    write_text(folder / "report.md", search_report.report(state))


def contents(state: dict) -> dict:
    """What the page says, and its charts."""
    modes = modes_of(state)
    test = None
    if search_report.accuracies(state, "final"):
        chart = search_report.chart(state)
        test = modes_svg(chart, list(modes)), modes_caption(chart)
    return {
        **search_report.contents(state),
        "data": state["data"]["name"],
        "modes": modes,
        "test_chart": test,
        "rungs_chart": rungs_chart(state, list(modes)),
    }


def modes_of(state: dict) -> dict[str, str]:
    """The modes of the test and the candidates of the last rung, if it is not the first, as long as
    there are colours; the others share one."""
    names = list(state["final"]["modes"])
    later = [ranking for ranking in rankings(state)[1:] if ranking]
    for mode in later[-1] if later else ():
        with_it = dict.fromkeys([*names, mode])
        if len(set(colours([*with_it]).values())) == len(with_it):
            names = [*with_it]
    colour = colours(names)
    modes = {mode: colour[mode] for mode in names}
    if any(mode not in modes for ranking in rankings(state) for mode in ranking):
        modes[_(OTHERS)] = GREY
    return modes


def rankings(state: dict) -> list[dict[str, float]]:
    """The mean accuracies of each rung's candidates, NaN for those that diverged."""
    return [
        {mode: math.nan if mean is None else mean for mode, mean in rung["ranking"] or []}
        for rung in state["rungs"]
    ]


def rungs_chart(state: dict, modes: list[str]) -> Markup:
    """The mean accuracy of each candidate in the rungs that it reached, best candidates first."""
    by_rung = rankings(state)
    candidates = [mode for rung in reversed(by_rung) for mode in rung]
    series = []
    for mode in dict.fromkeys(candidates):
        points = [
            (level, 100 * ranking[mode], None)
            for level, ranking in enumerate(by_rung)
            if mode in ranking
        ]
        place = modes.index(mode if mode in modes else _(OTHERS))
        last = mode in by_rung[-1]  # only so many labels have room
        series.append(Series(mode, place, points, "" if last else "thin", mode if last else ""))
    levels = Axis(_("Rung"), whole=True, ticks=range(len(by_rung)))
    accuracy = Axis(_("Accuracy on images held back (%)"), unit=" %")
    return lines(_("Accuracy of the candidates by rung"), series, levels, accuracy)
