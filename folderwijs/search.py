"""Finding topics from what is typed so far. Knows nothing of Rasa or HTTP."""

from __future__ import annotations

import math
from collections import Counter
from typing import Iterable, Literal, Optional, Sequence

import msgspec
from rapidfuzz import fuzz

from folderwijs.answers import Answers
from folderwijs.dialogue import ALARM, UNSURE, Part, Turn
from folderwijs.replies import Kind, Reply, Source
from folderwijs.understanding.words import split_words

_MEANING, _SPELLING = 0.6, 0.4  # weights of what the model makes of the words, and of the words as such
_CLOSE = 80  # percent of letters two words must share to be the same one misspelt
_TITLE = 0.05  # what a word in a topic's title counts for besides
_LIKELY = 0.5  # scores from here on are likely: more than spelling alone can give; so is a probability of what the chat would say
_SURE = 0.9  # probability from which what the chat would say is sure: of 916 held-out questions 98%, from 0.5 on 78% of 96
_CERTAINLY_ELSE = 0.9  # probability from which a message is something else, whatever its words look like
_SPELT_OUT = 0.8  # part of the words that must be found for them to decide
_FEWEST_LETTERS = 3  # of a half-typed word
_SHOWN = 0.05  # results below this score have nothing to do with the query


Certainty = Literal["zeker", "waarschijnlijk", "misschien"]


class Result(msgspec.Struct, frozen=True):
    """A topic that was found; `score` is between 0 and 1."""

    topic: str
    title: str
    answer: str
    sources: tuple[Source, ...]
    score: float


class Found(msgspec.Struct, frozen=True):
    """What a search gives.

    Attributes:
        kind: the kind of `reply`.
        results: the topics found, best first.
        reply: what the chat would say; where it would not know a half-typed word, what that word most likely becomes.
        certainty: of each result, how sure it is.
    """

    kind: Kind
    results: tuple[Result, ...]
    reply: Reply
    certainty: tuple[Certainty, ...] = ()


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
        self._titles = {topic.id: {word.text for word in split_words(f"{topic.title} {topic.ask}")} for topic in answers.leaflet.topics.values()}
        self._gaps = [
            (id_, name, {word.text for word in split_words(name) if len(word.text) > _FEWEST_LETTERS})
            for id_, question in answers.questions.items()
            if id_ not in answers.leaflet.topics and question.subject != answers.questions["overig"].subject
            for name in (*question.names, question.subject)
        ]
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
        scores = {id_: _MEANING * meant.get(id_, 0.0) + _SPELLING * spelt[id_] + _TITLE * self._match(query, self._titles[id_]) for id_ in self._words}
        best = sorted((id_ for id_ in scores if scores[id_] >= _SHOWN), key=lambda id_: -scores[id_])[:limit]
        reply = self._reply(query, parts, best, spelt)
        best = list(dict.fromkeys([*reply.topics, *best]))[:limit]  # what the chat would answer comes first
        certainty = tuple(self._certainty(id_, scores[id_], parts, reply) for id_ in best)
        return Found(reply.kind, tuple(self._result(id_, scores[id_]) for id_ in best), reply, certainty)

    def _reply(self, query: str, parts: Sequence[Part], best: Sequence[str], spelt: dict[str, float]) -> Reply:
        urgent = next((part for part in parts if part.intent.startswith(ALARM)), None)  # before anything else
        if urgent is not None:
            return Turn(self._answers, parts).reply(urgent)
        if parts and parts[0].intent != UNSURE:
            reply = Turn(self._answers, parts).reply(parts[0])
            if reply.kind not in ("outside", "smalltalk", "clarify") or parts[0].confidence >= _CERTAINLY_ELSE:
                return reply
            return self._half_typed(query, best, spelt, parts[0].confidence) or reply
        gap = self._half_typed(query, best, spelt, 0.0)
        if gap is not None:
            return gap
        if best and spelt[best[0]] >= 0.5:
            return self._answers.topic(best[0])
        return self._answers.clarify(best, "choose" if best else "unknown")

    def _half_typed(self, query: str, best: Sequence[str], spelt: dict[str, float], confidence: float) -> Optional[Reply]:
        """What a word that is not finished most likely becomes: a topic, or something the leaflet says nothing about."""
        words = [word.text for word in split_words(query)]
        last = words[-1] if words else ""
        half = len(last) >= _FEWEST_LETTERS and last not in self._topics_with
        if best and spelt[best[0]] >= _SPELT_OUT and (half or confidence < 0.5):
            return self._answers.topic(best[0])
        for id_, name, named in self._gaps if half else ():
            if any(word.startswith(last) for word in named):
                return self._answers.gap(id_, name)
        return None

    @staticmethod
    def _certainty(id_: str, score: float, parts: Sequence[Part], reply: Reply) -> Certainty:
        said = max((part.confidence for part in parts if part.intent == id_), default=0.0) if id_ in reply.topics else 0.0
        if said >= _SURE:
            return "zeker"
        return "waarschijnlijk" if max(said, score) >= _LIKELY else "misschien"

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
