"""What a search found, in words, a table and a figure, all from its state (search.json)."""

import shlex
from pathlib import Path

from matplotlib.figure import Figure

from paddle_aug.results import curves
from paddle_aug.results.stats import Comparison, compare, estimate
from paddle_aug.results.text import code, count, duration, listed, markdown_table, p_text
from paddle_aug.system.files import replacing, write_text


def accuracies(state: dict, part: str) -> dict[str, dict[int, float]]:
    """Of the finished runs of a stage, by mode and seed."""
    found: dict[str, dict[int, float]] = {}
    for run in state["runs"]:
        if run["part"] == part:
            found.setdefault(run["mode"], {})[run["seed"]] = run["accuracy"]
    return found


def plan_text(state: dict) -> str:
    """The plan, a line a stage."""
    plan = state["plan"]
    final = plan["final"]
    lines = [
        f"rung {level}: {_rung_text(rung['candidates'], rung['epochs'], rung['seeds'])}"
        for level, rung in enumerate(plan["rungs"])
    ]
    lines.append(
        f"test: {final['candidates']} modes, {_runs(final['epochs'], final['seeds'])}, which "
        f"{duration(plan['reserved'])} of {duration(state['settings']['budget'])} are kept for"
    )
    return "\n".join(lines)


def run_text(run: dict, spent: float, budget: float) -> str:
    """A line on a run that has ended."""
    return (
        f"{run['part']} seed {run['seed']} {run['mode']}: {100 * run['accuracy']:.1f} % after "
        f"{count(run['epochs'], 'epoch')} ({duration(run['seconds'])}; {duration(spent)} of "
        f"{duration(budget)} spent)"
    )


def compared(state: dict) -> dict[str, Comparison]:
    """The winner with each baseline that was tested with a seed of its own; {} without any."""
    found = accuracies(state, "final")
    winner, *baselines = state["final"]["modes"]
    return compare(
        found.get(winner, {}), {mode: found[mode] for mode in baselines if mode in found}
    )


def answer(state: dict) -> str:
    """The search's result in a sentence."""
    winner = state["final"]["modes"][0]
    comparisons = compared(state)
    if len(state["final"]["modes"]) == 1:
        return (
            f"No gain: the best of {tried(state)} candidates is {code(winner)} itself, the only "
            "mode that it was to be compared with."
        )
    if not comparisons:
        return (
            f"No answer: the budget ran out before {code(winner)}, the best of "
            f"{tried(state)} candidates, could be tested."
        )
    shown = {
        word: [
            f"than {code(mode)} by {each.points[1:]} points"
            for mode, each in comparisons.items()
            if each.shown and (each.difference.mean > 0) == (word == "better")
        ]
        for word in ("better", "worse")
    }
    unclear = [f"{code(mode)} ({each})" for mode, each in comparisons.items() if not each.shown]
    said = [f"{word} {listed(members)}" for word, members in shown.items() if members]
    if not said:
        return (
            f"No significant gain over {listed(unclear)} by {code(winner)}, the best of "
            f"{tried(state)} candidates."
        )
    gain = f"; no significant gain over {listed(unclear)}" if unclear else ""
    return f"{code(winner)} is {', and '.join(said)}{gain}."


def tried(state: dict) -> int:
    """Candidates that were trained at all."""
    return len(accuracies(state, "rung-0"))


def tested(state: dict) -> str:
    """On what the answer stands, a sentence or two."""
    final, data = state["final"], state["data"]
    numbers = {len(found) for found in accuracies(state, "final").values()} or {0}
    seeds = " to ".join(str(number) for number in sorted({min(numbers), max(numbers)}))
    each = "1 seed" if seeds == "1" else f"{seeds} seeds"
    full = state["settings"]["config"]["epochs"]
    shorter = (
        f" The runs had {count(final['epochs'], 'epoch')} each, where the settings say {full}: "
        "longer training tends to favour stronger augmentation."
        if final["epochs"] < full
        else f" The runs had {count(final['epochs'], 'epoch')} each."
    )
    cut = " The budget ended before all runs of the test were done." if final["stopped"] else ""
    return (
        f"Each mode was trained with {each} and evaluated on {data['eval']:,} images "
        f"({data['tested_on']}), which no choice had looked at.{shorter}{cut}"
    )


