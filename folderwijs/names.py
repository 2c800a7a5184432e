"""Finds people's names in a message by how they are introduced, and by common given names."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Iterator

import simplemma

NAMES = frozenset(
    """aafke aaltje abdel abdul abel achmed adam adriaan adrie agnes ahmed aisha albert alex alexander alexandra ali alice alicia amber amina amir amy anass andre andrea andreas andries angela
    anita anja anke anna anne anneke annelies annelore annemarie annemiek annette annie anniek anouk ans anton antonio antoon arend arie arjan arjen arnold arthur astrid aya ayoub ayse
    barbara bart bas bastiaan bea beatrijs benjamin bernadette bernard bert berta betty bianca bilal bjorn björn bob boris bouke bram brecht brigitte britt bruno
    carel carla carlo carlos carmen carolien caroline cas catharina cato cecile celine chantal charlotte chloe chris christa christel christiaan christian christine christophe cindy clara claudia
    coen conny cor corine corinne corrie cornelis çiğdem cigdem daan daniel danielle danny daphne david debbie debora dennis desiree diana dick diederik dieter dimitri dina dirk ditte dominique
    dorien doris dylan eddy edith edwin eef eline elisa elisabeth elise ellen elly els elsa elsbeth emiel emilie emily emine emma emre eric erica erik erika erna ernst esmee esther eva evelien evelyne
    ewout fabian fadoua faisal farah farid fatiha fatima fatma femke fenna ferdinand ferry fien filip finn fleur floor floris francine francis frank frans fred frederik freek frits fuad gabriel
    geert gerard gerda gerrit gert gertjan gijs gina gino godelieve greet greta griet guido guus hamza hanna hannah hanneke hannelore hans harm harrie harry hasan hassan hatice heidi hein helen
    helena helga hendrik henk henri henriette herman hilde huib hugo ibrahim ida ilona ilse imane ine ines inge ingrid irene iris isa isabel isabelle ismail ivan ivo jaap jack jacob jacqueline jacques
    jaco jaimy jamal jan janneke jannie janine jari jasmijn jasper jeanine jeannette jef jelle jennifer jenny jeroen jesse jessica jet jetske jip jo joanna jochem joep joeri johan johanna johannes john
    johnny joke jolanda jolien jonas jonathan joop joost jordi jordy jorg jorik joris jos jose josefien josien joyce judith jule julia julian julie julien jurgen jurre justin kaat karel karen karim karin
    karlijn kasper katarina kathleen katja katleen katrien kees kelly kenneth kevin khadija khalid kim klaas klaartje koen koenraad kristel kristof kyra lara larissa lars laura lauren laurens leen leila
    lena lennart leo leon leonie leontien levi lex liam lianne lieke lien lies liesbeth lieve lieven lilian linda lisa lisanne lise lize loes lotte louis louise luc luca lucas lucia lucie luuk luka lydia
    maaike maarten machteld maikel manon marc marcel marco margaux margot margriet maria marian marianne marie mariam marieke marielle marijke marijn marina mario marion mariska marja marjan marjolein
    marleen marlies marlon marloes marten martha martijn martin martina martine mary maryam mathias mathilde matthias matthijs maud maurice maurits max maxime mechteld meike melanie melissa mehmet menno
    merel meryem michael michel michelle michiel mieke mike milan mila milou mimi miranda mirjam mirthe mohamed mohammed moniek monique morgan moussa murat mustafa myriam nadia nadine naomi natalie natasja
    nathalie nathan nele nelleke nick nicky nico nicolas nicole niek niels nienke nils nina noa noah noor nora noortje norbert nour nynke olaf olga olivia olivier omar oscar otto pascal patricia patrick
    patrik paul paula pauline peggy peter petra philip philippe piet pieter pieterjan pim priscilla quinten quinty rachel rachid rafael ralf ralph ramon raoul raymond rebecca regina reinier remco rene
    renate renee rianne richard rick rik rineke rita robbe robbert robert robin rochelle roel roeland roger roland rolf romy ronald ronnie rosa rosalie rosanne rudi rudy rutger ruth ruud sabine saida
    salma samira sandra sanne sara sarah sascha saskia sebastiaan sem senna serge seyda sharon sien siebe sietske sigrid silke silvia simon simone sjaak sjoerd sofie sonja sophia sophie stefan stefanie
    steffie stephan steven stijn suzan suzanne sven sylvia sylvie tamara tanja tara teun thea theo thierry thijs thijmen thomas tijmen tijn tilly timo tineke tinne tjeerd tobias tom tommy tonny
    trees trudy truus twan ursula valerie vanessa vera veerle vincent viola walter wanda ward wendy werner wesley wessel wiebe wiel wietske wilfried wilhelmina willem willemien willemijn willy wilma wim
    wouter wout xander yannick yara yasmin yasmine youssef yusuf yvette yvonne zahra zakaria zeynep zoe rashid youness younes soufiane karima naima samir said mounir nabil tarik jamila latifa souad ilham ikram emre burak elif merve kemal ömer omer hüseyin huseyin mustapha tineke gonda gea hilda aleida
    janny riet toos sjaan wies mien dirkje geertje grietje trijntje hiltje froukje sjoukje tjitske wiebren sietse durk sipke""".split()
)
"""Given names in the Netherlands and Flanders that are hardly ever anything else."""
NAMES_AND_WORDS = frozenset("ad an elke arno ben bo bloem britt coos daniëlle door ellis fee floor frits gemma guy hanne jade jan joy juul kaj lea lief lot loes mark mees mei nel pien puck rein rob ron roos ruben sam san sien stan sterre storm ties tim ton tony victor wil yne".split())
"""Given names that are also words: names only where somebody is introduced by them."""

_COMMON = frozenset(
    """de het een en of maar want dus als dat die deze dit dan er hier daar ik u je jij jullie hij zij ze we wij men mijn mn uw onze ons haar zijn is was ben bent heb heeft had hebben kan kunt
    kun mag moet wil wilt zal zou gaat ga doet doe zegt zei wordt werd komt met bij in uit aan om over na naar tot tegen door zonder niet geen wel ook nog al weer alweer nu toch zo heel erg te veel weinig
    meer minder hoe wat waar waarom wanneer wie welke vraag vragen hallo hoi dag goedemorgen goedemiddag bedankt dank groet groeten alvast vast graag pijn vanmorgen vandaag gisteren morgen lang vaak
    iets iemand niemand alles praktijk balie assistent vriendelijke gewoon belt vraagt heet spreken eigenlijk zelf alleen des kunnen last klachten leeftijd achternaam voornaam naam sterkte succes groetjes groetje afz afzender vriendelijke achilles achillespees soleus gastrocnemius tendinose tendinitis
    achillespeestendinose haglund zone bmi mri echo ok ovw ivm wnr pw hvl vr nr ft bel snapt kerst""".split()
)
"""Words that are no name, whatever stands before them."""
_LINKS = frozenset("van vd vdb de den der het 't ’t ten ter te op in uit el al ben bin von di da dos la le aan abd".split())
_PLACES = frozenset("in op uit te aan al ben on".split())
"""Those of the links that much else may start with."""
_GREETINGS = ("hallo", "hoi", "hi", "hey", "dag", "goedendag", "goedemorgen", "goedemiddag", "goedenavond")
_WORD = re.compile(r"['’]?[^\W\d_](?:[\w'’]|-(?=\w))*\.?")
_SURE = re.compile(
    r"\b(?:naam\s+is|(?:voor|achter|familie)naam(?:\s+is)?|naam(?=:)|onder(?:\s+de)?\s+naam|afz(?:ender)?|ondertekend|(?:ik|hij|zij|ze|vrouw|man|zoon|dochter|fysio|vader|moeder|arts|dokter|vriend|vriendin|broer|zus)\s+heet(?:\s+eigenlijk)?"
    r"|(?:u|je)\s+spreekt\s+met|mvg|gr|groet(?:jes|en)?(?:\s+van)?|liefs)\b[\s.,:;!-]*",
    re.IGNORECASE,
)
"""After this comes a name, however it is written."""
_TITLE = re.compile(r"\b(?:mevr(?:ouw)?|mw|dhr|meneer|mijnheer|de\s+heer)\b[\s.]*", re.IGNORECASE)
"""After this often comes a surname, also in lower case, but also "mevrouw vraagt"."""
_SURNAMES = frozenset(
    """bakker visser smit smid mulder bos vos dekker brouwer kok koning prins kuiper kuijper schipper boer dijk berg molenaar hoekstra wolf haan kramer jong groot klein wit zwart rood
    groen bruin timmerman slager post kuipers bosman wolters peeters janssens maes mertens claes goossens wouters jacobs dubois lambert aerts hermans willems michiels""".split()
)
"""Common surnames, most of them words too."""
_MAYBE = re.compile(
    r"\b(?:ik\s+ben(?:\s+het)?|dit\s+is|hier\s+is|hier|met|naam|heet(?:\s+eigenlijk)?|dr|drs|dokter|prof|fysiotherapeute?|fysio|huisarts|pati[eë]nte?|ondergetekende)\b[\s.,:;]*",
    re.IGNORECASE,
)
"""After this comes a name where it has a capital and is no other word, or is a common given name."""
_MOST_WORDS = 6


def name_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where names stand in `text`: start and end of each, perhaps overlapping."""
    shouting = text.upper() == text
    for match in _SURE.finditer(text):
        yield from _name(text, match.end(), sure=True, shouting=shouting)
    for match in _TITLE.finditer(text):
        first = next((word for word in _words(text, match.end()) if word.group().rstrip(".").lower() not in _LINKS - _PLACES), None)
        if first and (_capital(first.group()) or first.group().rstrip(".").lower() in _SURNAMES | NAMES or not _is_word(first.group().rstrip(".").lower()) or _is_linked(text, match.end())):
            yield from _name(text, match.end(), sure=True, shouting=shouting)
    for match in _MAYBE.finditer(text):
        if match.group().lower().startswith("met") and text[: match.start()].strip(" ,.!").lower() not in ("", *_GREETINGS):
            continue
        if _may_be_name(text, match.end(), shouting):
            yield from _name(text, match.end(), sure=False, shouting=shouting)
    for start in () if shouting else _full_names(text):
        yield from _name(text, start, sure=False, shouting=False)
    for match in _WORD.finditer(text):
        if not shouting and match.group()[0].isupper() and match.group().rstrip(".").split("-")[0].lower() in NAMES:
            yield from _name(text, match.start(), sure=False, shouting=False)


