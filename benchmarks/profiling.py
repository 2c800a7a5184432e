"""Where the time of a message goes: cProfile over the engine in this process."""

from __future__ import annotations

import asyncio
import cProfile
import itertools
import pstats
import time
from typing import Any

from benchmarks.load import TURNS, messages
from benchmarks.statistics import median
from folderwijs.answers import load_answers
from folderwijs.engine import Engine, memory_store
from folderwijs.settings import PROJECT, load_settings
from folderwijs.training import MODEL

PARTS = {
    "understanding: our classifier": ("folderwijs/nlu/classifier.py", "process"),
    "understanding: spaCy's words and lemmas": ("rasa/nlu/utils/spacy_utils.py", "process"),
    "choosing the action: RulePolicy": ("rasa/core/policies/rule_policy.py", "predict_action_probabilities"),
    "running the action": ("rasa/core/actions/action.py", "run"),
    "keeping the conversation": ("folderwijs/conversations.py", "save"),
}
"""Parts of a message's way, each the outermost function that does it; none is inside another."""


def profile(count: int) -> dict[str, Any]:
    """Reply to `count` messages in conversations of six.

    Returns:
        The share of each part in all time, the rest as Rasa's own, and the median in milliseconds without the profiler.
    """
    settings = load_settings()
    answers = load_answers(PROJECT, settings.leaflet)
    engine = Engine(MODEL, answers, memory_store(settings))

    async def talk(name: str) -> list[float]:
        taken = []
        for number, text in enumerate(itertools.islice(messages(), count)):
            started = time.perf_counter()
            await engine.reply(text, f"{name} {number // TURNS}")
            taken.append(time.perf_counter() - started)
        return taken

    asyncio.run(talk("warm"))
    plain = asyncio.run(talk("plain"))
    profiler = cProfile.Profile()
    profiler.enable()
    asyncio.run(talk("profiled"))
    profiler.disable()
    stats: dict[tuple[str, int, str], tuple[int, int, float, float, Any]] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    whole = sum(own for _, _, own, _, _ in stats.values())
    shares = {part: _seconds(stats, *place) / whole for part, place in PARTS.items()}
    shares["the rest of Rasa: its processor, graph and tracker"] = max(0.0, 1 - sum(shares.values()))
    return {"messages": count, "median_ms": round(median(plain) * 1000, 2), "shares": {part: round(share, 3) for part, share in shares.items()}}


def _seconds(stats: dict[tuple[str, int, str], tuple[int, int, float, float, Any]], file: str, function: str) -> float:
    """Seconds in a function and all it calls, in the most called place where several have its name (a base class's method calls no other)."""
    return max((cumulative for (path, _, name), (_, _, _, cumulative, _) in stats.items() if path.endswith(file) and name == function), default=0.0)
