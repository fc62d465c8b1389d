"""Images are decoded by a child with limits: bombs are refused, and nothing they do reaches the engine."""

from __future__ import annotations

import asyncio
import io
import os
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from scidex_console.adapters.http import decoding
from scidex_console.adapters.http.decoding import Decoder
from scidex_console.domain.fetching import FetchClass
from tests.adapters.http.fetching import fetching
from tests.adapters.http.raw_server import answer, raw_server

KINDS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "AVIF")


def image(kind: str, size: tuple[int, int] = (40, 30)) -> bytes:
    held = io.BytesIO()
    Image.effect_noise(size, 60).convert("P" if kind == "GIF" else "RGB").save(held, kind)
    return held.getvalue()


def png_of(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG of any promised size, whatever data it holds."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.fixture
async def decoder(tmp_path: Path) -> AsyncIterator[Decoder]:
    made = Decoder(lambda name: tmp_path / name)
    yield made
    await made.aclose()


async def test_sound_images_of_every_kind_decode(decoder: Decoder, tmp_path: Path) -> None:
    for kind in KINDS:
        (tmp_path / kind).write_bytes(image(kind))
        assert await decoder.look(kind) == decoding.Decoded()


async def test_a_bomb_is_refused_by_its_promised_size(decoder: Decoder, tmp_path: Path) -> None:
    (tmp_path / "bomb").write_bytes(png_of(60_000, 60_000, zlib.compress(bytes(1_000_000), 9)))
    looked = await decoder.look("bomb")
    assert "decompression bomb" in looked.bomb and not looked.broken


async def test_a_broken_image_says_what_is_wrong_and_the_next_one_is_fine(
    decoder: Decoder, tmp_path: Path
) -> None:
    (tmp_path / "broken").write_bytes(png_of(40, 30, b"no data at all"))
    (tmp_path / "sound").write_bytes(image("PNG"))
    assert (await decoder.look("broken")).broken
    assert await decoder.look("sound") == decoding.Decoded()


async def test_what_nobody_can_decode_here_is_not_blamed(decoder: Decoder, tmp_path: Path) -> None:
    (tmp_path / "odd").write_bytes(b"\0\0\0 ftypodd " + bytes(100))
    assert await decoder.look("odd") == decoding.Decoded(note="not decoded: no decoder for it")


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xe0\0\x10JFIF\0" + b"garbage" * 40 + b"\xff\xd9",
        b"GIF89a" + bytes(60) + b"\0;",
        b"II*\0" + b"\xff" * 80,
        b"\0\0\0\x1cftypavif\0\0\0\0avifmif1" + b"\xff" * 90,
        image("AVIF")[:-200],
    ],
    ids=["JPEG", "GIF", "TIFF", "AVIF", "AVIF that breaks off"],
)
async def test_an_image_that_has_only_its_marks_is_broken(
    decoder: Decoder, tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "marks").write_bytes(data)
    looked = await decoder.look("marks")
    assert looked.broken and not looked.note


async def test_what_a_library_says_of_a_file_is_not_printed(decoder: Decoder, tmp_path: Path) -> None:
    (tmp_path / "sound").write_bytes(image("PNG"))
    await decoder.look("sound")
    assert decoder._child is not None
    assert os.readlink(f"/proc/{decoder._child.pid}/fd/2") == os.devnull


async def test_tags_that_lead_out_of_the_file_are_no_variant(decoder: Decoder, tmp_path: Path) -> None:
    data = bytearray(image("TIFF"))
    at = data.index(struct.pack("<HHI", 258, 3, 3)) + 8
    data[at : at + 4] = struct.pack("<I", 10**6)
    (tmp_path / "broken.tif").write_bytes(data)
    assert (await decoder.look("broken.tif")).broken


