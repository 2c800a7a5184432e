"""Dutch tokens and lemmas from spaCy: nl_core_news_sm where it is installed, else a stand-in from PyPI packages alone."""

from __future__ import annotations

from typing import Callable

import spacy
from spacy.language import Language
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc
from spacy.util import compile_infix_regex, compile_prefix_regex, compile_suffix_regex

from folderwijs.understanding.words import WORD, Word, clean, lemma_of

STAND_IN = "nl_stand_in"
"""The name of the stand-in; it is part of a model's fingerprint, so a change of spaCy model trains anew."""


MOST_NEW_WORDS = 50_000
"""Words that a vocabulary may learn before it is made anew; they take about 40 MB."""


@spacy.registry.tokenizers("folderwijs.without_exceptions")
def without_exceptions() -> Callable[[Language], Tokenizer]:
    """A tokenizer with the language's rules, and without its thousands of exceptions (abbreviations, emoticons).

    To learn those takes spaCy most of a second. What they keep together, `words_of_token` takes apart; only the lemma of a few words is another one ("'s").
    """

    def make(language: Language) -> Tokenizer:
        rules = language.Defaults
        return Tokenizer(
            language.vocab, prefix_search=compile_prefix_regex(rules.prefixes).search, suffix_search=compile_suffix_regex(rules.suffixes).search,
            infix_finditer=compile_infix_regex(rules.infixes).finditer, token_match=rules.token_match, url_match=rules.url_match,
        )

    return make


@Language.component("simplemma")
def add_lemmas(doc: Doc) -> Doc:
    """Give every token its lemma from simplemma."""
    for token in doc:
        token.lemma_ = lemma_of(token.text.lower())
    return doc


def available(name: str) -> bool:
    """Whether the spaCy model `name` is installed."""
    return bool(spacy.util.is_package(name))


def name_in_use(name: str) -> str:
    """`name` where it is installed, else `STAND_IN`."""
    return name if available(name) else STAND_IN


def in_use(name: str) -> str:
    """One line that says which of the two is in use."""
    if available(name):
        return f"spaCy model: {name}"
    return f"spaCy model: {name} is not installed, using the stand-in (spaCy's Dutch tokens, simplemma's lemmas)"


def load(name: str) -> Language:
    """Load the model `name`, or the stand-in where it is not installed.

    Of the model, what parses and what finds names is left out: nothing here uses it, and it costs 2 ms a message.
    """
    if available(name):
        return spacy.load(name, exclude=["parser", "ner"])
    language = spacy.blank("nl", config={"nlp": {"tokenizer": {"@tokenizers": "folderwijs.without_exceptions"}}})
    language.add_pipe("simplemma")
    language.add_pipe("sentencizer")
    return language


class Renewed:
    """A language that is loaded anew now and then: spaCy keeps every word that it ever saw, so visitors could fill the memory with words that are none.

    Args:
        load: gives the language; called at once, and whenever the vocabulary has grown too much, which takes a tenth of a second or, with a model, one.
        most: words it may learn.
    """

    def __init__(self, load: Callable[[], Language], most: int = MOST_NEW_WORDS) -> None:
        self._load = load
        self._most = most
        self._renew()

    def __call__(self, text: str) -> Doc:
        """The text, analysed."""
        return self.current()(text)

    def current(self) -> Language:
        """The language, to be used now and not kept."""
        if len(self._language.vocab.strings) > self._enough:
            self._renew()
        return self._language

    def _renew(self) -> None:
        self._language = self._load()
        self._enough = len(self._language.vocab.strings) + self._most


def words_in(language: Language, text: str) -> list[Word]:
    """The words of a text, with the lemmas of `language`."""
    return [word for token in language(clean(text)) for word in words_of_token(token.text, token.lemma_, token.idx)]


def words_of_token(text: str, lemma: str, start: int) -> list[Word]:
    """The words in one token: none in punctuation, several where spaCy left them together."""
    found = list(WORD.finditer(text))
    if len(found) == 1:
        return [Word(found[0].group(), (lemma or found[0].group()).lower(), start + found[0].start())]
    return [Word(each.group(), lemma_of(each.group()), start + each.start()) for each in found]
