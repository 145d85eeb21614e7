"""Draw a benchmark's results: python -m tools.docs.plots [FILE.json]

Without a file it draws the results that the documentation holds. With one, written by `python -m benchmarks`, it puts that
in their place and draws it. The page of the benchmarks gets its table and its line about the machine from them too.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

FOLDER = Path(__file__).parents[2] / "docs" / "benchmarks"
RESULTS = FOLDER / "results.json"
PAGE = FOLDER.with_suffix(".md")

#: the same results give the same bytes, and text stays text, that a reader can find and select
mpl.rcParams.update({"svg.hashsalt": "adjoint", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10})

COLOURS = {
    "adjoint": "#3949ab", "adjoint-compile": "#1e88e5", "torch": "#e64a19", "torch-compile": "#ff8a65",
    "jax": "#00796b", "jax-jit": "#4db6ac", "autograd": "#8e24aa", "numpy": "#757575",
}  # fmt: skip
MARKS = {"torch": "o", "torch-compile": "s", "jax": "^", "jax-jit": "v", "autograd": "D", "numpy": "P", "adjoint": "o"}

Task = dict[str, Any]


def measured(task: Task) -> list[dict[str, Any]]:
    """The lanes of a race that have times."""
    return [lane for lane in task["lanes"] if lane["seconds"]]


def ratios(tasks: list[Task]) -> Figure:
    """For each race, how many times as long each peer takes: the median, and the spread over the rounds."""
    figure, axes = plt.subplots(figsize=(8.5, 0.42 * len(tasks) + 1.2), layout="constrained")
    labelled = set()
    for row, task in enumerate(tasks):
        rivals = [lane for lane in measured(task) if lane["ratio"]]
        for place, lane in enumerate(rivals):
            at = row + 0.12 * (place - (len(rivals) - 1) / 2)
            peer, ratio = lane["peer"], lane["ratio"]
            label = peer if peer not in labelled else None
            labelled.add(peer)
            axes.plot([ratio["least"], ratio["most"]], [at, at], color=COLOURS[peer], linewidth=1.5, alpha=0.6)
            axes.plot(ratio["median"], at, MARKS[peer], color=COLOURS[peer], markersize=5, label=label)
    axes.axvline(1, color="#37474f", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlabel("the peer's time / Adjoint's: to the right of 1 Adjoint is faster")
    least, most = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1,) if most > 1000 * least else (1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks(range(len(tasks)), [task["name"] for task in tasks])
    axes.set_ylim(len(tasks) - 0.5, -0.5)
    axes.grid(axis="x", color="#cfd8dc", linewidth=0.6)
    figure.legend(loc="outside upper center", ncols=len(labelled), frameon=False)
    return figure


def times(tasks: list[Task]) -> Figure:
    """For each race, the median times themselves."""
    figure, axes_of = plt.subplots(
        len(tasks), 1, figsize=(8.5, sum(0.3 * len(measured(task)) + 0.9 for task in tasks)), layout="constrained",
        height_ratios=[len(measured(task)) + 2 for task in tasks], squeeze=False,
    )  # fmt: skip
    for axes, task in zip(axes_of[:, 0], tasks, strict=True):
        lanes = measured(task)
        seconds = [median(lane["seconds"]) for lane in lanes]
        bars = axes.barh(range(len(lanes)), seconds, color=[COLOURS[lane["peer"]] for lane in lanes])
        axes.bar_label(bars, [_duration(each) for each in seconds], padding=3)
        axes.set_yticks(range(len(lanes)), [lane["peer"] for lane in lanes])
        axes.set_xlim(0, max(seconds) * 1.15)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} s")
        axes.invert_yaxis()
        axes.set_title(task["name"], loc="left", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _duration(seconds: float) -> str:
    for scale, unit in ((1, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


#: the pictures: the races that each shows, in the order in which the benchmark runs them
STARTING = ("import", "compile-time")


def pictures(results: dict[str, Any]) -> dict[str, Figure]:
    """The pictures of a benchmark's results, by their files."""
    tasks = [task for task in results["tasks"] if any(lane["ratio"] for lane in measured(task))]
    compiled = [task for task in tasks if task["ours"] != "adjoint" and task["name"] not in STARTING]
    eager = [task for task in tasks if task["ours"] == "adjoint" and task["name"] not in STARTING]
    eager = [task for task in eager if any(lane["peer"] != "adjoint" for lane in measured(task)[1:])]  # not ours alone
    return {
        "eager.svg": ratios(eager),
        "compiled.svg": ratios(compiled),
        "starting.svg": times([task for task in tasks if task["name"] in STARTING]),
    }


# --- the page -----------------------------------------------------------------------------------------------------


def machine(results: dict[str, Any]) -> str:
    """When, where and with what it was measured."""
    here, options = results["machine"], results["options"]
    versions = ", ".join(f"{name} {version}" for name, version in here["versions"].items())
    shares = [task["bystanders"] for task in results["tasks"] if task["bystanders"] is not None]
    busy = f" Other programs took {median(shares):.0%} of it meanwhile (the median over the races)." if shares else ""
    return (
        f"Measured on {results['when'][:10]} by `python -m benchmarks --rounds {options['rounds']}`, on a machine that was "
        f"shared with others: {here['processor']}, {here['cores']} cores, {here['system'].partition('-')[0]}.{busy} "
        f"Versions: {versions}. The file: [results.json](benchmarks/results.json)."
    )


def table(results: dict[str, Any]) -> str:
    """A row for each race and peer: the ratio, and the spread over the rounds."""
    rows = ["| race | Adjoint | against | ratio | from ... to |", "|---|---|---|---|---|"]
    for task in results["tasks"]:
        ours, *rivals = task["lanes"]
        title, time = f"**{task['name']}**: {task['about']}", _own_time(task, ours)
        for lane in rivals:
            found = lane["ratio"]
            if found:
                spread = f"{found['least']:.2f} ... {found['most']:.2f}"
                rows.append(f"| {title} | {time} | {lane['peer']} | {found['median']:.2f} | {spread} |")
                title = time = ""
    return "\n".join(rows)


def _own_time(task: Task, lane: dict[str, Any]) -> str:
    return f"{_duration(median(lane['seconds']))} / {task['per']}" if lane["seconds"] else ""


def written_into(page: str, name: str, text: str) -> str:
    """A page with the part between the marks of this name replaced.

    >>> written_into("a <!-- b -->1<!-- /b --> c", "b", "2").split()
    ['a', '<!--', 'b', '-->', '2', '<!--', '/b', '-->', 'c']
    """
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, _, rest = page.partition(start)
    return f"{before}{start}\n{text}\n{end}{rest.partition(end)[2]}"


def main() -> int:
    if len(sys.argv) > 1:
        given = json.loads(Path(sys.argv[1]).read_text())
        FOLDER.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(given, indent=1) + "\n")
    results = json.loads(RESULTS.read_text())
    page = written_into(PAGE.read_text(), "machine", machine(results))
    PAGE.write_text(written_into(page, "table", table(results)))
    for name, figure in pictures(results).items():
        figure.savefig(FOLDER / name, metadata={"Date": None})
        plt.close(figure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
