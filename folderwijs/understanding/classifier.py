"""Which intent a message has: a linear classifier over words, lemmas and characters."""

from __future__ import annotations

import json
import zipfile
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Sequence

import numpy as np
from numpy.typing import NDArray

from folderwijs.understanding.features import Counted, Features, Numbering, Vectorizer

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BLOCK_WEIGHTS: Mapping[str, float] = {"l": 0.8, "c": 1.5, "x": 1.0}
"""How much each block of features counts; found by leaving one writer out at a time."""
LEAST: Mapping[str, int] = {"l": 2, "c": 3, "x": 2, "n": 2, "p": 1}
"""In how many training questions a feature of each block must stand."""

_ARRAYS = "classifier.npz"
_NAMES = "classifier.json"


_TOLERANCE = 0.01  # of LinearSVC: a hundredth of the default's precision, a sixth less time, and the same reply to all of 1,590 held-out questions
_AT_ONCE = 50  # labels fitted in one go: each time liblinear fits all others together as well, which takes as long as three labels; more need more memory
_REST = ""


def _fit(matrix: csr_matrix, labels: Sequence[str], own: set[str], cost: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit each label of `own` against all others.

    Returns:
        Weights of shape (columns, own labels) and biases of shape (own labels,), the labels sorted.
    """
    from sklearn.svm import LinearSVC  # only training needs it, and it takes half a second of a start

    model = LinearSVC(C=cost, random_state=0, tol=_TOLERANCE).fit(matrix, [label if label in own else _REST for label in labels])
    if len(model.classes_) == 2:  # scikit-learn then keeps only the second one's
        weights, biases = np.vstack([-model.coef_, model.coef_]), np.concatenate([-model.intercept_, model.intercept_])
    else:
        weights, biases = model.coef_, model.intercept_
    kept = model.classes_ != _REST
    return weights[kept].T.astype(np.float32), biases[kept].astype(np.float32)


class Classifier:
    """One-against-the-rest linear support vector machines, their margins turned into probabilities.

    Attributes:
        labels: the intents, sorted.
        vectorizer: the features.
        weights: shape (columns, labels).
        biases: shape (labels,).
        temperature: margins are divided by it before the softmax; smaller is surer.
    """

    def __init__(self, labels: Sequence[str], vectorizer: Vectorizer, weights: NDArray[np.float32], biases: NDArray[np.float32], temperature: float) -> None:
        self.labels = list(labels)
        self.vectorizer = vectorizer
        self.weights = np.ascontiguousarray(weights)  # a message takes whole rows: laid out otherwise, each costs a walk through memory
        self.biases = biases
        self.temperature = temperature

    @classmethod
    def begin(
        cls, threads: Executor, counted: Counted, labels: Sequence[str], features: Features, *, weights: Mapping[str, float] = BLOCK_WEIGHTS, cost: float = 0.6, temperature: float = 0.2
    ) -> Callable[[], "Classifier"]:
        """Begin to learn from labelled messages.

        Args:
            threads: what it is learned in; liblinear lets other threads run.
            counted: the features of the messages; see `Vectorizer.fit`.
            labels: the label of each, at least two different ones.
            features: gives the features of a message.
            weights: of the blocks of features.
            cost: LinearSVC's C.
            temperature: see the class.

        Returns:
            A function that waits for the end and gives the classifier.
        """
        vectorizer, matrix = Vectorizer.fit(features, counted, weights, LEAST)
        names = sorted(set(labels))
        matrix = matrix.astype(np.float64)  # what liblinear takes: each fit would else make its own
        parts = np.array_split(np.array(names, dtype=object), -(-len(names) // _AT_ONCE))
        fits = [threads.submit(_fit, matrix, labels, set(part), cost) for part in parts]

        def finish() -> "Classifier":
            found, biases = zip(*(fit.result() for fit in fits))
            return cls(names, vectorizer, np.hstack(found), np.concatenate(biases), temperature)

        return finish

    def margins(self, message: Any) -> NDArray[np.float32]:
        """How far a message lies on the side of each of `labels`, shape (labels,)."""
        columns, values = self.vectorizer.row(message)
        margins: NDArray[np.float32] = values @ self.weights[columns] + self.biases
        return margins

    def probabilities(self, message: Any, *, soften: float = 1.0) -> NDArray[np.float32]:
        """The probability of each of `labels`, shape (labels,).

        Args:
            message: what the features take.
            soften: see `chances`.
        """
        return self.chances(self.margins(message), soften=soften)

    def chances(self, margins: NDArray[np.float32], *, soften: float = 1.0) -> NDArray[np.float32]:
        """The probability of each of `labels`, from the `margins` of a message; both of shape (labels,).

        Args:
            margins: of the message.
            soften: the temperature is multiplied by it, so that what is less likely shows.
        """
        margins = margins / (self.temperature * soften)
        powers = np.exp(margins - margins.max())
        probabilities: NDArray[np.float32] = powers / powers.sum()
        return probabilities

    def save(self, folder: Path) -> None:
        """Write the classifier to two files in `folder`, made where it is missing: no pickle, so that loading one runs no code."""
        folder.mkdir(parents=True, exist_ok=True)
        vectorizer = self.vectorizer
        np.savez(folder / _ARRAYS, weights=self.weights.astype(np.float16), biases=self.biases, idf=vectorizer.idf)
        names = {"labels": self.labels, "temperature": self.temperature, "vocabulary": list(vectorizer.names), "block_weights": dict(vectorizer.weights)}
        (folder / _NAMES).write_text(json.dumps(names, ensure_ascii=False), "utf8")

    @classmethod
    def load(cls, folder: Path, features: Features, numbering: Optional[Numbering] = None) -> "Classifier":
        """Read what `save` wrote.

        Args:
            folder: where it was written.
            features: the ones it was trained with.
            numbering: shared with other classifiers; None for one of its own.

        Raises:
            OSError, ValueError, KeyError: the files are missing or not what `save` wrote.
        """
        names = json.loads((folder / _NAMES).read_text("utf8"))
        try:
            loaded = np.load(folder / _ARRAYS, allow_pickle=False)
        except zipfile.BadZipFile as error:
            raise ValueError(f"{_ARRAYS} is damaged") from error
        with loaded as arrays:
            vectorizer = Vectorizer(features, names["vocabulary"], arrays["idf"], names["block_weights"], numbering)
            return cls(names["labels"], vectorizer, arrays["weights"].astype(np.float32), arrays["biases"], names["temperature"])
