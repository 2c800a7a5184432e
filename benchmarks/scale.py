"""Ten and fifty times as many topics and training questions, made up for the purpose: ours beside the leanest stock pipeline."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any, Callable

import yaml

from benchmarks.load import converse
from benchmarks.made_up import QUESTIONS_A_TOPIC, topics
from benchmarks.measures import NotReady, Plan, served
from benchmarks.processes import load_average
from benchmarks.setups import BUILD, Setup, TrainingFailed, ours, stock, trained
from benchmarks.statistics import median, percentile
from benchmarks.stock import LEANEST, nlu_file, our_questions, read_questions
from folderwijs.settings import PROJECT

FACTORS = (1, 10, 50)
SECONDS = 900
"""After which a training is given up."""

_COPIED = ("folderwijs", "actions", "web", "config.yml", "domain.yml", "endpoints.yml", "credentials.yml", "lexicon.yml", "urgent.yml", "practice.yml", "texts.yml", "leaflets", "data")
_LEAFLET = Path("leaflets") / "achillespeestendinose" / "topics.yml"


async def grown(factor: int, plan: Plan, tell: Callable[[str], None]) -> dict[str, Any]:
    """Training, memory and latency of both with `factor` times as many topics, or why one of them could not."""
    folder = write_project(BUILD / f"ours-{factor}x", factor)
    questions = read_questions(folder / "data" / "nlu.yml")
    found: dict[str, Any] = {"factor": factor, "intents": len(questions), "questions": sum(map(len, questions.values())), "setups": {}}
    lean = stock(f"leanest-{factor}x", f"stock, leanest pipeline, {factor}x", LEANEST, questions, folder / "domain.yml", folder / "data" / "rules.yml", stories=False)
    for name, setup in (("ours", ours(folder, f"ours-{factor}x")), ("leanest", lean)):
        found["setups"][name] = await _measure(setup, folder, plan)
        tell(f"{factor}x, {name}: {found['setups'][name]}")
    return found


def write_project(folder: Path, factor: int) -> Path:
    """A copy of ours whose leaflet answers `factor` times as many questions, each intent with `QUESTIONS_A_TOPIC` training questions; gives its folder."""
    folder.mkdir(parents=True, exist_ok=True)  # a model that is there stays
    for name in _COPIED:
        source = PROJECT / name
        shutil.rmtree(folder / name, ignore_errors=True)
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules", "nlu", "follow_ups") if name == "data" else shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    leaflet: dict[str, Any] = _load(folder / _LEAFLET)
    made = topics((factor - 1) * len(leaflet))
    draw = random.Random(1)  # noqa: S311, no secret
    real = {intent: draw.sample(texts, min(QUESTIONS_A_TOPIC, len(texts))) for intent, texts in sorted(our_questions().items())}
    (folder / "data" / "nlu.yml").write_text(nlu_file({**real, **made}), "utf8")
    (folder / "data" / "follow_ups").mkdir()
    for file in (PROJECT / "data" / "follow_ups").glob("*.tsv"):
        shutil.copy(file, folder / "data" / "follow_ups")
    example = leaflet["definitie"]
    _append(folder / "leaflets" / "questions.yml", {name: {"subject": f"het onderwerp {number}"} for number, name in enumerate(made)})
    _append(folder / _LEAFLET, {name: {**example, "title": f"Onderwerp {number}", "ask": f"{texts[0].capitalize()}?", "follow_ups": {}} for number, (name, texts) in enumerate(made.items())})
    domain, rules = _load(folder / "domain.yml"), _load(folder / "data" / "rules.yml")
    domain["intents"] += made
    next(rule for rule in rules["rules"] if rule["rule"] == "Answer from the leaflet")["steps"][0]["or"] += [{"intent": name} for name in made]
    _dump(folder / "domain.yml", domain)
    _dump(folder / "data" / "rules.yml", rules)
    return folder


async def _measure(setup: Setup, folder: Path, plan: Plan) -> dict[str, Any]:
    """Train and serve one of them; without the figures that it did not come to, and with the reason."""
    found: dict[str, Any] = {"load": load_average()}
    try:
        training = trained(setup, SECONDS)
        found |= {"train_s": training["seconds"], "train_mb": training["megabytes"]}
        async with served(setup) as (address, processes, seconds):
            await converse(address, setup, 1, 5, 10, seed=2)
            result = await converse(address, setup, 1, plan.conversations, plan.seconds / 2)
            found |= {"start_s": round(seconds, 1), "rest_mb": round(processes.usage().megabytes), "failed": result.failed}
            found |= {"median_ms": round(median(result.latencies) * 1000, 2), "p99_ms": round(percentile(result.latencies, 99) * 1000, 2), "messages": len(result.latencies)}
    except (TrainingFailed, NotReady) as error:
        found["why_not"] = str(error)[-200:]
    return found


def _load(path: Path) -> Any:
    return yaml.load(path.read_text("utf8"), Loader=yaml.CSafeLoader)  # noqa: S506, a safe loader


def _dump(path: Path, value: Any) -> None:
    path.write_text(yaml.dump(value, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=10_000), "utf8")


def _append(path: Path, entries: dict[str, Any]) -> None:
    if entries:
        path.write_text(path.read_text("utf8") + "\n" + yaml.dump(entries, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=10_000), "utf8")
