"""docs/website.md says what the chat does."""

from __future__ import annotations

import re

from folderwijs.settings import PROJECT

DOC = (PROJECT / "docs" / "website.md").read_text("utf8")
CODE = "".join(path.read_text("utf8") for path in (PROJECT / "web" / "widget").glob("*.js"))


def test_every_setting_of_the_chat_is_in_the_table_and_no_other() -> None:
    in_code = {f"data-{name.lower()}" for name in re.findall(r"\bdataset\.(\w+)", CODE)}
    assert set(re.findall(r"^\| `(data-[a-z]+)` \|", DOC, re.MULTILINE)) == in_code


def test_every_picture_is_there() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)|src=\"([\w-]+\.png)\" alt=\"[^\"]+\"", DOC)
    assert len(pictures) == 6
    for names in pictures:
        assert (PROJECT / "docs" / "".join(names)).stat().st_size > 5_000, names


def test_what_it_quotes_is_what_the_chat_says() -> None:
    for sentence in re.findall(r"“([^”]+)”", DOC):
        if sentence not in ("Ja",):
            assert sentence.rstrip(".") in CODE, sentence
