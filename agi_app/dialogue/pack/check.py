"""Looks over a whole pack: what would fail in a call (errors), and what would sound poor (warnings)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from agi_app.dialogue.facts import ALWAYS, GUARDS, NAMES, PERSONAL
from agi_app.dialogue.pack.inventory import ANSWERED, REQUIRED_QUESTIONS, SITUATIONS, SLOTS, TERMS, WORDINGS
from agi_app.dialogue.pack.schema import Condition, Interview, Pack, Question
from agi_app.dialogue.pack.template import Template
from agi_app.dialogue.understanding import Intent

LONGEST_SENTENCE = 60
"""Characters an ear takes in at once."""
KEYS_AT_TRY = 3
_UNSPEAKABLE = re.compile(r"[A-Za-z0-9@#&*_=+<>/\\|~%$^]")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong or doubtful."""

    file: str
    line: int
    severity: Literal["error", "warning"]
    message: str


@dataclass(frozen=True, slots=True)
class _Group:
    """Sentences of which one is chosen, and what they may mention."""

    name: str
    sentences: Sequence[Template]
    known: frozenset[str]
    """Facts that are there whenever this is said."""
    local: frozenset[str] = frozenset()
    standard: bool = False
    """The same words for everyone."""


def check(pack: Pack) -> list[Finding]:
    """Everything wrong or doubtful in a pack, by file and line."""
    return inspect(pack)


def inspect(pack: Pack) -> list[Finding]:
    """Run every check."""
    findings = [
        *_inventory(pack),
        *(finding for group in _groups(pack) for finding in _sentences(group)),
        *(finding for interview in pack.interviews.values() for finding in _interview(pack, interview)),
        *(finding for question in pack.situations.questions for finding in _question(pack, question)),
        *_follow_ups(pack),
        *_answers(pack),
        *_protected(pack),
    ]
    return sorted(set(findings))


def _at(template: Template, severity: Literal["error", "warning"], message: str) -> Finding:
    file, _, line = template.where.rpartition(":")
    return Finding(file, int(line), severity, message)


def _top(pack: Pack, message: str) -> Finding:
    return Finding(str(pack.folder / "pack.yaml"), 1, "error", message)


def _inventory(pack: Pack) -> Iterator[Finding]:
    for name in WORDINGS.keys() - pack.wording.keys():
        yield _top(pack, f"wording: the sentence `{name}` is missing")
    for name in pack.wording.keys() - WORDINGS.keys():
        yield _at(pack.wording[name][0], "error", f"`{name}` is no sentence the dialogue uses")
    situations = [question.id for question in pack.situations.questions]
    for name in set(SITUATIONS) - set(situations):
        yield _top(pack, f"situations: the question `{name}` is missing")
    for group, codes in TERMS.items():
        for code in sorted(codes - pack.terms.get(group, {}).keys()):
            yield _top(pack, f"terms: `{code}` of `{group}` has no word")
    for intent in ANSWERED:
        if intent not in pack.answers:
            yield _top(pack, f"answers: nothing answers `{intent}`")


def _groups(pack: Pack) -> Iterator[_Group]:
    always = frozenset(ALWAYS)
    for name, sentences in pack.wording.items():
        yield _Group(name, sentences, always, WORDINGS.get(name, frozenset()))
    for interview in pack.interviews.values():
        standard = not interview.personalise
        for name, sentences in interview.wording.items():
            yield _Group(name, sentences, always, WORDINGS.get(name, frozenset()), standard)
        for question in interview.all_questions:
            yield from _question_groups(question, always, standard=standard)
    for question in pack.situations.questions:
        yield from _question_groups(question, always)
    for rule in pack.follow_ups:
        known = always | _assured(rule.when)
        yield _Group(rule.id, rule.ask, known)
        yield _Group(f"{rule.id}.again", rule.again, known)
    for answers in pack.answers.values():
        yield _Group(f"{answers.intent}.again", answers.again, frozenset(NAMES))
        yield _Group(f"{answers.intent}.missing", answers.missing, always)
        for answer in answers.answers:
            yield _Group(answers.intent, answer.say, frozenset(NAMES))


