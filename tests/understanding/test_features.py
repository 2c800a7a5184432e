from __future__ import annotations

import numpy as np
import pytest

from folderwijs.understanding.features import (
    BLOCKS,
    CHARACTERS,
    Features,
    FollowUp,
    Numbering,
    Vectorizer,
    count,
    features_with,
    features_with_context,
    features_with_negations,
)
from folderwijs.understanding.lexicon import Lexicon
from folderwijs.understanding.words import Word, lemma_of, split_words

LEXICON = Lexicon({"rennen": ["rennen", "joggen"], "spier": ["spier"], "pijn": ["pijn", "zeer"]})
FEATURES = features_with(LEXICON)
WEIGHTS = {"l": 1.0, "c": 2.0, "x": 1.5}
ONCE = dict.fromkeys(BLOCKS, 1)
MESSAGES = [split_words(text) for text in ("mag ik rennen", "mijn spier doet pijn", "mag ik joggen met pijn", "mijn spieren doen zeer")]


@pytest.fixture(scope="module")
def vectorizer() -> Vectorizer:
    return Vectorizer.fit(FEATURES, count(FEATURES, MESSAGES), WEIGHTS, ONCE)[0]


def features_of(text: str, block: str, features: Features = FEATURES) -> list[str]:
    return [feature[1:] for feature in features(split_words(text)).all() if feature[0] == block]


def test_lemmas_come_alone_and_in_pairs_with_the_edges() -> None:
    assert features_of("Mijn spieren", "l") == ["mijn", "spier", "< mijn", "mijn spier", "spier >"]


def test_characters_stay_within_a_word() -> None:
    found = features_of("de pees", "c")
    assert {" de", "de ", " pe", "pees"} <= set(found)
    assert all(" " not in run.strip() for run in found)
    assert {len(run) for run in found} == set(range(CHARACTERS[0], CHARACTERS[1] + 1))


def test_words_that_mean_the_same_give_the_same_concepts() -> None:
    assert features_of("mag ik rennen", "x") == features_of("mag ik joggen", "x") == ["mogen", "ik", "RENNEN", "< mogen", "mogen ik", "ik RENNEN", "RENNEN >"]


@pytest.mark.parametrize(
    ("text", "negated"),
    [("ik heb geen pijn", ["PIJN", "ik<", "hebben<"]), ("rode plek heb ik niet", ["plek<", "hebben<", "ik<"]), ("mijn spier doet pijn", [])],
)
def test_what_stands_around_a_negation_is_marked(text: str, negated: list[str]) -> None:
    assert features_of(text, "n", features_with_negations(LEXICON)) == negated


def test_a_follow_up_has_its_concepts_with_what_came_before() -> None:
    features = features_with_context(LEXICON)
    found = set(features(FollowUp("fietsen", split_words("en joggen dan, joggen"))).all())
    assert {"pfietsen", "pfietsen RENNEN", "pfietsen en", "pfietsen dan"} <= found
    assert found - {feature for feature in found if feature[0] == "p"} == set(FEATURES(split_words("en joggen dan, joggen")).all())


def test_no_words_give_no_features_of_their_own() -> None:
    assert set(FEATURES([]).all()) <= {"l< >", "x< >"}


def test_a_feature_that_is_rare_is_not_learned() -> None:
    twice, _ = Vectorizer.fit(FEATURES, count(FEATURES, MESSAGES), WEIGHTS, {**ONCE, "l": 2})
    words = {feature for feature in twice.names if feature[0] == "l"}
    assert {"lmogen", "lik", "lmijn"} <= words
    assert not {"l" + lemma_of("rennen"), "l" + lemma_of("joggen")} & words


def test_a_block_without_weight_is_left_out() -> None:
    without, _ = Vectorizer.fit(FEATURES, count(FEATURES, MESSAGES), {**WEIGHTS, "c": 0}, ONCE)
    assert {feature[0] for feature in without.names} == WEIGHTS.keys() - {"c"}


