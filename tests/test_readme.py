"""The README says what the code does."""

import re

from folderwijs.settings import PROJECT, SETTINGS

README = (PROJECT / "README.md").read_text("utf8")


def test_the_table_of_settings_is_that_of_the_code():
    rows = re.findall(r"^\| `([A-Z_]+)` \| (?:`([^`]*)`)? ?\| (.+) \|$", README, re.MULTILINE)
    assert rows == [(setting.name, setting.default, setting.meaning) for setting in SETTINGS]


def test_every_make_command_it_names_is_a_target():
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text("utf8"), re.MULTILINE))
    named = set(re.findall(r"`?make ([a-z-]+)", README))
    assert {"start", "test", "check", "train"} <= named
    assert named <= targets


def test_every_file_it_links_to_exists():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (PROJECT / target).is_file(), target


def test_it_names_every_kind_of_reply():
    for kind in ("answer", "not_in_leaflet", "practice", "urgent", "outside", "smalltalk", "clarify", "error"):
        assert f"| `{kind}` |" in README


def test_the_receptionists_page_names_every_key_of_the_desk_and_fits_on_paper():
    page = (PROJECT / "docs" / "balie.md").read_text("utf8")
    shown = re.findall(r"<dt>(.+?)</dt>", (PROJECT / "web" / "desk" / "balie.html").read_text("utf8"))
    for keys in (re.findall(r"<kbd>(.+?)</kbd>", line) for line in shown):
        assert all(f"`{key}`" in page for key in keys), keys
    assert (PROJECT / "docs" / "balie.png").is_file()
    assert len(page.split()) < 500