async def test_a_variant_that_the_decoder_does_not_know_is_not_blamed(
    decoder: Decoder, tmp_path: Path
) -> None:
    (tmp_path / "deep.jpg").write_bytes(image("JPEG").replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"))
    looked = await decoder.look("deep.jpg")
    assert "12-bit" in looked.note and not looked.broken


SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{}</svg>'
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a0 "haha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    + "]>"
    + SVG.format("<text>&a11;</text>")
)
SECRET = '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + SVG.format("<text>&x;</text>")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SVG.format("<path d='M0 0'/>"), ""),
        (f'<?xml version="1.0" encoding="iso-8859-1"?><!-- made by hand -->{SVG.format("<g/>")}', ""),
        (SVG.format("<script>alert(1)</script>"), "note: holds a script or a page"),
        (SVG.format("<g onload='go()'/>"), "note: holds a script or a page"),
        (SVG.format("<image href='https://example.org/x.png'/>"), "note: needs other files"),
        (SVG.format("<a href='https://example.org/'><g/></a>"), ""),
        (SVG.format("<image href='data:image/png;base64,AAAA'/>"), ""),
        (SVG.format("<g>"), "broken: it is no XML"),
        (SVG.format("&undefined;"), "broken: it is no XML"),
        ("<html><svg/></html>", "broken: its root element is 'html'"),
        (LAUGHS, "bomb: limit on input amplification factor"),
        (SECRET, ""),
    ],
)
async def test_an_svg_is_parsed_and_what_it_holds_is_told(
    decoder: Decoder, tmp_path: Path, text: str, expected: str
) -> None:
    (tmp_path / "figure.svg").write_text(text, encoding="latin-1")
    looked = await decoder.look("figure.svg", svg=True)
    told = next((f"{name}: {value}" for name, value in vars(looked).items() if value), "")
    assert told.startswith(expected) and bool(told) == bool(expected)


@pytest.mark.parametrize(
    "program", ["import sys; sys.stdin.readline(); sys.exit(1)", "import time; time.sleep(60)"]
)
async def test_an_image_that_kills_or_stops_the_child_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    (tmp_path / "child.py").write_text(program)
    monkeypatch.setattr(decoding, "_CHILD", tmp_path / "child.py")
    decoder = Decoder(lambda name: tmp_path / name, longest_s=1.0)
    try:
        assert "than" in (await decoder.look("x")).bomb
        monkeypatch.undo()
        (tmp_path / "sound").write_bytes(image("PNG"))
        decoder._longest_s = 30.0
        assert await decoder.look("sound") == decoding.Decoded(), "the next image has a child of its own"
    finally:
        await decoder.aclose()


async def test_a_cancelled_look_leaves_no_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "child.py").write_text("import time; time.sleep(60)")
    monkeypatch.setattr(decoding, "_CHILD", tmp_path / "child.py")
    decoder = Decoder(lambda name: tmp_path / name)
    looking = asyncio.create_task(decoder.look("x"))
    while decoder._child is None:
        await asyncio.sleep(0.01)
    pid = decoder._child.pid
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "AVIF"])
async def test_a_body_that_the_end_of_its_connection_cut_is_trouble_also_where_the_format_has_no_end(
    tmp_path: Path, kind: str
) -> None:
    whole = image(kind)

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + whole[: len(whole) * 2 // 3])
        await writer.drain()
        writer.close()

    staged = tmp_path / "staging"
    async with (
        raw_server(talk) as server,
        fetching(
            tmp_path, http_port=server.port, probe="get", decoder=Decoder(lambda name: staged / name)
        ) as world,
    ):
        outcome = await world.fetch("http://h.example.org/x")
        assert world.staging.everything() == []
    assert outcome.outcome is FetchClass.TRANSIENT and "nothing said how long" in outcome.reason


async def test_only_what_decodes_is_stored_and_nothing_else_stays_staged(tmp_path: Path) -> None:
    bodies = {
        "/good.png": image("PNG"),
        "/bomb.png": png_of(60_000, 60_000, zlib.compress(bytes(1_000_000), 9)),
        "/broken.png": png_of(40, 30, b"no data at all"),
        "/misnamed.png": image("JPEG"),
    }

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        path = head.split()[1].decode()
        writer.write(answer("200 OK", bodies[path], "Content-Type: image/png"))

    staged = tmp_path / "staging"
    async with (
        raw_server(talk) as server,
        fetching(
            tmp_path, http_port=server.port, probe="get", decoder=Decoder(lambda name: staged / name)
        ) as world,
    ):
        found = {path: await world.fetch(f"http://h.example.org{path}", path.strip("/")) for path in bodies}
        kept = world.staging.everything()
    assert {path: outcome.outcome for path, outcome in found.items()} == {
        "/good.png": FetchClass.STORED,
        "/bomb.png": FetchClass.REFUSED,
        "/broken.png": FetchClass.SUSPECT,
        "/misnamed.png": FetchClass.STORED,
    }
    assert "bomb" in found["/bomb.png"].reason and "does not decode" in found["/broken.png"].reason
    misnamed = found["/misnamed.png"]
    assert misnamed.extension == "jpg"
    assert misnamed.reason.endswith("sent as image/png, named .png"), "what disagrees is told"
    assert kept == ["good.png", "misnamed.png"]
