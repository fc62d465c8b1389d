import hashlib
from io import BytesIO
from xml.etree import ElementTree

import pytest
from PIL import Image

from scidex_console.demo.hosts.images import ImageFormat, format_for, make_image

RASTER = {
    ImageFormat.JPEG: "JPEG",
    ImageFormat.PNG: "PNG",
    ImageFormat.GIF: "GIF",
    ImageFormat.WEBP: "WEBP",
    ImageFormat.TIFF: "TIFF",
}


@pytest.mark.parametrize(("image_format", "name"), RASTER.items())
def test_image_decodes_as_its_format(image_format: ImageFormat, name: str) -> None:
    with Image.open(BytesIO(make_image("a figure", image_format))) as image:
        image.load()
        assert image.format == name
        assert image.width >= 300


def test_svg_is_well_formed() -> None:
    root = ElementTree.fromstring(make_image("a figure", ImageFormat.SVG))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize("image_format", list(ImageFormat))
def test_images_differ_by_key_repeat_by_key_and_stay_small(image_format: ImageFormat) -> None:
    images = [make_image(f"figure {number}", image_format) for number in range(12)]
    assert len({hashlib.sha256(image).digest() for image in images}) == 12
    assert images[5] == make_image("figure 5", image_format)
    assert all(3_000 < len(image) < 80_000 for image in images)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://a.org/x.JPG", ImageFormat.JPEG),
        ("https://a.org/x.jpeg", ImageFormat.JPEG),
        ("https://a.org/x.gif?width=800", ImageFormat.GIF),
        ("https://a.org/lax/1%2Ffig.tif", ImageFormat.TIFF),
        ("https://a.org/fetchObject.action?uri=x&representation=PNG_L", ImageFormat.PNG),
        ("https://a.org/asset?id=10.1371/x.e001.PNG", ImageFormat.PNG),
        ("https://a.org/x.svg", ImageFormat.SVG),
        ("https://a.org/x.webp", ImageFormat.WEBP),
    ],
)
def test_format_follows_the_address(address: str, expected: ImageFormat) -> None:
    assert format_for(address) is expected


def test_addresses_without_an_ending_serve_mixed_formats() -> None:
    formats = {format_for(f"https://europepmc.org/articles/PMC{number}/bin/x") for number in range(60)}
    assert formats == {ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.GIF, ImageFormat.TIFF}
