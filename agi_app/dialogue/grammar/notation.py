"""Reads grammar files into syntax trees. The notation follows JSGF (https://www.w3.org/TR/jsgf/) where it can:

// comment
<name> = alternative | /0.5/ less likely | a [ optional ] ( group ) item* item+ item<2-3> label=<rule> {tag} ... ^ $ ;
&item, !item look ahead ; <city> = list "cities.txt" ;
KIND target @question … = … ;
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from agi_app.dialogue.grammar.source import Place, refuse

ROOT_KINDS = (
    "answer", "volunteered", "decoy", "intent", "nod", "backchannel", "hold", "nothing", "closed", "hint", "filler", "unfinished",
    "ending",
)  # fmt: skip


@dataclass(slots=True)
class Word:
    """Characters that belong together; fillers may stand before, not inside."""

    text: str
    place: Place


@dataclass(slots=True)
class Reference:
    """<rule>."""

    rule: str
    place: Place


@dataclass(slots=True)
class Gap:
    """`...`: any syllables of one clause."""

    least: int
    most: int
    place: Place


@dataclass(slots=True)
class Anchor:
    """`^` or `$`: the utterance begins or ends here, fillers aside."""

    at_end: bool
    place: Place


@dataclass(slots=True)
class Lookahead:
    """`&item` or `!item`: what follows is, or is not, this; nothing is consumed."""

    item: Item
    wanted: bool
    place: Place


@dataclass(slots=True)
class Tag:
    """{expression}."""

    text: str
    place: Place


@dataclass(slots=True)
class WordList:
    """list "file": a word a line, after a tab the value it stands for."""

    file: str
    place: Place


@dataclass(slots=True)
class Repeat:
    """An item several times; [x] is 0 to 1."""

    item: Item
    least: int
    most: int
    place: Place


@dataclass(slots=True)
class Labelled:
    """name=item: the item's value under a name for the tags."""

    label: str
    item: Item
    place: Place


@dataclass(slots=True)
class Sequence:
    """Items one after another, with the alternative's weight."""

    items: list[Item]
    weight: float
    place: Place


@dataclass(slots=True)
class Alternatives:
    """Any one of them."""

    choices: list[Sequence]
    place: Place


Item = Word | Reference | Gap | Anchor | Lookahead | Tag | WordList | Repeat | Labelled | Sequence | Alternatives


@dataclass(slots=True)
class Rule:
    """<name> = body;"""

    name: str
    body: Alternatives
    place: Place


@dataclass(slots=True)
class Root:
    """KIND target @question … = body; what makes rules count."""

    kind: str
    targets: tuple[str, ...]
    questions: tuple[str, ...]
    body: Alternatives
    place: Place


@dataclass(slots=True)
class GrammarFile:
    """One parsed file."""

    rules: list[Rule] = field(default_factory=list)
    roots: list[Root] = field(default_factory=list)


_TOKEN = re.compile(
    r"""(?P<space>(?:\s|//[^\n]*)+)
    |(?P<repeat><\s*\d+\s*(?:-\s*\d+\s*)?>)
    |(?P<rule><[^<>\s]+>)
    |(?P<text>"[^"\n]*")
    |(?P<weight>/\s*\d+(?:\.\d+)?\s*/)
    |(?P<gap>\.\.\.)
    |(?P<label>[A-Za-z_]\w*=)
    |(?P<question>@[\w.:*-]+)
    |(?P<sign>[=|;()\[\]*+{}^$,&!])
    |(?P<word>[^\s=|;()\[\]*+{}^$<>"/@,.&!]+)""",
    re.VERBOSE,
)


@dataclass(slots=True)
class _Token:
    kind: str
    text: str
    place: Place
    start: int


def parse_grammar(text: str, file: str) -> GrammarFile:
    """Parse one grammar file. Raises PackError naming file, line and column."""
    return _Parser(text, file).parse()


