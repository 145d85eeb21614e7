"""A notebook file (nbformat 4), read and written with nothing but `json`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adjoint.cli.command import Refusal


@dataclass(frozen=True)
class Output:
    """One output of a cell.

    `kind` is `stdout`, `stderr`, `result` (the value of the last expression), `display` or `error`; for an error
    `text` is the traceback, and `name` and `value` are the exception's.
    """

    kind: str
    text: str
    name: str = ""
    value: str = ""


@dataclass(frozen=True)
class Cell:
    """One cell, at `index` in its file. `number` counts the code cells that hold code; any other cell has None."""

    index: int
    number: int | None
    source: str
    outputs: tuple[Output, ...] = ()
    may_raise: bool = False


@dataclass(frozen=True)
class Notebook:
    """The cells of the notebook at `path`."""

    path: Path
    cells: tuple[Cell, ...]

    @property
    def code_cells(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.number is not None)


def parse_notebook(content: bytes, path: Path) -> Notebook:
    """Read the `content` of the file `path`; a `Refusal` says why it is no notebook that can be run."""
    try:
        data = json.loads(content)
    except ValueError as error:
        raise Refusal(f"{path} is no notebook: it holds no JSON ({error})") from None
    if not isinstance(data, dict) or not isinstance(version := data.get("nbformat"), int):
        raise Refusal(f"{path} is no notebook: it lacks nbformat, the version of its format")
    if version != 4:
        raise Refusal(
            f"{path} is in notebook format {version}, and only format 4 can be run; "
            f"convert it with: jupyter nbconvert --to notebook --inplace {path}"
        )
    language = _language(data)
    if not language.startswith("python"):
        raise Refusal(f"{path} is a notebook in {language}, not in Python")
    try:
        return Notebook(path, _cells(data["cells"]))
    except (AttributeError, KeyError, TypeError) as error:
        raise Refusal(f"{path} is no notebook: its cells do not follow format 4 ({error!r})") from None


def saved_form(output: Output, number: int) -> dict[str, Any]:
    """`output` of the cell `number` as format 4 saves it."""
    match output.kind:
        case "stdout" | "stderr":
            return {"name": output.kind, "output_type": "stream", "text": _lines(output.text)}
        case "error":
            traceback = output.text.splitlines()
            return {"ename": output.name, "evalue": output.value, "output_type": "error", "traceback": traceback}
        case "result":
            form: dict[str, Any] = {"execution_count": number, "output_type": "execute_result"}
        case _:
            form = {"output_type": "display_data"}
    return form | {"data": {"text/plain": _lines(output.text)}, "metadata": {}}


def _language(data: Mapping[str, Any]) -> str:
    metadata = data.get("metadata") or {}
    for section, key in (("language_info", "name"), ("kernelspec", "language")):
        if name := (metadata.get(section) or {}).get(key):
            return name.lower()
    return "python"


def _cells(saved: list[Mapping[str, Any]]) -> tuple[Cell, ...]:
    cells = []
    number = 0
    for index, cell in enumerate(saved):
        source = _text(cell["source"])
        if cell["cell_type"] == "code" and source.strip():
            number += 1
            tags = cell.get("metadata", {}).get("tags", ())
            outputs = tuple(_output(output) for output in cell["outputs"])
            cells.append(Cell(index, number, source, outputs, may_raise="raises-exception" in tags))
        elif cell["cell_type"] == "markdown":
            cells.append(Cell(index, None, source))
    return tuple(cells)


def _output(saved: Mapping[str, Any]) -> Output:
    match saved["output_type"]:
        case "stream":
            return Output(saved["name"], _text(saved["text"]))
        case "error":
            return Output("error", "\n".join(saved["traceback"]), name=saved["ename"], value=saved["evalue"])
        case "execute_result" as kind:
            kind = "result"
        case _:
            kind = "display"
    # A picture's text is only its class and size, and no pictures are drawn here.
    pictured = any(media.startswith("image/") for media in saved["data"])
    return Output("picture" if pictured else kind, _text(saved["data"].get("text/plain", "")))


def _text(saved: str | list[str]) -> str:
    return saved if isinstance(saved, str) else "".join(saved)


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)
