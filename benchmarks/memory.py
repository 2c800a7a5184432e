"""How much memory a process has."""

from __future__ import annotations

import re
from pathlib import Path


def megabytes(process: int) -> float:
    """Megabytes of memory that a process has in use; 0 where it is gone or this is not Linux."""
    try:
        status = Path(f"/proc/{process}/status").read_text("utf8")
    except OSError:
        return 0.0
    match = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(match.group(1)) / 1024 if match else 0.0
