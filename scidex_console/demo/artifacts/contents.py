"""The bytes of the store's files: small, valid in their format, the same for the same seed, kind and key."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import pickle
import random
from collections.abc import Callable

from PIL import Image, ImageDraw

from scidex_console.demo.artifacts.model import ContentKind, StoredFile
from scidex_console.demo.artifacts.words import MEASURES, sentence, topic
from scidex_console.demo.hosts.images import format_for, make_image
from scidex_console.demo.hosts.scenarios import address_key

_INK = (0x1F497D, 0xC0504D, 0x4F813D, 0x8064A2)


def make_content(file: StoredFile, seed: int, *, first_version: bool = False) -> bytes:
    """The whole file; with `first_version` what a file that was rewritten held before."""
    if file.kind is ContentKind.PAPER_FIGURE:
        return make_image(address_key(file.key), format_for(file.key))
    version = ":first" if first_version and file.rewritten else ""
    rng = random.Random(f"content:{seed}:{file.kind}:{file.key}{version}")
    return _MAKERS[file.kind](rng)


def lfs_object_of(pointer: bytes) -> str:
    """The sha256 of the object a Git LFS pointer stands for."""
    return next(line for line in pointer.decode().splitlines() if line.startswith("oid ")).rpartition(":")[2]


def _png(rng: random.Random) -> bytes:
    width, height = rng.randrange(72, 132, 4), rng.randrange(56, 100, 4)
    picture = Image.new("P", (width, height), 0)
    picture.putpalette([255, 255, 255, *(ink >> shift & 255 for ink in _INK for shift in (16, 8, 0))])
    pen = ImageDraw.Draw(picture)
    for ink in range(1, rng.randrange(3, len(_INK) + 2)):
        steps = rng.randrange(6, 18)
        pen.line(
            [(width * step // steps, rng.randrange(4, height - 4)) for step in range(steps + 1)], fill=ink
        )
    out = io.BytesIO()
    picture.save(out, format="PNG", compress_level=4)
    return out.getvalue()


def _svg(rng: random.Random) -> bytes:
    width, height = rng.randrange(300, 640), rng.randrange(200, 420)
    marks = (
        f'<rect x="{x}" y="{height - bar}" width="12" height="{bar}" fill="#{rng.choice(_INK):06x}"/>'
        for x, bar in ((x, rng.randrange(5, height)) for x in range(8, width - 12, 16))
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
    return "\n".join([head, f"<title>{topic(rng)}</title>", *marks, "</svg>"]).encode() + b"\n"


def _csv(rng: random.Random) -> bytes:
    columns = rng.sample(MEASURES, rng.randrange(2, 6))
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["sample", *columns])
    for row in range(rng.randrange(8, 90)):
        table.writerow([f"S{row:04}", *(f"{rng.gauss(5, 2):.4f}" for _ in columns)])
    return out.getvalue().encode()


def _notebook(rng: random.Random) -> bytes:
    cells: list[dict[str, object]] = [_text_cell(f"# {topic(rng)}\n", sentence(rng))]
    for number in range(1, rng.randrange(3, 9)):
        value = rng.gauss(0, 1)
        cells.append(_text_cell(sentence(rng)))
        cells.append(
            {
                "cell_type": "code",
                "execution_count": number,
                "metadata": {},
                "outputs": [{"name": "stdout", "output_type": "stream", "text": [f"{value:.6f}\n"]}],
                "source": [f"effect_{number} = {value:.6f}\n", f"print(effect_{number})"],
            }
        )
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps(notebook, indent=1).encode() + b"\n"


def _text_cell(*lines: str) -> dict[str, object]:
    return {"cell_type": "markdown", "metadata": {}, "source": list(lines)}


def _html(rng: random.Random) -> bytes:
    body = "\n".join(f"<p>{sentence(rng)}</p>" for _ in range(rng.randrange(4, 24)))
    title = topic(rng)
    page = (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )
    return page.encode()


def _json(rng: random.Random) -> bytes:
    layers = [{"units": rng.randrange(4, 256), "bias": round(rng.gauss(0, 1), 5)} for _ in range(6)]
    weights = [round(rng.gauss(0, 1), 6) for _ in range(rng.randrange(20, 300))]
    return json.dumps({"name": topic(rng), "layers": layers, "weights": weights}, indent=1).encode() + b"\n"


def _markdown(rng: random.Random) -> bytes:
    parts = [f"# {topic(rng)}"]
    for heading in ("Question", "Method", "Result", "Limits"):
        parts += [f"## {heading}", *(sentence(rng) for _ in range(rng.randrange(1, 5)))]
    return "\n\n".join(parts).encode() + b"\n"


def _pickle(rng: random.Random) -> bytes:
    weights = [rng.gauss(0, 1) for _ in range(rng.randrange(40, 600))]
    return pickle.dumps({"name": topic(rng), "weights": weights}, protocol=4)


def _script(rng: random.Random) -> bytes:
    lines = ["#!/usr/bin/env python3", f'"""{topic(rng)}."""', "import statistics", ""]
    values = [round(rng.gauss(0, 1), 4) for _ in range(rng.randrange(5, 60))]
    return "\n".join([*lines, f"print(statistics.mean({values}))", ""]).encode()


def _lfs_pointer(rng: random.Random) -> bytes:
    oid = hashlib.sha256(rng.randbytes(32)).hexdigest()
    size = rng.randrange(2_000_000, 900_000_000)
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n".encode()


_MAKERS: dict[ContentKind, Callable[[random.Random], bytes]] = {
    ContentKind.PNG: _png,
    ContentKind.SVG: _svg,
    ContentKind.NOTEBOOK: _notebook,
    ContentKind.HTML: _html,
    ContentKind.CSV: _csv,
    ContentKind.JSON: _json,
    ContentKind.MARKDOWN: _markdown,
    ContentKind.PICKLE: _pickle,
    ContentKind.SCRIPT: _script,
    ContentKind.LFS_POINTER: _lfs_pointer,
    ContentKind.EMPTY: lambda rng: b"",
}
