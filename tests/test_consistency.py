from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from content_copy import ContentCopy

from folderwijs.answers import Answers
from folderwijs.consistency import check_domain, check_follow_ups, known_intents
from folderwijs.content import ContentError, Problem
from folderwijs.dialogue import SEVERAL, UNSURE
from folderwijs.settings import PROJECT


def problem_with(content: ContentCopy, answers: Answers) -> Problem:
    with pytest.raises(ContentError) as caught:
        check_domain(content.path("domain.yml"), answers)
    [problem] = caught.value.problems
    assert problem.file == content.path("domain.yml")
    return problem


def test_the_domain_and_the_content_name_the_same_intents(answers: Answers) -> None:
    check_domain(PROJECT / "domain.yml", answers)
    assert set(yaml.safe_load((PROJECT / "domain.yml").read_text("utf8"))["intents"]) == known_intents(answers).keys()


def test_an_intent_without_a_topic_is_reported(content: ContentCopy, answers: Answers) -> None:
    content.edit("domain.yml", "  - beloop\n", "  - beloop\n  - toekomst\n")
    problem = problem_with(content, answers)
    assert problem.line == content.line("domain.yml", "- toekomst")
    assert "'toekomst' hoort geen onderwerp of tekst" in problem.what
    assert "leaflets/questions.yml" in problem.mend


def test_an_intent_written_as_a_mapping_counts(content: ContentCopy, answers: Answers) -> None:
    content.edit("domain.yml", "  - beloop\n", "  - beloop: {use_entities: []}\n")
    check_domain(content.path("domain.yml"), answers)


@pytest.mark.parametrize(
    ("intent", "source"),
    [("beloop", "leaflets/questions.yml"), ("alarm_wond", "urgent.yml"), ("groet", "texts.yml"), ("praktijk_adres", "texts.yml"), ("vervolg_bron", "folderwijs/dialogue.py")],
)
def test_a_topic_without_an_intent_is_reported(content: ContentCopy, answers: Answers, intent: str, source: str) -> None:
    content.edit("domain.yml", f"  - {intent}\n", "")
    problem = problem_with(content, answers)
    assert problem.line == content.line("domain.yml", "intents:")
    assert f"'{intent}' ontbreekt; {source} noemt hem wel" in problem.what
    assert "trainingsvragen" in problem.mend


def test_a_domain_without_intents_misses_them_all(tmp_path: Path, answers: Answers) -> None:
    path = tmp_path / "domain.yml"
    path.write_text("version: '3.1'\n", "utf8")
    with pytest.raises(ContentError) as caught:
        check_domain(path, answers)
    assert len(caught.value.problems) == len(known_intents(answers))


@pytest.mark.parametrize("intents", ["5", "[[fietsen]]", "fietsen"])
def test_intents_in_a_wrong_shape_are_reported(tmp_path: Path, answers: Answers, intents: str) -> None:
    path = tmp_path / "domain.yml"
    path.write_text(f"version: '3.1'\nintents: {intents}\n", "utf8")
    with pytest.raises(ContentError) as caught:
        check_domain(path, answers)
    [problem] = caught.value.problems
    assert (problem.line, problem.what) == (2, "'intents' is geen lijst van namen.")


def test_every_intent_has_training_questions(answers: Answers) -> None:
    files = [PROJECT / "data" / "nlu.yml", *(PROJECT / "data" / "nlu").glob("*.yml")]
    trained = {entry["intent"] for file in files for entry in yaml.safe_load(file.read_text("utf8"))["nlu"] if entry["examples"].strip()}
    assert trained == known_intents(answers).keys() - {SEVERAL, UNSURE}


def test_every_intent_has_one_rule_with_an_action_of_the_domain(answers: Answers) -> None:
    actions: dict[str, list[str]] = {}
    for rule in yaml.safe_load((PROJECT / "data" / "rules.yml").read_text("utf8"))["rules"]:
        asked, done = rule["steps"]
        for step in asked.get("or", [asked]):
            actions.setdefault(step["intent"], []).append(done["action"])
    assert actions.keys() == known_intents(answers).keys()
    assert all(len(names) == 1 for names in actions.values())
    assert {name for [name] in actions.values()} == set(yaml.safe_load((PROJECT / "domain.yml").read_text("utf8"))["actions"])


def test_the_projects_follow_ups_fit_its_content(answers: Answers) -> None:
    check_follow_ups(PROJECT / "data" / "follow_ups", answers)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("fietsen\ten dan?\tvervolg_meer", ""),
        ("gat\ten dan?\tfietsen", ""),
        ("fietsen\ten dan?", "drie velden"),
        ("fietsen\t \tfietsen", "drie velden"),
        ("fietsten\ten dan?\tfietsen", "'fietsten' bestaat niet"),
        ("fietsen\ten dan?\tfietsten", "'fietsten' bestaat niet"),
        ("praktijk_adres\ten dan?\tfietsen", "'praktijk_adres' bestaat niet"),
    ],
)
def test_a_mistake_in_a_follow_up_is_told_with_its_line(tmp_path: Path, answers: Answers, line: str, told: str) -> None:
    (tmp_path / "x.tsv").write_text(f"fietsen\ten wandelen?\tactief_blijven\n{line}\n", "utf8")
    if not told:
        check_follow_ups(tmp_path, answers)
        return
    with pytest.raises(ContentError, match=told) as caught:
        check_follow_ups(tmp_path, answers)
    assert [problem.line for problem in caught.value.problems] == [2]
