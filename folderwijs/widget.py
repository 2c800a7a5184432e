"""The chat as one script: joined from web/widget/ when the service starts."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from folderwijs.practice import Practice

PARTS = ("texts", "dom", "colors", "memory", "service", "voice", "turn", "page", "chat", "start")
"""The files of web/widget/, in the order in which they are joined."""

_BEFORE = """(() => {
"use strict";
const SCRIPT = document.currentScript;
if (!SCRIPT || !window.customElements || !Element.prototype.attachShadow) return;
const BASE = new URL(SCRIPT.src).href.replace(/(widget\\/[^/]*\\/)?folderwijs\\.js.*$/, "");
"""
_AFTER = "})();\n"


@dataclass(frozen=True)
class WidgetScript:
    """The script as it is served.

    Attributes:
        content: the script, in UTF-8.
    """

    content: bytes

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits that change with the content."""
        return hashlib.sha256(self.content).hexdigest()[:12]

    @cached_property
    def integrity(self) -> str:
        """What an `integrity` attribute holds for this content."""
        return "sha384-" + base64.b64encode(hashlib.sha384(self.content).digest()).decode("ascii")

    @cached_property
    def compressed(self) -> bytes:
        """The content, with gzip."""
        return gzip.compress(self.content, mtime=0)


def join_script(folder: Path, practice: Practice) -> WidgetScript:
    """Join the parts of the chat into one script, with the practice's name and number for when the service is away.

    Args:
        folder: where the parts and `style.css` are.
        practice: the practice.
    """
    known = {"PRACTICE": {"name": practice.name, "phone": practice.phone}, "STYLES": (folder / "style.css").read_text("utf8")}
    constants = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in known.items())
    parts = "".join((folder / f"{part}.js").read_text("utf8") for part in PARTS)
    return WidgetScript(f"{_BEFORE}{constants}{parts}{_AFTER}".encode())
