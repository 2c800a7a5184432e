"""A copy of the project's content, for tests to spoil."""

from __future__ import annotations

from pathlib import Path

LEAFLET = "leaflets/achillespeestendinose"
TOPICS = f"{LEAFLET}/topics.yml"
QUESTIONS = "leaflets/questions.yml"


class ContentCopy:
    """A copy of the project's content that a test may spoil."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, file: str) -> Path:
        """One of its files."""
        return self.folder / file

    def edit(self, file: str, old: str, new: str, *, after: str = "") -> None:
        """Replace the first `old`, which must be there, behind the first `after`."""
        text = self.path(file).read_text("utf8")
        start = text.index(after)
        at = text.index(old, start)
        self.path(file).write_text(text[:at] + new + text[at + len(old) :], "utf8")

    def line(self, file: str, *starts: str) -> int:
        """The number of the line that starts with the last of `starts`, each searched below the one before."""
        lines = self.path(file).read_text("utf8").splitlines()
        number = 0
        for start in starts:
            number = next(at for at, line in enumerate(lines[number:], number + 1) if line.strip().startswith(start))
        return number