def report(state: dict) -> str:
    """All of it, as Markdown; the first sentence is the answer."""
    final = state["final"]
    winner = final["modes"][0]
    last = f"last {count(final['last_epochs'], 'epoch')}".replace("last 1 ", "last ")
    settings = state["settings"]
    spent = sum(run["seconds"] for run in state["runs"])
    held_back = f"{100 * settings['config']['holdout']:g} %"
    sections = [
        answer(state),
        tested(state),
        "## The test",
        _test_table(state),
        f"Mean accuracy of the {last}, with a 95 % t-interval over seeds. The winner's lead is "
        "taken in pairs by seed, and has its own interval; p is that of a paired t-test, after "
        f"Holm's correction for {count(len(compared(state)), 'comparison')}.",
        "![Accuracies of the test](report.png)" if accuracies(state, "final") else "",
        "## To train with it",
        f"```sh\n{state['command']} {shlex.quote(winner)}\n```",
        "## What was tried",
        f"{tried(state)} candidates of {len(state['candidates'])} that were proposed, on "
        f"{state['data']['train']:,} training images, of which {held_back} were "
        "held back in each run of the search and judged by. "
        f"{duration(spent)} of {duration(settings['budget'])} were spent.",
        _rung_table(state),
        _left_out(state),
        _candidate_table(state),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def write(state: dict, folder: Path | str) -> None:
    """Write report.md and report.png."""
    if accuracies(state, "final"):
        with replacing(Path(folder) / "report.png") as file:
            figure(state).savefig(file, format="png")
    write_text(Path(folder) / "report.md", report(state))


def figure(state: dict) -> Figure:
    """Draw the accuracies of the test."""
    found = accuracies(state, "final")
    modes = [mode for mode in state["final"]["modes"] if mode in found]
    return curves.accuracies_figure(
        {mode: list(found[mode].values()) for mode in modes}, {modes[0]: "(winner)"}
    )


def _test_table(state: dict) -> str:
    found, comparisons = accuracies(state, "final"), compared(state)
    rows = []
    for mode in state["final"]["modes"]:
        values = list(found.get(mode, {}).values())
        each = comparisons.get(mode)
        rows.append(
            [
                code(mode),
                str(estimate(values)) if values else "–",
                str(len(values)),
                each.points if each else "–",
                p_text(each.p) if each else "–",
                f"{_epoch_seconds(state, 'final', mode):.1f}" if values else "–",
            ]
        )
    return markdown_table(
        ["augmentation", "eval (%)", "seeds", "winner's lead (points)", "p", "s an epoch"], rows
    )


def _rung_table(state: dict) -> str:
    rows = []
    for level, (rung, planned) in enumerate(
        zip(state["rungs"], state["plan"]["rungs"], strict=False)
    ):
        done = sum(run["part"] == f"rung-{level}" for run in state["runs"])
        wanted = f"{planned['candidates'] * planned['seeds']} × {planned['epochs']} epochs"
        rows.append(
            [
                str(level),
                str(len(rung["candidates"])),
                str(rung["epochs"]),
                str(len(rung["seeds"])),
                f"{done} of {wanted}",
            ]
        )
    heads = ["rung", "candidates", "epochs", "seeds", "runs done of those planned"]
    return markdown_table(heads, rows)


def _left_out(state: dict) -> str:
    """What the budget had no room for; "" where it had room for all."""
    said = []
    first = state["plan"]["rungs"][0]["candidates"]
    if first < len(state["candidates"]):
        said.append(
            f"{len(state['candidates']) - first} of the proposed candidates were not planned for"
        )
    for level, planned in enumerate(state["plan"]["rungs"]):
        if level >= len(state["rungs"]) or not state["rungs"][level]["candidates"]:
            said.append(f"rung {level} was left out")
            continue
        rung = state["rungs"][level]
        wanted = _rung_text(planned["candidates"], planned["epochs"], planned["seeds"])
        had = _rung_text(len(rung["candidates"]), rung["epochs"], len(rung["seeds"]))
        if had != wanted:
            said.append(f"rung {level} had {had} instead of {wanted}")
        if rung["stopped"]:
            found = accuracies(state, f"rung-{level}")
            done = sum(len(seeds) for seeds in found.values())
            missing = [mode for mode in rung["candidates"] if mode not in found]
            said.append(
                f"rung {level} was stopped after {count(done, 'run')} of "
                f"{len(rung['candidates']) * len(rung['seeds'])}"
                + (f", without {', '.join(map(code, missing))}" if missing else "")
            )
    final, planned = state["final"], state["plan"]["final"]
    if final["epochs"] < planned["epochs"]:
        said.append(
            f"the test had {count(final['epochs'], 'epoch')} a run instead of {planned['epochs']}"
        )
    if final["stopped"]:
        done = sum(run["part"] == "final" for run in state["runs"])
        said.append(
            f"the test was stopped after {count(done, 'run')} of "
            f"{len(final['modes']) * len(final['seeds'])}"
        )
    return f"Left out because of the budget: {'; '.join(said)}." if said else ""


def _candidate_table(state: dict) -> str:
    """Every candidate, best first: as far up as it came, then by its accuracy there."""
    rankings = [dict(map(tuple, rung["ranking"] or [])) for rung in state["rungs"]]
    reached = {mode: level for level, ranking in enumerate(rankings) for mode in ranking}
    modes = sorted(reached, key=lambda mode: (-reached[mode], -rankings[reached[mode]][mode]))
    rows = [
        [
            code(mode),
            *(f"{100 * ranking[mode]:.1f}" if mode in ranking else "" for ranking in rankings),
            f"{_epoch_seconds(state, f'rung-{reached[mode]}', mode):.1f}",
        ]
        for mode in modes
    ]
    heads = [f"rung {level} (%)" for level in range(len(rankings))]
    return markdown_table(["candidate, judged on images held back", *heads, "s an epoch"], rows)


def _epoch_seconds(state: dict, part: str, mode: str) -> float:
    times = [
        run["epoch_seconds"] for run in state["runs"] if (run["part"], run["mode"]) == (part, mode)
    ]
    return sum(times) / len(times)


def _rung_text(candidates: int, epochs: int, seeds: int) -> str:
    return f"{candidates} candidates, {_runs(epochs, seeds)}"


def _runs(epochs: int, seeds: int) -> str:
    return f"{count(epochs, 'epoch')} with {count(seeds, 'seed')}"
