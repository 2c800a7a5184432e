"""Finding topics from what is typed so far. Knows nothing of Rasa or HTTP."""

from __future__ import annotations

import math
from collections import Counter
from typing import Iterable, Sequence

import msgspec
from rapidfuzz import fuzz

from folderwijs.answers import Answers
from folderwijs.dialogue import UNSURE, Part, Turn
from folderwijs.replies import Kind, Reply, Source
from folderwijs.understanding.words import split_words

_MEANING, _SPELLING = 0.6, 0.4  # weights of what the model makes of the words, and of the words as such
_CLOSE = 80  # percent of letters two words must share to be the same one misspelt
_SHOWN = 0.05  # results below this score have nothing to do with the query


class Result(msgspec.Struct, frozen=True):
    """A topic that was found; `score` is between 0 and 1."""

    topic: str
    title: str
    answer: str
    sources: tuple[Source, ...]
    score: float


class Found(msgspec.Struct, frozen=True):
    """What a search gives: the kind of reply the chat would give, that reply, and the topics found, best first."""

    kind: Kind
    results: tuple[Result, ...]
    reply: Reply


class TopicSearch:
    """Finds topics by meaning and by spelling.

    Args:
        answers: the content to search in.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._words = {
            topic.id: {word.text for word in split_words(" ".join((topic.title, topic.ask, topic.answer, *(source.quote for source in topic.sources))))}
            for topic in answers.leaflet.topics.values()
        }
        self._topics_with = Counter(word for words in self._words.values() for word in words)

    def find(self, query: str, parts: Sequence[Part], limit: int) -> Found:
        """Find topics.

        Args:
            query: what was typed, perhaps half a word.
            parts: what the model makes of it; may be empty.
            limit: how many results at the most.
        """
        meant = {intent: chance for part in reversed(parts) for intent, chance in part.ranking}
        spelt = {id_: self._match(query, words) for id_, words in self._words.items()}
        scores = {id_: _MEANING * meant.get(id_, 0.0) + _SPELLING * spelt[id_] for id_ in self._words}
        best = sorted((id_ for id_ in scores if scores[id_] >= _SHOWN), key=lambda id_: -scores[id_])[:limit]
        reply = self._reply(parts, best, spelt)
        best = list(dict.fromkeys([*reply.topics, *best]))[:limit]  # what the chat would answer comes first
        return Found(reply.kind, tuple(self._result(id_, scores[id_]) for id_ in best), reply)

    def _reply(self, parts: Sequence[Part], best: Sequence[str], spelt: dict[str, float]) -> Reply:
        if parts and parts[0].intent != UNSURE:
            return Turn(self._answers, parts).reply(parts[0])
        if best and spelt[best[0]] >= 0.5:
            return self._answers.topic(best[0])
        return self._answers.clarify(best, "choose" if best else "unknown")

    def _result(self, id_: str, score: float) -> Result:
        topic = self._answers.leaflet.topics[id_]
        return Result(id_, topic.title, topic.answer, topic.sources, round(min(score, 1.0), 3))

    def _match(self, query: str, words: Iterable[str]) -> float:
        """How much of the query stands in `words`, the rarer words counting more; between 0 and 1."""
        weights, matched = 0.0, 0.0
        for typed in {word.text for word in split_words(query)}:
            if len(typed) < 2:
                continue
            similar = {word: self._similarity(typed, word) for word in words}
            word = max(similar, key=lambda word: similar[word], default="")
            weight = math.log(1 + len(self._words) / self._topics_with[word]) if similar.get(word) else math.log(1 + len(self._words))
            weights += weight
            matched += weight * similar.get(word, 0.0)
        return matched / weights if weights else 0.0

    @staticmethod
    def _similarity(typed: str, word: str) -> float:
        if word.startswith(typed):
            return 1.0 if len(typed) >= 3 or typed == word else 0.5
        ratio = fuzz.ratio(typed, word[: len(typed) + 1])
        return ratio / 100 * 0.8 if len(typed) >= 4 and ratio >= _CLOSE else 0.0