def _question_groups(question: Question, always: frozenset[str], *, standard: bool = False) -> Iterator[_Group]:
    known = always | _assured(question.when)
    if question.known == "confirm":
        yield _Group(f"{question.id}.confirm", question.confirm, known | {"value"}, frozenset({"value"}), standard)
    for field in ("lead", "ask", "again", "short", "with_keys", "notice", "notice_unnamed", "ask_unnamed"):
        yield _Group(f"{question.id}.{field}", getattr(question, field, ()), known, frozenset(), standard)


def _assured(when: Condition | None) -> frozenset[str]:
    return frozenset(when.has) if when else frozenset()


def _sentences(group: _Group) -> Iterator[Finding]:
    for sentence in group.sentences:
        for name in sorted(sentence.names - GUARDS - group.local):
            yield _at(sentence, "error", f"`{{{name}}}` is no fact; docs/language-pack.md lists them")
        for name in sorted(sentence.needed - NAMES - group.local):
            if name in GUARDS:
                yield _at(sentence, "error", f"`{{{name}}}` is true or false and has no text; use it as `[{name}: …]`")
        if group.standard and sentence.names & PERSONAL:
            yield _at(sentence, "error", f"`{group.name}` mentions the resume in an interview that is the same for everyone")
        yield from _sound(sentence)
    if group.sentences and not any(sentence.needed <= group.known | group.local for sentence in group.sentences):
        missing = "、".join(sorted(group.sentences[0].needed - group.known - group.local))
        yield _at(
            group.sentences[0],
            "error",
            f"`{group.name}` cannot be said when {missing} is not known; add a variant without it, or `when: {{has: …}}`",
        )


def _sound(sentence: Template) -> Iterator[Finding]:
    spoken = "".join(re.sub(r"\{[^{}]*\}", "", part.text) for part in sentence.parts)
    if odd := sorted(set(_UNSPEAKABLE.findall(spoken))):
        yield _at(sentence, "warning", f"the voice may read {' '.join(odd)} badly; write it as it is spoken")
    for clause in re.split(r"[。？！?!]", spoken):
        if len(clause) > LONGEST_SENTENCE:
            yield _at(sentence, "warning", f"a sentence of {len(clause)} characters is long for the ear; split it")


def _interview(pack: Pack, interview: Interview) -> Iterator[Finding]:
    where = interview.greeting.ask[0]
    ids = [question.id for question in interview.all_questions]
    for index, question in enumerate(interview.all_questions):
        if question.id in ids[:index]:
            yield _at(question.ask[0], "error", f"the question `{question.id}` is there twice in `{interview.name}`")
    for name in ("greeting", "consent", "pitch", "closing"):
        fixed: Question = getattr(interview, name)
        if fixed.id != name:
            yield _at(fixed.ask[0], "error", f"the id of this question must be `{name}`")
    for name in REQUIRED_QUESTIONS:
        asked = next((question for question in interview.questions if question.id == name), None)
        if asked is None:
            yield _at(where, "error", f"`{interview.name}` does not ask `{name}`")
        elif asked.when is not None:
            yield _at(asked.ask[0], "error", f"`{name}` must be asked in every call; remove its `when`")
    for name in interview.wording.keys() - WORDINGS.keys():
        yield _at(interview.wording[name][0], "error", f"`{name}` is no sentence the dialogue uses")
    for question in interview.all_questions:
        yield from _question(pack, question)
        if not interview.personalise and (question.known != "ask" or (question.when and question.when.personal)):
            yield _at(
                question.ask[0], "error", f"`{question.id}` depends on the resume in an interview that is the same for everyone"
            )
    if interview.behavioural.questions and interview.behavioural.count == 0:
        yield _at(
            interview.behavioural.questions[0].ask[0], "warning", "unreachable: `count` is 0, no behavioural question is asked"
        )