def _full_names(text: str) -> Iterator[int]:
    """Where two or more words with capitals stand together, at least one of which is no Dutch word."""
    end, start, unknown, taken = -1, 0, False, 0
    for word in _WORD.finditer(text):
        lower = word.group().rstrip(".").lower()
        follows = end >= 0 and not text[end : word.start()].strip()
        if not follows:
            taken, unknown = 0, False
        shouted = len(lower) > 1 and word.group().isupper()
        if _capital(word.group()) and lower not in _COMMON and lower not in _LINKS and not shouted and (taken or not _is_word(lower)):
            start = word.start() if not taken else start
            taken, unknown = taken + 1, unknown or not _is_word(lower)
            if taken == 2 and unknown:
                yield start
        elif lower not in _LINKS:
            taken, unknown = 0, False
        end = -1 if word.group().endswith(".") and not _is_initial(word.group()) else word.end()


def _may_be_name(text: str, start: int, shouting: bool) -> bool:
    """Whether the first word at `start` that is no link ("van", "de") can be a name."""
    for word in _words(text, start):
        lower = word.group().rstrip(".").lower()
        first = lower.split("-")[0]
        if first in NAMES or first in NAMES_AND_WORDS and lower not in _LINKS:
            return True
        if lower in _PLACES and not _capital(word.group()):
            return False
        if lower not in _LINKS:
            return not shouting and _capital(word.group()) and lower not in _COMMON and (word.start() > start or _is_initial(word.group()) or not _is_word(lower))
    return False


