"""A keyword search over the leaflet: what a clinic has without any assistant. Finds the topic whose sentences share most with the question."""

from __future__ import annotations

from typing import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer

from evaluation.assistant import Assistant, content
from folderwijs.dialogue import UNSURE, Part

_LEAST = 0.1  # cosine similarity below which nothing is found


def keyword_search() -> Assistant:
    """An assistant that answers with the topic whose title and quotes are most like the question (TF-IDF, cosine)."""
    topics = list(content().leaflet.topics.values())
    vectorizer = TfidfVectorizer(lowercase=True, sublinear_tf=True, token_pattern=r"\w\w+")  # noqa: S106, no password
    matrix = vectorizer.fit_transform([" ".join((topic.title, topic.ask, *(source.quote for source in topic.sources))) for topic in topics])

    def understand(text: str) -> Sequence[Part]:
        likeness = (matrix @ vectorizer.transform([text]).T).toarray().ravel()
        best = int(likeness.argmax())
        found = float(likeness[best]) >= _LEAST
        return (Part(text, topics[best].id if found else UNSURE, 1.0 if found else 0.0),)

    return Assistant(understand, content())
