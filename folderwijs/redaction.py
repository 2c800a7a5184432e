"""Takes what says who somebody is out of a message, before anything of it is kept."""

from __future__ import annotations

import re
from typing import Callable, Iterable, NamedTuple, Optional

import spacy
from spacy.tokens import Doc

from folderwijs.names import name_spans
from folderwijs.understanding.dutch import Renewed, available

MODEL = "nl_core_news_sm"
"""The spaCy model that finds names; without it the patterns do what they can."""

LABELS = re.compile(r"\[(?:naam|telefoon|mail|link|account|datum|bsn|nummer|rekening|kenteken|postcode|adres)\]")
"""What stands in the place of what was taken out."""

_IGNORE = re.IGNORECASE
_DASH = r"[-–—‑]"
_MONTH = r"(?:jan(?:uari)?|feb(?:ruari)?|mrt|maart|apr(?:il)?|mei|jun[i]?|jul[i]?|aug(?:ustus)?|sept?(?:ember)?|okt(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
_YEAR = r"(?:(?:19|20)\d{2}|['’]\s?\d{2})"
_UNIT = (
    r"(?:km|kilometers?|m|meters?|cm|mm|min|minuten|minuut|uur|uren|u|keer|x|maal|dag(?:en)?|week|weken|maand(?:en)?|jaar|jaren|kg|kilo|gram|mg|ml|euro|"
    r"rondjes?|ronden?|stappen|herhalingen|procent|graden|sets?|watt|kcal|pasjes|passen|treden)\b"
)
_DIGIT_WORD = r"(?:nul|een|één|twee|drie|vier|vijf|zes|zeven|acht|negen)"
_BELGIAN_PLACES = (
    r"(?:antwerpen|gent|brugge|leuven|brussel|mechelen|aalst|hasselt|kortrijk|oostende|genk|roeselare|turnhout|dendermonde|lier|geel|ieper|tienen|mol|vilvoorde|"
    r"beveren|dilbeek|deinze|evergem|knokke|heist|waregem|tongeren|bilzen|brasschaat|schoten|kapellen|lokeren|ninove|halle|zottegem|oudenaarde|izegem|menen|"
    r"harelbeke|tielt|torhout|diest|aarschot|herentals|bree|maaseik|lommel|pelt|maasmechelen|beringen|sint-niklaas|sint-truiden|geraardsbergen|eeklo|wetteren|"
    r"zaventem|grimbergen|asse|luik|namen|charleroi|bergen|mortsel|edegem|merksem|deurne|berchem|borgerhout|hoboken|wilrijk|ekeren|zwijndrecht|blankenberge)"
)
_STREET = r"(?:straat|str\.|laan|weg|plein|singel|gracht|kade|dijk|hof|steeg|pad|plantsoen|dreef|park|markt|baan|lei|steenweg|dam|kamp|akker|burg|wal|haven|vest|hoek)"
_NO_STREET = {
    "onderweg", "snelweg", "halfweg", "fietspad", "wandelpad", "bospad", "looppad", "hardlooppad", "voetpad", "ruiterpad", "atletiekbaan", "hardloopbaan", "sintelbaan", "loopbaan",
    "ijsbaan", "renbaan", "kunststofbaan", "finsebaan", "wandelweg", "omweg", "autoweg", "rondweg", "bosweg", "zandpad", "zandweg", "invalshoek", "rijbaan", "skatepark", "skipark",
}
_HOUSE = r"\d{1,4}(?:\s?[a-z]\b|\s?-\s?\w{1,4}\b)?(?!\d)(?!\s*[-/]\s*\d)"


class _Rule(NamedTuple):
    """What to look for; the group `what` of a match, or all of it, becomes `[label]` where `holds` says so."""

    label: str
    pattern: re.Pattern[str]
    holds: Callable[[re.Match[str]], bool] = lambda match: True


