"""The pictures and the table of the benchmarks, from the results that the documentation holds."""

import json
import re

import pytest

pytest.importorskip("matplotlib", reason="the documentation's packages are not installed")

from tools.docs import plots

RESULTS = json.loads(plots.RESULTS.read_text())
RIVALS = [(task, lane) for task in RESULTS["tasks"] for lane in task["lanes"] if lane["ratio"]]


def test_the_page_shows_these_results():
    page = plots.PAGE.read_text()
    assert (
        plots.written_into(plots.written_into(page, "machine", plots.machine(RESULTS)), "table", plots.table(RESULTS))
        == page
    )
    assert all(f"]({plots.FOLDER.name}/{name})" in page for name in plots.pictures(RESULTS))


def test_the_table_has_a_row_for_each_ratio():
    rows = plots.table(RESULTS).splitlines()[2:]
    assert [row.split(" | ")[3] for row in rows] == [f"{lane['ratio']['median']:.2f}" for _, lane in RIVALS]


def test_each_picture_shows_every_race_and_peer_of_its_own():
    pictures = plots.pictures(RESULTS)
    shown = {
        label.get_text() for figure in pictures.values() for axes in figure.axes for label in axes.get_yticklabels()
    } | {axes.get_title(loc="left") for figure in pictures.values() for axes in figure.axes}
    alone = {task["name"] for task, _ in RIVALS if {lane["peer"] for lane in task["lanes"]} == {"adjoint"}}
    assert {task["name"] for task, _ in RIVALS} - alone <= shown


def test_the_pictures_are_of_these_results():
    text = (plots.FOLDER / "starting.svg").read_text()
    (task,) = (task for task in RESULTS["tasks"] if task["name"] == "import")
    for lane in task["lanes"]:
        assert re.search(rf">{lane['peer']}<", text)
