"""The command: `python -m fuzzing`."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys

from folderwijs import unused_packages

unused_packages.install()  # before anything imports Rasa

from benchmarks.processes import verdict  # noqa: E402
from folderwijs.answers import load_answers  # noqa: E402
from folderwijs.app import Service  # noqa: E402
from folderwijs.engine import Engine, memory_store  # noqa: E402
from folderwijs.settings import PROJECT, load_settings  # noqa: E402
from folderwijs.training import MODEL  # noqa: E402
from fuzzing.run import fuzz  # noqa: E402


def main() -> int:
    """Fuzz; gives 0 where all promises were kept."""
    parser = argparse.ArgumentParser(description="Sends fuzzed messages through the whole stack, in process.")
    parser.add_argument("--messages", type=int, default=100_000, help="how many (100,000)")
    parser.add_argument("--minutes", type=float, default=120, help="how long at most (120)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="to send the same again")
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    settings = load_settings({"LIMITS": "off", "MAX_CONVERSATIONS": "500", "QUESTIONS_DB": "off"})
    answers = load_answers(PROJECT)
    questions = [topic.ask for topic in answers.leaflet.topics.values()] + [question.ask for question in answers.questions.values()]
    app = Service(settings, answers, lambda: Engine(MODEL, answers, memory_store(settings))).app()
    fuzzed = asyncio.run(fuzz(app, questions, chosen.seed, chosen.messages, chosen.minutes * 60))
    print(f"{fuzzed.sent} messages; statuses {dict(fuzzed.statuses)}; kinds {dict(fuzzed.kinds)}; memory {fuzzed.memory[0]:.0f} to {fuzzed.memory[1]:.0f} MB")
    return verdict(fuzzed.problems())


if __name__ == "__main__":
    sys.exit(main())