def _rule(label: str, pattern: str, holds: Callable[[re.Match[str]], bool] = lambda match: True, flags: int = _IGNORE) -> _Rule:
    return _Rule(label, re.compile(pattern, flags), holds)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def is_bsn(digits: str) -> bool:
    """Whether 8 or 9 digits pass the eleven test of the Dutch citizen service number."""
    digits = digits.zfill(9)
    return len(digits) == 9 and int(digits) > 0 and (sum(int(digit) * weight for digit, weight in zip(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1))) % 11) == 0


def _is_street(match: re.Match[str]) -> bool:
    return match.group("street").lower() not in _NO_STREET


_TWO_LETTER_WORDS = set("km kg mg ml cm mm kj en of in op te is er ik we ze je me na om al zo nu ca ma pa bv dd nm hz mi wt up to a's".split())


def _is_postcode(match: re.Match[str]) -> bool:
    letters = match.group("letters")
    return letters.isupper() or letters.lower() not in _TWO_LETTER_WORDS


_PATTERNS = (
    _rule("link", r"\b(?:https?://|www\.)\S+"),
    _rule("mail", r"[\w.+%'-]+\s?(?:@|\[at\]|\(at\)|\bapenstaartje\b)\s?[\w-]+(?:\s?(?:\.|\(punt\)|\[punt\]|\(dot\)|\[dot\]|\bpunt\b)\s?[a-z][\w-]+)+"),
    _rule("mail", r"[\w.+%'-]+@[\w-]+"),
    _rule("mail", r"\b(?:\w+\s+punt\s+)*[\w.+-]+\s+at\s+[\w-]+\s*(?:\.|\bpunt\b|\bdot\b)\s*[a-z]{2,}\b"),
    _rule("account", r"(?<!\w)@\w{3,}"),
    _rule("rekening", r"\b[A-Z]{2}\s?\d{2}(?:\s?[A-Z]{4})?(?:[\s.-]?\d){10,22}\b"),
    _rule("nummer", r"\brijksregister\w*\W+(?:\w+\W+){0,2}?(?P<what>\d[\d .-]{9,}\d)"),
    _rule("telefoon", r"(?<![\w+])(?:\+|00)\s?[1-9]\d{0,2}[\s./-]?(?:\(0\)[\s./-]?)?\d(?:[\s./–—-]{0,3}\d){6,11}(?!\d)"),
    _rule("telefoon", r"(?<![\d.,])\(?[0o]\d{0,3}\)?(?:\s?[./–—-]?\s?\d){6,9}(?!\d)", lambda match: 9 <= len(_digits(match.group())) + (match.group().lstrip("(")[0] in "oO") <= 10),
    _rule("telefoon", rf"\b(?:{_DIGIT_WORD}[\s,.-]+){{7,}}{_DIGIT_WORD}\b"),
    _rule("telefoon", r"\b(?:tel|telefoon\w*|gsm|mobiel|bel|bereikbaar)\b\W{0,3}(?:\w+\W+){0,3}?(?P<what>\d(?:[ .-]?\d){5,})", lambda match: len(_digits(match.group("what"))) >= 6),
    _rule("datum", r"(?<![\d,/-])(?:0?[1-9]|[12]\d|3[01])\s?[-./–\s]\s?(?:0?[1-9]|1[0-2])\s?[-./–\s]\s?(?:(?:19|20)\d{2}|['’]\s?\d{2})(?!\d)"),
    _rule("datum", rf"(?<![\d,/.-])(?:0?[1-9]|[12]\d|3[01])\s?[-./]\s?(?:0?[1-9]|1[0-2])\s?[-./]\s?\d{{2}}(?![\d/-])(?!\s*{_UNIT})"),
    _rule("datum", r"(?<!\d)(?:19|20)\d{2}\s?[-./]\s?(?:0?[1-9]|1[0-2])\s?[-./]\s?(?:0?[1-9]|[12]\d|3[01])(?!\d)"),
    _rule("datum", rf"\b(?:[1-9]|0[1-9]|[12]\d|3[01])\s*(?:e|de|ste)?\s+(?:van\s+)?{_MONTH}\s*{_YEAR}(?!\d)"),
    _rule("datum", rf"\b{_MONTH}\s+(?:[1-9]|[12]\d|3[01]),?\s+{_YEAR}(?!\d)"),
    _rule("datum", rf"\b(?:geb\w*\.?|jarig|verjaardag|verjaar)\W+(?:\w+\W+){{0,3}}?(?P<what>(?:[1-9]|[12]\d|3[01])\s*(?:e|de|ste)?\s+{_MONTH}|{_MONTH}\s+{_YEAR})"),
    _rule("datum", rf"\b(?:geb\w*\.?(?:dat\w*\.?)?|bouwjaar|jaargang|ik ben van|ben uit|kom uit)\W{{0,3}}(?:(?:in|op|van|is|het|jaar|anno)\W+){{0,3}}(?P<what>{_YEAR}|\d{{8}})(?!\d)"),
    _rule("datum", r"\bgeb\w*\W+(?:\w+\W+)?(?P<what>(?:0?[1-9]|[12]\d|3[01])[\s./-]+(?:0?[1-9]|1[0-2])[\s./-]+(?:\d{4}|\d{2}))(?!\d)"),
    _rule("datum", rf"\b(?:uit|van|in|anno)\s+(?P<what>{_YEAR}),?\s+geboren"),
    _rule("datum", rf"\bgeb\w*\W+op\W+(?P<what>\w+\s+{_MONTH}(?:\s+(?:negentien|tweeduizend|twintig)\w*)?)"),
    _rule("bsn", r"(?<![\d.,])\d(?:[ .-]?\d){7,8}(?![\d])", lambda match: is_bsn(_digits(match.group())) and not re.search(r"\d{3,4} \d{3,4} \d{4}", match.group())),
    _rule(
        "nummer",
        r"\b(?:(?:polis|pati[eë]nt(?:en)?|pat(?=n)|pt(?=n)|klant(?:en)?|dossier|verzeker\w*|relatie|lid|declaratie|behandel|inschrijf|factuur|zorgpas|paspoort|rekening|uzovi|kenteken|bsn|b\.s\.n|sofi|burgerservice)"
        r"[\w-]*\.?(?:\s?(?:nr|nummer)\b\.?)?)\W{0,3}(?:(?:is|nr|nummer|van|met|was|bij|onder|vgz|cz|dsw|menzis|onvz|zilveren|kruis|univ[eé]|fbto|asr)\b\W*){0,4}(?P<what>#?(?=[\w./ -]*\d)(?:[A-Z]{0,3}\d|\d|[A-Z]{1,3}-\d)(?:[\w./-]|\s(?=\d))*\w|\d)",
        lambda match: len(_digits(match.group("what"))) >= 3,
    ),
    _rule("kenteken", r"\b(?=[\w-]*\d)(?=[\w-]*[A-Z])(?:[A-Z\d]{1,3}-){2}[A-Z\d]{1,3}\b", flags=0),
    _rule("postcode", r"\b[1-9]\d{3}\s?(?:-\s?)?(?P<letters>[A-Z]{2})\b(?!['’])", _is_postcode),
    _rule("postcode", rf"\b(?P<what>[1-9]\d{{3}})(?=,?\s+{_BELGIAN_PLACES}\b)"),
    _rule("postcode", rf"\b(?:{_BELGIAN_PLACES},?\s+|postcode\W+(?:is\W+)?|b-)(?P<what>[1-9]\d{{3}})\b(?!\s*{_UNIT})"),
    _rule("postcode", r"\b(?:[Ii]n|[Uu]it|[Tt]e|[Ww]oon|[Ww]onen)\s+(?P<what>(?!19|20)[1-9]\d{3})(?=\s+[A-Z][a-z]{2,})", flags=0),
    _rule("adres", rf"\b(?:vanaf|van|naar|aan|op|woon|adres)\s+(?P<what>['’]t\s+\w{{4,}}\s+{_HOUSE})(?!\s*{_UNIT})"),
    _rule(
        "adres",
        rf"(?:\b(?:jan|piet|prins\w*|koning\w*|burgemeester|burg\.|sint|st\.|dokter|dr\.|professor|prof\.|oude|nieuwe|grote|kleine|korte|lange|hoge|lage|noord|zuid|oost|west)\s+)?"
        rf"(?:van\s+)?\b(?P<street>\w*{_STREET}(?:-(?:noord|zuid|oost|west))?),?\s+(?:op\s+\w+\s+|nr\.?\s+|nummer\s+)?{_HOUSE}(?!\s*{_UNIT})",
        _is_street,
    ),
    _rule("adres", rf"\b(?:laan|plein|weg|hof)\s+(?:van|der|den|de)\s+(?:\w+\s+){{1,3}}{_HOUSE}(?!\s*{_UNIT})"),
    _rule("adres", rf"\b(?:woont?|wonen|woonachtig|adres)\b\W+(?:(?:is|aan|op|in|de|het)\s+){{0,3}}(?P<what>(?:[^\W\d][\w'-]+\s+){{1,3}}?{_HOUSE})(?!\s*{_UNIT})"),
    _rule("adres", rf"(?P<what>\b[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+){{0,2}}\s+{_HOUSE})(?=\W+(?:is\s+mijn\s+adres|adres))", flags=0),
    _rule("nummer", rf"(?<![\d.,])\d{{6,}}(?!\d)(?!\s*{_UNIT})"),
    _rule("nummer", rf"(?<![\d.,])\d{{3}}[. -]\d{{3}}[. -]\d{{3}}(?!\d)(?!\s*{_UNIT})"),
)


