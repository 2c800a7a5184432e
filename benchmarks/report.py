"""Writes docs/performance.md and its plots from docs/performance.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Mapping, Optional

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: E402

from benchmarks.measures import BUSY  # noqa: E402
from folderwijs.settings import PROJECT  # noqa: E402

DOCS = PROJECT / "docs"
NUMBERS = DOCS / "performance.json"
"""The figures of the last whole run."""

TITLES = {"ours": "ours", "leanest": "stock, leanest", "default": "stock, default"}
_COLOURS = {"ours": "#2a7f78", "leanest": "#d98a29", "default": "#c0392b"}

Numbers = Mapping[str, Any]


def write(numbers: Numbers, docs: Path = DOCS) -> None:
    """Write performance.md and its plots to `docs`.

    Args:
        numbers: as `python -m benchmarks` writes them.
        docs: the folder.
    """
    _plot_latency(numbers["setups"], docs)
    _plot_memory(numbers["setups"], docs)
    _plot_long(numbers["setups"], docs)
    if numbers["scale"]:
        _plot_scale(numbers["scale"], docs)
    (docs / "performance.md").write_text(page(numbers), "utf8")


def page(numbers: Numbers) -> str:
    """The text of performance.md."""
    setups, machine = numbers["setups"], numbers["machine"]
    names = [name for name in TITLES if name in setups]
    lines = [
        "# Performance",
        "",
        "Written by `make bench`; do not edit by hand. Text around the numbers: `benchmarks/report.py`; the numbers: `performance.json`.",
        "",
        f"Measured on {numbers['date']}: {machine['processor']}, {machine['memory']}, {machine['system']}, Python {machine['python']}, Rasa {numbers['rasa']}.",
        *_caution(numbers),
        *(line for gap in numbers.get("incomplete", ()) for line in ("", f"**Incomplete**: {gap}")),
        "",
        "## Against what was aimed for",
        "",
        "One worker, ours against the leanest stock set-up.",
        "",
        "| measure | reach | measured | reached |",
        "| --- | --- | --- | --- |",
        *reach(setups, numbers.get("side")),
        "",
        *_side(numbers.get("side")),
        "## What is compared",
        "",
        "- **ours**: `python -m folderwijs serve`, one worker, rate limits off.",
        "- **stock, leanest**: `rasa run` and `rasa run actions` with WhitespaceTokenizer, CountVectorsFeaturizer, LogisticRegressionClassifier and RulePolicy.",
        "- **stock, default**: the same two commands, with the configuration that `rasa init` writes (pipeline and policies left to Rasa: DIET, TED, UnexpecTED).",
        "",
        "The stock projects have our domain, rules and actions (and the default one our stories). Ours and the leanest are trained on the very same questions; the default",
        "one on a sample of 20 questions an intent, because it takes hours on all. So its training time flatters it.",
        "A client in a process of its own (asyncio, aiohttp) plays the visitors; each waits for a reply before the next message. The messages are the held-out",
        "questions, in the same order for all; conversations have 6 messages. A stock reply also goes through its action server, whose memory and processor time count.",
        "",
        "## Start, training and memory",
        "",
        "| | " + " | ".join(TITLES[name] for name in names) + " |",
        "| --- |" + " --- |" * len(names),
        _row("training questions", names, setups, lambda setup: f"{setup['questions']:,}"),
        _row("training, s", names, setups, lambda setup: f"{setup['training']['seconds']:.0f}"),
        _row("memory while training, MB", names, setups, lambda setup: f"{setup['training']['megabytes']:,}"),
        _row("load of the machine before the training", names, setups, lambda setup: f"{setup['training']['load']:.1f}"),
        _row("start to first answer, s (median)", names, setups, lambda setup: f"{setup['start_s']:.1f}"),
        _row("memory at rest, MB", names, setups, lambda setup: f"{setup['rest_mb']:,}" if "rest_mb" in setup else "-"),
        *(_row(f"memory after {('some', 'more')[look - 1]} conversations", names, setups, lambda setup, look=look: _memory(setup, look)) for look in (1, 2)),
        "",
        *_trained_only(numbers.get("trained_only", {})),
        "![memory](performance-memory.png)",
        "",
        "Memory is the resident memory of all processes of a set-up. Ours keeps 10,000 conversations and forgets the rest, and packs those that are idle;",
        "stock keeps everything for ever.",
        "",
        "## Latency and throughput",
        "",
        "| | users | median, ms | 99th percentile, ms | messages a second | processor, ms a message | messages | failed | load before |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(_users_row(name, row) for name in names for row in setups[name]["users"]),
        "",
        "![latency](performance-latency.png)",
        "",
        "Load: processes that ran or waited for a processor in the minute before, on the whole machine; a measurement that began at a load above "
        f"{BUSY:g} was taken again, and the better one kept. Processor: of all processes of the set-up. Failed: no reply came (the default set-up was trained on few questions, and its policies then choose to wait), or an error.",
        f"The client itself, against a server that replies at once: {numbers['client']['per_second']:,.0f} messages a second at 50 users, median "
        f"{numbers['client']['median_ms']:.1f} ms, so it is not what limits.",
        "",
        "## One long conversation",
        "",
        "| | 5th message, ms | 50th | 500th | 500th to 5th |",
        "| --- | --- | --- | --- | --- |",
        *(_long_row(name, setups[name]["long"]) for name in names),
        "",
        "![one long conversation](performance-long.png)",
        "",
        "Each is the median of the five messages around it (the same questions each time).",
        "",
        "## Many more topics",
        "",
        *_scale(numbers["scale"]),
        "",
        "## Where the time goes",
        "",
        f"`python -m benchmarks --profile`: cProfile over {numbers['profile']['messages']:,} messages to the engine in one process, so without HTTP. Shares of all time:",
        "",
        "| part | share |",
        "| --- | --- |",
        *(f"| {part} | {share:.0%} |" for part, share in numbers["profile"]["shares"].items()),
        "",
        f"Without the profiler a message takes the engine {numbers['profile']['median_ms']:.1f} ms (median).",
        "",
        "What was done about it. What reaches into Rasa stands in `folderwijs/speed.py`, each guarded by a test that fails when Rasa changes (`tests/test_speed.py`):",
        "",
        "- the graph's nodes run in an order that is found once (`GraphInOrder`); Dask planned every message anew;",
        "- RulePolicy looks up the rule for the last steps of a conversation (`RulesByPast`); it tried all 200 on the whole conversation, twice for every message;",
        "- rules about what visitors typed are not looked for, because there are none; the rules alone choose the action, without a second policy;",
        "- a tracker is copied as it is before an action, where Rasa plays all its events again, and the class of an event is found once;",
        "- what Rasa copies for log lines that are not written is not copied, and its loggers are made once;",
        "- the results of our own actions are not checked against a JSON schema, and the domain is not written out for every message;",
        "- the features of a message are looked up once for all classifiers (`Numbering`), and read once (`features.read`);",
        "- questions for the receptionist are written together, once a second, not each on its own;",
        "- one thread for the sums of a message: on a busy machine several wait for each other;",
        "- the model is kept out of Python's search for garbage;",
        "- the concept of a word, the numbers of its characters' features, and what it adds after each turn before are remembered for the words that people use;",
        "- no slots are looked for in a message, because only actions set one;",
        "- the start leaves out what is not used: TensorFlow, the libraries of Rasa's channels, spaCy's command line, scikit-learn (`folderwijs/unused_packages.py`), and the tokenizer's exceptions;",
        "- in training the features of a question are counted once for all that learn from it, while one classifier is fitted the next one's are counted, and a rule is held only",
        "  against those with the same last step (`RulesByLastStep`), which with 50 times as many topics saves minutes;",
        "- conversations that are idle are packed, and a conversation keeps its last four turns only.",
        "",
    ]
    return "\n".join(lines)


def reach(setups: Mapping[str, Any], side: Optional[Mapping[str, Any]]) -> list[str]:
    """The rows of what was aimed for.

    Args:
        setups: the figures of each set-up by itself.
        side: those of ours and the leanest in turns, where they were taken; they take the place of those taken one after the other.
    """
    mine = setups["ours"]
    rows: list[tuple[str, str, Optional[tuple[float, float]], float, str, bool]] = []
    both = side or setups
    if "leanest" in both:
        start = (both["leanest"]["start_s"], both["ours"]["start_s"])
        rows = [
            ("median, 1 user", "10x faster", _pair(both, 1, "median_ms"), 10, "ms", True),
            ("throughput, 50 users", "10x", _pair(both, 50, "per_second", ours_first=True), 10, "/s", True),
            ("start to first answer", "2.5x faster", start, 2.5, "s", True),
        ]
    memory = {look["conversations"]: look["megabytes"] for look in mine["many"]}
    rows += [
        ("500th message of a conversation", "within 1.3x of the 5th", _grows(mine["long"]["ms"], "500", "5"), 1.3, "ms", False),
        ("memory after 20,000 conversations", "within 1.1x of after 1,000", (memory[20_000], memory[1_000]) if {1_000, 20_000} <= set(memory) else None, 1.1, "MB", False),
    ]
    lines = []
    for measure, wanted, pair, bound, unit, more in rows:
        if pair is None:
            lines.append(f"| {measure} | {wanted} | not measured | |")
            continue
        ratio = pair[0] / pair[1]
        reached = ratio >= bound if more else ratio <= bound
        lines.append(f"| {measure} | {wanted} | {ratio:.2f}x ({pair[0]:,g} {unit} against {pair[1]:,g} {unit}) | {'yes' if reached else 'no'} |")
    return lines


def _side(side: Optional[Mapping[str, Any]]) -> list[str]:
    """Ours and the leanest stock set-up in turns."""
    if not side:
        return []
    rows = zip(side["ours"]["users"], side["leanest"]["users"])
    return [
        "The first three rows were measured in turns of a few seconds, so that both met the same other work on the machine "
        f"(load {side['loads'][0]:g} to {side['loads'][1]:g}). Processor time is what such work disturbs least.",
        "",
        "| users, in turns | | ours | stock, leanest | |",
        "| --- | --- | --- | --- | --- |",
        *(line for mine, stock in rows for line in _side_rows(mine, stock)),
        "",
    ]


def _side_rows(mine: Mapping[str, Any], stock: Mapping[str, Any]) -> list[str]:
    figures = (("median, ms", "median_ms", False), ("99th percentile, ms", "p99_ms", False), ("messages a second", "per_second", True), ("processor, ms a message", "cpu_ms", False))
    return [
        f"| {mine['users']} | {title} | {mine[key]:,.1f} | {stock[key]:,.1f} | {mine[key] / stock[key] if more else stock[key] / mine[key]:.1f}x |" for title, key, more in figures
    ]


def _caution(numbers: Numbers) -> list[str]:
    loads = [row["load_before"] for setup in numbers["setups"].values() for row in setup["users"]]
    if max(loads) <= BUSY:
        return []
    return [
        "",
        f"Other work ran on the machine: its load was {min(loads):g} to {max(loads):g} when the measurements of latency began, on {numbers['machine']['processor'].split()[0]} cores. So latency,",
        "throughput and start are worse than on a quiet machine, and differ with the load; the processor time of a message is disturbed least.",
    ]


def _pair(setups: Mapping[str, Any], users: int, key: str, *, ours_first: bool = False) -> Optional[tuple[float, float]]:
    """A figure of the leanest stock set-up and of ours with so many users, or None where one is missing."""
    found = [row[key] for name in ("leanest", "ours") for row in setups[name]["users"] if row["users"] == users]
    if len(found) != 2:
        return None
    return (found[1], found[0]) if ours_first else (found[0], found[1])


def _grows(costs: Mapping[str, float], last: str, first: str) -> Optional[tuple[float, float]]:
    return (costs[last], costs[first]) if last in costs and first in costs else None


def _row(title: str, names: list[str], setups: Mapping[str, Any], tell: Any) -> str:
    return f"| {title} | " + " | ".join(tell(setups[name]) for name in names) + " |"


def _trained_only(trained: Mapping[str, Any]) -> list[str]:
    """What was trained, but not served in this run."""
    return [
        line
        for name, found in trained.items()
        for line in (f"{TITLES[name]}: {found['questions']:,} questions trained in {found['seconds']:,.0f} s with {found['megabytes']:,} MB (load {found['load']:g}); not served in this run.", "")
    ]


def _memory(setup: Mapping[str, Any], look: int) -> str:
    if len(setup["many"]) < look:
        return "-"
    found = setup["many"][look - 1]
    return f"{found['megabytes']:,.0f} MB after {found['conversations']:,} conversations of {found['turns']}"


def _users_row(name: str, row: Mapping[str, Any]) -> str:
    return (
        f"| {TITLES[name]} | {row['users']} | {row['median_ms']:,.1f} | {row['p99_ms']:,.1f} | {row['per_second']:,.1f} | {row['cpu_ms']:,.1f} | {row['messages']:,} | {row['failed']} "
        f"| {row['load_before']:g} |"
    )


def _long_row(name: str, long: Mapping[str, Any]) -> str:
    costs = long["ms"]
    cells = [f"{costs[position]:,.1f}" if position in costs else f"- (stopped after {long['sent']})" for position in ("5", "50", "500")]
    grown = _grows(costs, "500", "5")
    return f"| {TITLES[name]} | {' | '.join(cells)} | {f'{grown[0] / grown[1]:.2f}x' if grown else '-'} |"


def _scale(scale: list[Any]) -> list[str]:
    if not scale:
        return ["Not measured in this run."]
    rows = []
    for grown in scale:
        for name, found in grown["setups"].items():
            start = f"| {grown['factor']}x: {grown['intents']:,} intents, {grown['questions']:,} questions | {TITLES[name]} "
            trained = f"| {found['train_s']:,.0f} | {found['train_mb']:,} " if "train_s" in found else "| - | - "
            served = f"| {found['start_s']:.1f} | {found['rest_mb']:,} | {found['median_ms']:,.1f} | {found['p99_ms']:,.1f} " if "median_ms" in found else "| - | - | - | - "
            rows.append(f"{start}{trained}{served}| {' '.join(found.get('why_not', '').split()).replace('|', '/')} |")
    return [
        "The leaflet's topics, and made-up ones until there are so many times as many. A made-up topic has twelve made-up words that look Dutch, and 20 questions that put",
        "them into everyday sentences (`benchmarks/made_up.py`); the other intents have 20 of their own questions. Training is given up after 15 minutes, or at 10 GB of memory.",
        "",
        "| | set-up | training, s | memory while training, MB | start, s | memory at rest, MB | median, ms (1 user) | 99th percentile, ms | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
        "![many more topics](performance-scale.png)",
    ]


def _plain(axes: Any) -> None:
    """Numbers on a logarithmic axis as they are read, not as powers of ten."""
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def _save(figure: Any, docs: Path, name: str) -> None:
    figure.tight_layout()
    figure.savefig(docs / f"performance-{name}.png", dpi=110, metadata={"Software": ""})
    plt.close(figure)


def _plot_latency(setups: Mapping[str, Any], docs: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    for name, setup in setups.items():
        users = [row["users"] for row in setup["users"]]
        left.plot(users, [row["median_ms"] for row in setup["users"]], marker="o", color=_COLOURS[name], label=f"{TITLES[name]}, median")
        left.plot(users, [row["p99_ms"] for row in setup["users"]], marker="x", linestyle=":", color=_COLOURS[name], label=f"{TITLES[name]}, 99th percentile")
        right.plot(users, [row["per_second"] for row in setup["users"]], marker="o", color=_COLOURS[name], label=TITLES[name])
    for axes, label in ((left, "ms"), (right, "messages a second")):
        axes.set(xlabel="users at the same time", ylabel=label, yscale="log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        _plain(axes)
        axes.grid(alpha=0.3, which="both")
        axes.legend(fontsize=8)
    left.set_title("Latency")
    right.set_title("Throughput of one worker")
    _save(figure, docs, "latency")


def _plot_memory(setups: Mapping[str, Any], docs: Path) -> None:
    figure, axes = plt.subplots(figsize=(7, 4))
    for name, setup in setups.items():
        looks = [*([(0, setup["rest_mb"])] if "rest_mb" in setup else []), *((look["conversations"], look["megabytes"]) for look in setup["many"])]
        axes.plot([count for count, _ in looks], [size for _, size in looks], marker="o", color=_COLOURS[name], label=TITLES[name])
    axes.set(xlabel="conversations since the start", ylabel="MB", title="Memory")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    _save(figure, docs, "memory")


def _plot_long(setups: Mapping[str, Any], docs: Path) -> None:
    figure, axes = plt.subplots(figsize=(7, 4))
    for name, setup in setups.items():
        costs = setup["long"]["ms"]
        axes.plot([int(position) for position in costs], list(costs.values()), marker="o", color=_COLOURS[name], label=TITLES[name])
    axes.set(xlabel="message of one conversation", ylabel="ms", title="The cost of a message, the longer the conversation", xscale="log", yscale="log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    _plain(axes)
    axes.set_xticks([5, 50, 500], ["5th", "50th", "500th"])
    axes.grid(alpha=0.3)
    axes.legend()
    _save(figure, docs, "long")


def _plot_scale(scale: list[Any], docs: Path) -> None:
    figure, panels = plt.subplots(1, 3, figsize=(12, 4))
    for axes, key, title in zip(panels, ("train_s", "rest_mb", "median_ms"), ("Training, s", "Memory at rest, MB", "Median at 1 user, ms")):
        for name in ("ours", "leanest"):
            points = [(grown["intents"], grown["setups"][name][key]) for grown in scale if key in grown["setups"].get(name, {})]
            axes.plot([count for count, _ in points], [value for _, value in points], marker="o", color=_COLOURS[name], label=TITLES[name])
        axes.set(xlabel="intents", title=title, xscale="log", yscale="log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5, 7)))
        _plain(axes)
        axes.set_xticks([grown["intents"] for grown in scale])
        axes.grid(alpha=0.3, which="both")
        axes.legend()
    _save(figure, docs, "scale")


def main() -> None:
    """Write the report anew from the stored figures."""
    write(json.loads(NUMBERS.read_text("utf8")))


if __name__ == "__main__":
    main()