def _question(pack: Pack, question: Question) -> Iterator[Finding]:
    where = question.ask[0]
    if not question.again:
        yield _at(where, "warning", f"`{question.id}` has no other words (`again`) for when it was not understood")
    if question.keys and not question.with_keys:
        yield _at(where, "warning", f"`{question.id}` takes keys but no sentence names them (`with_keys`)")
    if question.with_keys and not question.keys:
        yield _at(where, "error", f"`{question.id}` names keys but none has a meaning (`keys`)")
    if question.with_keys and question.tries < KEYS_AT_TRY:
        yield _at(
            where, "warning", f"unreachable: keys are offered at the third try, `{question.id}` has {question.tries} (`tries`)"
        )
    if question.fills and question.fills not in SLOTS:
        yield _at(where, "error", f"`{question.fills}` is no slot; one of {', '.join(sorted(SLOTS))}, or `answer: open`")
    if question.known == "confirm" and not question.confirm:
        yield _at(where, "error", f"`{question.id}` is confirmed when known, but `confirm` has no sentence")
    for competency in question.competencies:
        if competency not in pack.competencies:
            yield _at(where, "error", f"there is no competency `{competency}`")
    yield from _condition(pack, question.when, where)


def _condition(pack: Pack, when: Condition | None, where: Template) -> Iterator[Finding]:
    if when is None:
        return
    for name in (*when.has, *when.lacks):
        if name not in GUARDS:
            yield _at(where, "error", f"`{name}` is no fact; docs/language-pack.md lists them")
    for competency in when.competency:
        if competency not in pack.competencies:
            yield _at(where, "error", f"there is no competency `{competency}`")
    contradiction = set(when.has) & set(when.lacks)
    if when.years_at_least is not None and when.years_below is not None and when.years_at_least >= when.years_below:
        contradiction.add("years")
    if contradiction:
        yield _at(where, "error", f"unreachable: the condition contradicts itself on {', '.join(sorted(contradiction))}")


def _follow_ups(pack: Pack) -> Iterator[Finding]:
    asked = {question.id: question for interview in pack.interviews.values() for question in interview.all_questions}
    seen: set[str] = set()
    for rule in pack.follow_ups:
        if rule.id in asked or rule.id in seen:
            yield _at(rule.ask[0], "error", f"there is another question `{rule.id}`")
        seen.add(rule.id)
        for name in rule.after:
            if name not in asked:
                yield _at(rule.ask[0], "error", f"`after` names `{name}`, which no interview asks")
            elif not asked[name].follow_ups:
                yield _at(rule.ask[0], "warning", f"unreachable after `{name}`, which draws no follow-up (`follow_ups`)")
        if not rule.again:
            yield _at(rule.ask[0], "warning", f"`{rule.id}` has no other words (`again`) for when it was not understood")
        yield from _condition(pack, rule.when, rule.ask[0])


def _answers(pack: Pack) -> Iterator[Finding]:
    for answers in pack.answers.values():
        final: Template | None = None
        for answer in answers.answers:
            if final is not None:
                yield _at(answer.say[0], "warning", f"unreachable: the answer at {final.where} always fits")
            yield from _condition(pack, answer.when, answer.say[0])
            if answer.when is None and not answer.asked and any(sentence.needed <= ALWAYS.keys() for sentence in answer.say):
                final = answer.say[0]
        if answers.intent in {Intent.ASK_WHO, Intent.ASK_HUMAN, Intent.ASK_MATERIAL, Intent.COMPLAIN} and final is None:
            yield _at(answers.answers[0].say[0], "error", f"`{answers.intent}` needs an answer that fits every call")


def _protected(pack: Pack) -> Iterator[Finding]:
    words = [word for group in pack.protected.words.values() for word in group]
    questions: Iterable[Question] = (
        *(question for interview in pack.interviews.values() for question in interview.all_questions),
        *pack.situations.questions,
    )
    asked = [sentence for question in questions for sentence in (*question.ask, *question.again, *question.short, *question.lead)]
    asked += [sentence for rule in pack.follow_ups for sentence in rule.ask]
    for sentence in asked:
        for word in words:
            if word in sentence.source:
                yield _at(sentence, "error", f"`{word}` is a protected matter and must not be asked")