class Redactor:
    """Takes personal data out of messages.

    Args:
        language: a spaCy model that finds names, or None.
    """

    def __init__(self, language: Optional[Callable[[str], Doc]] = None) -> None:
        self._language = language

    def redact(self, text: str) -> str:
        """`text` with what says who somebody is replaced by its kind: "ik ben [naam], bel [telefoon]"."""
        for rule in _PATTERNS:
            text = _replace(text, ((_span(match), rule.label) for match in rule.pattern.finditer(text) if rule.holds(match)))
        text = _replace(text, ((span, "naam") for span in name_spans(text)))
        if self._language is not None:
            people = ((entity.start_char, entity.end_char) for entity in self._language(text).ents if entity.label_ in ("PERSON", "PER"))
            text = _replace(text, ((span, "naam") for span in people if not _in_brackets(text, span)))
        return text


def load_redactor() -> Redactor:
    """A redactor with spaCy's names where the model is installed."""
    if not available(MODEL):
        return Redactor()
    return Redactor(Renewed(lambda: spacy.load(MODEL, exclude=["parser", "tagger", "morphologizer", "lemmatizer", "attribute_ruler"])))


def _span(match: re.Match[str]) -> tuple[int, int]:
    return match.span("what" if "what" in match.re.groupindex else 0)


def _in_brackets(text: str, span: tuple[int, int]) -> bool:
    return "[" in text[max(0, span[0] - 1) : span[1]] or "]" in text[span[0] : span[1] + 1]


def _replace(text: str, found: Iterable[tuple[tuple[int, int], str]]) -> str:
    """`text` with every span replaced by its label in brackets; blanks at a span's ends stay."""
    pieces, done = [], 0
    for (start, end), label in sorted(found):
        if start < done:
            continue
        words = text[start:end]
        pieces += [text[done:start], words[: len(words) - len(words.lstrip())], f"[{label}]"]
        done = start + len(words.rstrip())
    return "".join((*pieces, text[done:]))