def _name(text: str, start: int, *, sure: bool, shouting: bool) -> Iterator[tuple[int, int]]:
    """The name that starts at `start`, if any."""
    end, first, taken, linked = start, None, 0, False
    for word in _words(text, start):
        lower = word.group().rstrip(".").lower()
        first = word.start() if first is None else first
        if taken >= _MOST_WORDS:
            break
        if lower in _LINKS and not (lower in _PLACES and not _capital(word.group()) and (taken or not sure)):
            linked = True
            continue
        if lower in _COMMON or not _belongs(word.group(), lower, taken, linked, sure, shouting):
            break
        end, taken, linked = word.start() + len(word.group().rstrip(".") if not _is_initial(word.group()) else word.group()), taken + 1, False
        if word.group().endswith(".") and not _is_initial(word.group()):
            break
    if taken and first is not None:
        yield first, end


def _belongs(word: str, lower: str, taken: int, linked: bool, sure: bool, shouting: bool) -> bool:
    """Whether a word can be the next one of a name."""
    if shouting:
        return taken == 0 or (taken < 3 and not _is_word(lower)) or linked
    if _capital(word):
        return True
    if lower in NAMES or (linked and (sure or taken > 0)):
        return True
    if taken == 0:
        return sure or lower in NAMES_AND_WORDS
    return sure and taken == 1 and not _is_word(lower)


def _is_linked(text: str, start: int) -> bool:
    """Whether a link that starts surnames stands at `start`: "van den berg"."""
    first = next(_words(text, start), None)
    return first is not None and first.group().lower() in _LINKS - _PLACES - {"het", "en"}


def _words(text: str, start: int) -> Iterator[re.Match[str]]:
    """The words from `start` on, as long as nothing but blanks stands between them."""
    end = start
    for word in _WORD.finditer(text, start):
        if text[end : word.start()].strip():
            return
        yield word
        end = word.end()


def _capital(word: str) -> bool:
    return word[0].isupper() or bool(re.match(r"\w?['’][^\W\d_a-z]", word))


def _is_initial(word: str) -> bool:
    return len(word.rstrip(".")) == 1 and word[0].isupper()


@lru_cache(maxsize=10_000)
def _is_word(word: str) -> bool:
    return bool(simplemma.is_known(word, lang="nl"))