class _Parser:
    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.at = 0
        self.token = self._next()

    def place(self, at: int) -> Place:
        return Place(self.file, self.text.count("\n", 0, at) + 1, at - self.text.rfind("\n", 0, at))

    def _next(self) -> _Token:
        while True:
            if self.at >= len(self.text):
                return _Token("end", "the end of the file", self.place(len(self.text)), len(self.text))
            found = _TOKEN.match(self.text, self.at)
            if found is None:
                raise refuse(f"{self.text[self.at]!r} cannot stand here", self.place(self.at), "see docs/grammar-notation.md")
            start, self.at = self.at, found.end()
            if found.lastgroup != "space":
                return _Token(found.lastgroup or "", found.group(), self.place(start), start)

    def advance(self) -> _Token:
        token, self.token = self.token, self._next()
        return token

    def at_sign(self, sign: str) -> bool:
        return self.token.kind == "sign" and self.token.text == sign

    def take(self, sign: str) -> bool:
        if self.at_sign(sign):
            self.advance()
            return True
        return False

    def need(self, sign: str, why: str) -> None:
        if not self.take(sign):
            raise refuse(f"{sign!r} expected {why}, found {self.token.text!r}", self.token.place, f"add {sign!r} before it")

    def parse(self) -> GrammarFile:
        grammar = GrammarFile()
        while self.token.kind != "end":
            if self.token.kind == "rule":
                name = self.advance()
                self.need("=", f"after {name.text}")
                grammar.rules.append(Rule(name.text[1:-1], self.body(name.text), name.place))
            elif self.token.kind == "label" or (self.token.kind == "word" and self.token.text in ROOT_KINDS):
                grammar.roots.append(self.root())
            else:
                raise refuse(
                    f"a rule such as <name> = …; or one of {', '.join(ROOT_KINDS)} is expected, found {self.token.text!r}",
                    self.token.place,
                    "check that the rule before it ends with ';'",
                )
        return grammar

    def root(self) -> Root:
        kind = self.advance()
        if kind.text.endswith("="):  # `filler=`: a kind without target, written without a space
            raise refuse(f"a space is expected between {kind.text[:-1]!r} and '='", kind.place, "add the space")
        targets: list[str] = []
        questions: list[str] = []
        while self.token.kind in ("word", "question") or self.at_sign(",") or self.at_sign("*"):
            token = self.advance()
            if token.kind == "question":
                questions.append(token.text[1:])
            elif token.text != ",":
                targets.append(token.text)
        if self.token.kind == "label":
            raise refuse(f"a space is expected before '=' in {self.token.text!r}", self.token.place, "add the space")
        self.need("=", f"after {kind.text}")
        return Root(kind.text, tuple(targets), tuple(questions), self.body(kind.text), kind.place)

    def body(self, name: str) -> Alternatives:
        alternatives = self.alternatives()
        self.need(";", f"at the end of {name}")
        return alternatives

    def alternatives(self) -> Alternatives:
        place = self.token.place
        choices = [self.sequence()]
        while self.take("|"):
            choices.append(self.sequence())
        return Alternatives(choices, place)

    def sequence(self) -> Sequence:
        place = self.token.place
        weight = 1.0
        if self.token.kind == "weight":
            token = self.advance()
            weight = float(token.text.strip("/ "))
            if not 0 < weight <= 1:
                raise refuse(f"the weight {weight} is not above 0 and at most 1", token.place, "write e.g. /0.5/")
        items: list[Item] = []
        while True:
            item = self.item()
            if item is None:
                break
            items.append(item)
        if not items:
            raise refuse(
                f"an alternative without words, before {self.token.text!r}",
                place,
                "remove the '|', or use [ ]",
            )
        return Sequence(items, weight, place)

    def item(self) -> Item | None:
        token = self.token
        if token.kind == "label":
            self.advance()
            labelled = self.item()
            if labelled is None or isinstance(labelled, Tag | Anchor):
                raise refuse(f"nothing to name after {token.text!r}", token.place, "write label=<rule>, label=(group) or label=...")
            return Labelled(token.text[:-1], labelled, token.place)
        atom = self.atom()
        return None if atom is None else self.repeated(atom)

    def repeated(self, atom: Item) -> Item:
        token = self.token
        if token.kind == "sign" and token.text in "*+":
            self.advance()
            optional = isinstance(atom, Repeat) and (atom.least, atom.most) == (0, 1)
            inner = atom.item if isinstance(atom, Repeat) and optional else atom  # [x]* means (x)*
            return Repeat(inner, 0 if optional or token.text == "*" else 1, 8, token.place)
        if token.kind == "repeat":
            self.advance()
            least, _, most = token.text.strip("<> ").partition("-")
            low, high = int(least), int(most or least)
            if high < max(low, 1) or high > 60:
                raise refuse(f"{token.text} is not a number of times", token.place, "write <2>, or <1-3>; 60 at most")
            return Gap(low, high, atom.place) if isinstance(atom, Gap) else Repeat(atom, low, high, token.place)
        return atom

    def atom(self) -> Item | None:
        token = self.token
        if token.kind == "word":
            self.advance()
            if token.text == "list" and self.token.kind == "text":
                return WordList(self.advance().text.strip('"'), token.place)
            return Word(token.text, token.place)
        if token.kind == "rule":
            self.advance()
            return Reference(token.text[1:-1], token.place)
        if token.kind == "gap":
            self.advance()
            return Gap(0, 6, token.place)
        if token.kind != "sign" or token.text in "=|;)]},":
            return None
        return self.bracketed()

    def bracketed(self) -> Item:
        token = self.token
        if token.text in "*+":
            raise refuse(f"nothing to repeat before {token.text!r}", token.place, "put a word or a group before it")
        if token.text == "{":
            return self.tag()
        self.advance()
        if token.text in "^$":
            return Anchor(token.text == "$", token.place)
        if token.text in "&!":
            ahead = self.atom()
            if ahead is None:
                raise refuse(f"nothing to look for after {token.text!r}", token.place, "put a word, a rule or a group after it")
            return Lookahead(ahead, token.text == "&", token.place)
        inner = self.alternatives()
        if token.text == "(":
            self.need(")", f"for the '(' of line {token.place.line}")
            return inner
        self.need("]", f"for the '[' of line {token.place.line}")
        return Repeat(inner, 0, 1, token.place)

    def tag(self) -> Tag:
        opening = self.token
        depth, at, quoted = 0, opening.start, False
        while at < len(self.text):
            character = self.text[at]
            if character == "'":
                quoted = not quoted
            elif not quoted:
                depth += (character == "{") - (character == "}")
                if depth == 0:
                    break
            at += 1
        else:
            raise refuse("'{' without its '}'", opening.place, "close the tag")
        self.at = at + 1
        self.token = self._next()
        return Tag(self.text[opening.start + 1 : at], self.place(opening.start + 1))
