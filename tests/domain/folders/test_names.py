"""What files are called inside a folder."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scidex_console.domain.folders.names import MAX_NAME, Names, friendly_name, friendly_stem, split_extension


def named(
    filename: str, *, artifact_type: str = "figure", artifact_id: str = "fig-1", taken: str = ""
) -> str:
    names = Names(*filter(None, [taken]))
    return friendly_name(filename, artifact_type=artifact_type, artifact_id=artifact_id, names=names)


@pytest.mark.parametrize(
    ("filename", "stem", "extension"),
    [
        ("a.png", "a", ".png"),
        ("a.PNG", "a", ".PNG"),
        ("a.tar.gz", "a", ".tar.gz"),
        ("a.schema.json", "a", ".schema.json"),
        ("a.v1.csv", "a.v1", ".csv"),
        ("a.2024.csv", "a.2024", ".csv"),
        ("a.2024.gz", "a.2024", ".gz"),
        ("a", "a", ""),
        ("a.", "a.", ""),
        ("Smith et al. 2020", "Smith et al. 2020", ""),
        (".gitkeep", ".gitkeep", ""),
        (".manifest.json", ".manifest", ".json"),
        (".tar.gz", ".tar", ".gz"),
        ("a." + "x" * 17, "a." + "x" * 17, ""),
        ("", "", ""),
    ],
)
def test_extension_is_what_tells_the_kind_of_a_file(filename: str, stem: str, extension: str) -> None:
    assert split_extension(filename) == (stem, extension)


@given(st.text())
def test_stem_and_extension_make_the_whole_name_again(filename: str) -> None:
    stem, extension = split_extension(filename)
    assert stem + extension == filename
    assert bool(stem) == bool(filename)


@pytest.mark.parametrize(
    ("filename", "friendly"),
    [
        ("Vasodilator Response (AD).ipynb", "vasodilator_response_ad.ipynb"),
        ("a - b -- c__d.CSV", "a_b_c_d.csv"),
        ("1,000 cells.csv", "1_000_cells.csv"),
        ("it's.png", "it_s.png"),
        ("it’s 5′UTR.png", "it_s_5_utr.png"),
        ("Müller – Überblick.png", "muller_uberblick.png"),
        ("Mu\u0308ller.png", "muller.png"),
        ("тау-белок.png", "tau_belok.png"),
        ("R&amp;D &#65;.png", "r_amp_d_65.png"),
        ("-rf.png", "rf.png"),
        ("tab\tline\nend .png", "tab_line_end.png"),
        ("a.v1.csv", "a_v1.csv"),
        ("x.tar.GZ", "x.tar.gz"),
        ("x" * 300 + ".png", "x" * 60 + ".png"),
        ("x" * 59 + " tail.png", "x" * 59 + ".png"),
        ("no extension", "no_extension"),
        (".gitkeep", "gitkeep"),
    ],
)
def test_friendly_name_is_the_slug_of_the_stem(filename: str, friendly: str) -> None:
    assert named(filename) == friendly


def test_name_without_a_letter_or_digit_falls_back_to_type_and_hash_of_the_id() -> None:
    first = named("---.png", artifact_type="Paper Figure", artifact_id="fig-1")
    assert re.fullmatch(r"paper_figure_[0-9a-f]{8}\.png", first)
    assert named("🧠.png", artifact_type="Paper Figure", artifact_id="fig-1") == first
    assert named("---.png", artifact_type="Paper Figure", artifact_id="fig-2") != first
    assert named("___", artifact_type="", artifact_id="fig-1").startswith("artifact_")
    assert len(named("!", artifact_type="t" * 200)) == MAX_NAME


def test_equal_names_are_told_apart_by_a_number_whatever_their_case() -> None:
    names = Names("manifest.json")
    given_names = [
        friendly_name(name, artifact_type="t", artifact_id="i", names=names)
        for name in ("Manifest.JSON", "A.png", "a.PNG", "a_2.png", "a!.png", "a.csv")
    ]
    assert given_names == ["manifest_2.json", "a.png", "a_2.png", "a_2_2.png", "a_3.png", "a.csv"]


def test_number_fits_into_the_length() -> None:
    names = Names()
    long = "x" * 58 + "_yz"
    first, second = names.give(long[:MAX_NAME], ".png"), names.give(long[:MAX_NAME], ".png")
    assert first == "x" * 58 + "_y.png"
    assert second == "x" * 58 + "_2.png"


def test_name_that_is_set_already_is_kept_and_not_given_again() -> None:
    names = Names()
    assert names.reserve("Old Name.PNG") == "Old Name.PNG"
    assert names.give("OLD name", ".png") == "OLD name_2.png"


def test_thousands_of_equal_names_all_differ() -> None:
    names = Names()
    given_names = [names.give("data", ".csv") for _ in range(20_000)]
    assert len(set(given_names)) == 20_000
    assert given_names[-1] == "data_20000.csv"


_FILENAMES = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=80) | st.sampled_from(
    ["a.png", "A.png", "a!.png", "a_2.png", "manifest.json", "ACCESSORIES", "inputs", "\udcff.png"]
)


@given(st.lists(_FILENAMES, max_size=20), st.text(max_size=80), st.text(max_size=20))
def test_every_name_is_short_ascii_lower_case_and_its_own(
    filenames: list[str], artifact_type: str, artifact_id: str
) -> None:
    names = Names("manifest.json", "accessories", "inputs", "outputs")
    given_names = [
        friendly_name(each, artifact_type=artifact_type, artifact_id=artifact_id, names=names)
        for each in filenames
    ]
    assert len(set(given_names)) == len(filenames)
    assert not {"manifest.json", "accessories", "inputs", "outputs"} & set(given_names)
    for name in given_names:
        stem, extension = re.fullmatch(r"([a-z0-9]+(?:_[a-z0-9]+)*)((?:\.[a-z0-9]+){0,2})", name).groups()  # type: ignore[union-attr]
        assert len(stem) <= MAX_NAME
        assert len(extension) <= 18


@given(st.text(max_size=100))
def test_friendly_stem_of_a_friendly_stem_is_itself(text: str) -> None:
    once = friendly_stem(text, artifact_type="figure", artifact_id="i")
    assert friendly_stem(once, artifact_type="figure", artifact_id="i") == once


@pytest.mark.parametrize(
    ("kept", "wanted", "made"),
    [
        ("straße.png", "STRASSE.png", "strasse_2.png"),
        ("ﬁgure.png", "figure.png", "figure_2.png"),
        ("K.png", "k.png", "k_2.png"),
        ("e\u0301.png", "é.png", "e.png"),
        ("\u0130.csv", "i.csv", "i.csv"),
    ],
)
def test_a_name_that_is_kept_is_told_apart_whatever_its_letters_fold_to(
    kept: str, wanted: str, made: str
) -> None:
    names = Names()
    names.reserve(kept)
    assert friendly_name(wanted, artifact_type="figure", artifact_id="figure-1", names=names) == made