def test_each_column_has_one_feature(vectorizer: Vectorizer) -> None:
    assert len(set(vectorizer.names)) == len(vectorizer.names)
    assert vectorizer.idf.shape == (len(vectorizer.names),)


def test_rarer_features_weigh_more(vectorizer: Vectorizer) -> None:
    idf = vectorizer.idf
    assert idf[vectorizer.names.index("l" + lemma_of("rennen"))] > idf[vectorizer.names.index("lmogen")] > 0


@pytest.mark.parametrize("message", MESSAGES, ids=lambda words: words[-1].text)
def test_each_block_is_scaled_to_its_weight(vectorizer: Vectorizer, message: list[Word]) -> None:
    columns, values = vectorizer.row(message)
    assert len(columns) == len(values) == len(set(columns.tolist()))
    block_of = {column: feature[0] for column, feature in enumerate(vectorizer.names)}
    for block in {block_of[column] for column in columns.tolist()}:
        within = [value for column, value in zip(columns.tolist(), values.tolist()) if block_of[column] == block]
        assert np.linalg.norm(within) == pytest.approx(WEIGHTS[block], rel=1e-5)


@pytest.mark.parametrize("text", ["", "qqq"])
def test_a_message_of_unknown_words_has_hardly_anything(vectorizer: Vectorizer, text: str) -> None:
    columns, values = vectorizer.row(split_words(text))
    assert len(columns) == len(values) == 0


def test_each_feature_is_counted_where_it_is() -> None:
    counted = count(FEATURES, [split_words("pijn of pijn"), [], split_words("of niet")])
    assert counted.times.shape == (3, len(counted.names))
    assert len(set(counted.names)) == len(counted.names)
    times = dict(zip(counted.names, counted.times.toarray().T.tolist()))
    assert (times["lpijn"], times["lof"], times["lniet"], times["xPIJN"]) == ([2, 0, 0], [1, 0, 1], [0, 0, 1], [2, 0, 0])
    assert counted.times.sum() == sum(len(list(FEATURES(split_words(text)).all())) for text in ("pijn of pijn", "", "of niet"))


def test_of_no_items_nothing_is_counted() -> None:
    assert count(FEATURES, []).times.shape == (0, 0)


def test_the_first_items_are_learned_from_as_if_they_were_all() -> None:
    every, few = count(features_with_negations(LEXICON), [*MESSAGES, split_words("geen andere woorden")]), count(FEATURES, MESSAGES)
    (ours, rows), (theirs, their_rows) = (Vectorizer.fit(FEATURES, counted, WEIGHTS, ONCE) for counted in (every.first(len(MESSAGES)), few))
    assert ours.names == theirs.names
    assert ours.idf.tolist() == theirs.idf.tolist()
    assert (rows != their_rows).nnz == 0


def test_learning_gives_the_rows_of_what_was_learned_from() -> None:
    messages = [*MESSAGES, []]
    vectorizer, matrix = Vectorizer.fit(FEATURES, count(FEATURES, messages), WEIGHTS, ONCE)
    assert matrix.shape == (len(messages), len(vectorizer.names))
    for number, message in enumerate(messages):
        columns, values = vectorizer.row(message)
        row = np.zeros(len(vectorizer.names))
        row[columns] = values
        assert matrix[number].toarray()[0] == pytest.approx(row)


def test_vectorizers_with_one_numbering_give_what_each_gives_alone() -> None:
    every, few = (Vectorizer.fit(features, count(features, messages), {**WEIGHTS, "n": 1.0}, ONCE)[0] for features, messages in ((FEATURES, MESSAGES), (features_with_negations(LEXICON), [split_words("ik heb geen pijn, niet eens zeer"), *MESSAGES[2:]])))
    numbering = Numbering()
    together = [Vectorizer(alone._features, alone.names, alone.idf, alone.weights, numbering) for alone in (every, few)]
    for message in [*MESSAGES, split_words("geen spier of niet"), split_words("iets heel anders"), []] * 2:
        for alone, shared in zip((every, few), together):
            for ours, theirs in zip(shared.row(message), alone.row(message)):
                assert ours.tolist() == theirs.tolist()
