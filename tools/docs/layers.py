"""Draw the pictures of the architecture: the layers of imports, as pyproject.toml holds them, and what a record meets.

python -m tools.docs.layers           # write docs/assets/layers.svg and docs/assets/namespaces.svg
python -m tools.docs.layers --check   # exit with 1 where one is out of date
"""

from __future__ import annotations

import re
import sys
import tomllib
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "docs" / "assets"

WIDTH, MARGIN, GAP, LINE = 880, 20, 10, 34
STYLE = "font: 14px system-ui, sans-serif"
SHADES = ("#e8eaf6", "#e3f2fd", "#e0f2f1", "#fff8e1")

#: what is in a layer, where its name does not say it
CAPTIONS = {
    "cli": ["the command"],
    "insight": ["the mathematics of a program"],
    "compiler": ["from a traced program to machine code"],
    "ops": ["the records, and what is composed of them: one file per family"],
    "core": ["tensors, types, the graph, the engine: knows no operation by name"],
    "arrays": ["the verbs, and the namespaces that carry them out"],
    "native": ["LLVM and threads"],
    "lazy": ["optional packages, loaded when they are first used"],
}

#: the namespaces of `arrays/`, by their files: what their arrays are, and what runs on them
NAMESPACES = {
    "numpy": ("numbers", "values and gradients"),
    "tensor": ("tensors", "higher derivatives"),
    "batched": ("batches", "vmap"),
    "traced": ("programs", "compile"),
    "symbolic": ("formulas", "explain"),
}


@dataclass
class Drawing:
    """An SVG that grows downwards."""

    title: str
    parts: list[str] = field(default_factory=list)
    height: int = MARGIN

    def box(self, x: float, width: float, lines: list[str], shade: str) -> None:
        """A box with centred lines of text, the first of them bold, at the present height."""
        height = LINE + 17 * (len(lines) - 1)
        self.parts.append(
            f'<rect x="{x:.0f}" y="{self.height}" width="{width:.0f}" height="{height}" rx="6" fill="{shade}" stroke="#90a4ae"/>'
        )
        for place, line in enumerate(lines):
            weight = ' font-weight="600"' if place == 0 else ""
            self.parts.append(
                f'<text x="{x + width / 2:.0f}" y="{self.height + 22 + 17 * place}" text-anchor="middle"{weight}>{escape(line)}</text>'
            )

    def row(self, boxes: list[list[str]], shade: str) -> None:
        """Boxes side by side, of one width."""
        width = (WIDTH - 2 * MARGIN - GAP * (len(boxes) - 1)) / len(boxes)
        for place, lines in enumerate(boxes):
            self.box(MARGIN + place * (width + GAP), width, lines, shade)
        self.height += LINE + 17 * (max(map(len, boxes)) - 1)

    def arrow(self, label: str = "") -> None:
        """An arrow down, in the middle."""
        x, top = WIDTH / 2, self.height + 3
        self.parts.append(
            f'<path d="M{x:.0f} {top}v14m-5 -6l5 6l5 -6" fill="none" stroke="#546e7a" stroke-width="1.5"/>'
        )
        if label:
            self.parts.append(f'<text x="{x + 14:.0f}" y="{top + 13}" fill="#546e7a">{escape(label)}</text>')
        self.height += 22

    def svg(self) -> str:
        height = self.height + MARGIN
        body = "\n".join(self.parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" style="{STYLE}" fill="#263238">\n'
            f"<title>{escape(self.title)}</title>\n"
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff" rx="8"/>\n{body}\n</svg>\n'
        )


def layers() -> list[list[str]]:
    """The layers of the packages, from the top, as the linter of imports holds them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = (each for each in settings["contracts"] if each["id"] == "layers")
    return [re.findall(r"\w+", layer) for layer in contract["layers"]]


def layers_svg() -> str:
    drawing = Drawing("The layers of Adjoint: each imports only what is below it")
    drawing.row([["adjoint: the face", "names only"]], SHADES[0])
    for names in layers():
        drawing.arrow()
        rows = -(-len(names) // 8)
        size = -(-len(names) // rows)
        for start in range(0, len(names), size):
            drawing.row([[name, *CAPTIONS.get(name, ())] for name in names[start : start + size]], SHADES[1])
            drawing.height += GAP if start + size < len(names) else 0
    return drawing.svg()


def namespaces_svg() -> str:
    drawing = Drawing("One record, written in the verbs of array namespaces, serves all ways to carry out a program")
    drawing.row([["a call: torch.sin(x)", "the function, the method, the operator, in place, out="]], SHADES[0])
    drawing.arrow("made from")
    drawing.row([["a record", "sin: its value xp.sin(x), its derivative xp.cos(x)"]], SHADES[3])
    drawing.arrow("written in")
    drawing.row([["verbs", "sin  cos  multiply  sum  matmul  where  reshape ..."]], SHADES[2])
    drawing.arrow("carried out by a namespace xp")
    drawing.row([[name, arrays, purpose] for name, (arrays, purpose) in NAMESPACES.items()], SHADES[1])
    return drawing.svg()


def pictures() -> dict[Path, str]:
    """Each picture: its path and its text."""
    return {ASSETS / "layers.svg": layers_svg(), ASSETS / "namespaces.svg": namespaces_svg()}


def main() -> int:
    stale = [path for path, text in pictures().items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date: run python -m tools.docs.layers", file=sys.stderr)
        return int(bool(stale))
    for path in stale:
        path.write_text(pictures()[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
