"""Turns parsed grammar files into a linked network of nodes, and refuses what cannot work."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from agi_app.dialogue.grammar import notation as ast
from agi_app.dialogue.grammar.expression import parse_expression
from agi_app.dialogue.grammar.lexicon import Lexicon
from agi_app.dialogue.grammar.nodes import (
    AlternativesNode,
    AnchorNode,
    GapNode,
    LabelNode,
    LookaheadNode,
    Node,
    RepeatNode,
    RuleNode,
    SequenceNode,
    TagNode,
    WordNode,
    weight_score,
)
from agi_app.dialogue.grammar.source import Place, refuse

_ANYTHING = -1
_LITERAL = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d+)?)|'(?P<text>[^']*)'|(?P<truth>true|false))\s*")
_NodeT = TypeVar("_NodeT", bound=Node)


@dataclass(slots=True, eq=False)
class CompiledRoot:
    """A root ready to match."""

    kind: str
    targets: tuple[str, ...]
    questions: frozenset[str]
    node: Node
    place: Place


@dataclass
class Compiler:
    """Collects nodes over all files of a pack."""

    lexicon: Lexicon
    functions: Mapping[str, Callable[..., Any]]
    nodes: list[Node] = field(default_factory=list)
    rules: dict[str, RuleNode] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def compile(self, files: Iterable[tuple[Path, ast.GrammarFile]]) -> list[CompiledRoot]:
        """Compile all files together. Raises PackError naming file, line and column."""
        parsed = list(files)
        defined = [(path, rule) for path, grammar in parsed for rule in grammar.rules]
        for _, rule in defined:
            if rule.name in self.rules:
                first = self.places[self.rules[rule.name].index]
                raise refuse(f"<{rule.name}> is defined twice, first at {first}", rule.place, "rename or remove one of them")
            self.rules[rule.name] = self._new(RuleNode(name=rule.name), rule.place)
        for path, rule in defined:
            self.rules[rule.name].body = self._node(rule.body, path)
        roots = [
            CompiledRoot(root.kind, root.targets, frozenset(root.questions), self._node(root.body, path), root.place)
            for path, grammar in parsed
            for root in grammar.roots
        ]
        self._spread_nullable()
        self._check_loops()
        self._spread_first()
        return roots

    @property
    def unused(self) -> list[tuple[str, Place]]:
        """Rules that nothing refers to."""
        return [(name, self.places[node.index]) for name, node in self.rules.items() if name not in self.used]

    # ---- building ---------------------------------------------------------------------------------------------------

    def _new(self, node: _NodeT, place: Place) -> _NodeT:
        node.index = len(self.nodes)
        self.nodes.append(node)
        self.places[node.index] = place
        return node

    def _node(self, item: ast.Item, path: Path) -> Node:
        match item:
            case ast.Word():
                return self._words({self._word(item.text, item.place): None}, item.place)
            case ast.WordList():
                return self._words(self._word_list(path.parent / item.file, item.place), item.place)
            case ast.Reference():
                return self._reference(item)
            case ast.Gap():
                return self._new(GapNode(least=item.least, most=item.most), item.place)
            case ast.Anchor():
                return self._new(AnchorNode(at_end=item.at_end), item.place)
            case ast.Lookahead():
                return self._new(LookaheadNode(item=self._node(item.item, path), wanted=item.wanted), item.place)
            case ast.Tag():
                expression, _ = parse_expression(item.text, item.place, self.functions)
                return self._new(TagNode(expression=expression), item.place)
            case ast.Repeat():
                inner = self._node(item.item, path)
                return self._new(RepeatNode(item=inner, least=item.least, most=item.most), item.place)
            case ast.Labelled():
                return self._new(LabelNode(label=item.label, item=self._node(item.item, path)), item.place)
            case ast.Sequence():
                return self._sequence(item, path)
            case ast.Alternatives():
                return self._alternatives(item, path)

    def _word(self, text: str, place: Place) -> int:
        number = self.lexicon.add(text)
        if not len(self.lexicon.readings[number]):
            raise refuse(f"{text!r} has nothing to pronounce", place, "use Chinese characters or Latin letters")
        return number

    def _words(self, values: dict[int, Any], place: Place) -> Node:
        first = 0
        for number in values:
            first |= 1 << number
        return self._new(WordNode(values=values, first=first), place)

    def _word_list(self, path: Path, place: Place) -> dict[int, str | None]:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise refuse(f"the word list {path.name} cannot be read: {error}", place, "add the file next to the grammar") from error
        values: dict[int, str | None] = {}
        for number, line in enumerate(lines, 1):
            word, _, value = line.partition("#")[0].strip().partition("\t")
            if word:
                values[self._word(word.strip(), Place(str(path), number, 1))] = value.strip() or None
        if not values:
            raise refuse(f"the word list {path.name} is empty", place, "write a word a line")
        return values

    def _reference(self, item: ast.Reference) -> Node:
        if item.rule not in self.rules:
            raise refuse(f"<{item.rule}> is not defined", item.place, "define it in any file of the folder, or correct the name")
        self.used.add(item.rule)
        return self.rules[item.rule]

    def _sequence(self, item: ast.Sequence, path: Path) -> Node:
        items = tuple(self._node(one, path) for one in item.items)
        if len(items) == 1 and item.weight == 1:
            return items[0]
        return self._new(SequenceNode(items=items, bonus=weight_score(item.weight)), item.place)

    def _alternatives(self, item: ast.Alternatives, path: Path) -> Node:
        """Words among the alternatives, plain or with a constant as tag, become one node: a list of cities is one look-up."""
        words: dict[int, Any] = {}
        choices: list[Node] = []
        for choice in item.choices:
            only = choice.items[0]
            plain = choice.weight == 1 and isinstance(only, ast.Word)
            constant = choice.items[1] if len(choice.items) == 2 else None
            literal = _LITERAL.fullmatch(constant.text) if isinstance(constant, ast.Tag) else None
            if plain and isinstance(only, ast.Word) and (len(choice.items) == 1 or literal):
                words[self._word(only.text, only.place)] = _constant(literal) if literal else None
            else:
                choices.append(self._node(choice, path))
        if words:
            choices.insert(0, self._words(words, item.place))
        return choices[0] if len(choices) == 1 else self._new(AlternativesNode(choices=tuple(choices)), item.place)

    # ---- checking ---------------------------------------------------------------------------------------------------

    def _spread_nullable(self) -> None:
        changed = True
        while changed:
            changed = False
            for node in self.nodes:
                if not node.nullable and _nullable(node):
                    node.nullable = changed = True
        for node in self.nodes:
            if isinstance(node, RepeatNode) and node.item is not None and node.item.nullable and node.most > 1:
                raise refuse(
                    "this repeats something that may be empty", self.places[node.index], "make the repeated part contain a word"
                )

    def _check_loops(self) -> None:
        """Refuse rules that come back to themselves before anything was heard."""
        state: dict[int, int] = {}
        path: list[RuleNode] = []

        def visit(node: Node) -> None:
            if state.get(node.index) == 2:
                return
            if isinstance(node, RuleNode):
                if state.get(node.index) == 1:
                    names = [rule.name for rule in path[path.index(node) :]]
                    circle = " → ".join(f"<{name}>" for name in [*names, node.name])
                    raise refuse(
                        f"a loop that hears nothing: {circle}",
                        self.places[node.index],
                        "put a word before the rule refers to itself",
                    )
                state[node.index] = 1
                path.append(node)
            for follower in _beginnings(node):
                visit(follower)
            if isinstance(node, RuleNode):
                path.pop()
            state[node.index] = 2

        for node in self.rules.values():
            visit(node)

    def _spread_first(self) -> None:
        changed = True
        while changed:
            changed = False
            for node in self.nodes:
                first = _ANYTHING if isinstance(node, GapNode) else node.first
                for follower in _beginnings(node):
                    first = _ANYTHING if _ANYTHING in (first, follower.first) else first | follower.first
                if first != node.first:
                    node.first = first
                    changed = True


def _constant(literal: re.Match[str]) -> str | float | bool:
    number, text, truth = literal.group("number", "text", "truth")
    if truth is not None:
        return truth == "true"
    if number is None:
        return text
    return float(number) if "." in number else int(number)


def _nullable(node: Node) -> bool:
    match node:
        case TagNode() | AnchorNode() | LookaheadNode():
            return True
        case GapNode():
            return node.least == 0
        case SequenceNode():
            return all(item.nullable for item in node.items)
        case AlternativesNode():
            return any(choice.nullable for choice in node.choices)
        case RepeatNode():
            return node.least == 0 or (node.item is not None and node.item.nullable)
        case RuleNode():
            return node.body is not None and node.body.nullable
        case LabelNode():
            return node.item is not None and node.item.nullable
    return False


def _beginnings(node: Node) -> tuple[Node, ...]:
    """The nodes that may be matched at the very start of `node`."""
    match node:
        case SequenceNode():
            found: list[Node] = []
            for item in node.items:
                found.append(item)
                if not item.nullable:
                    break
            return tuple(found)
        case AlternativesNode():
            return node.choices
        case RepeatNode() | LabelNode() | LookaheadNode():
            return (node.item,) if node.item is not None else ()
        case RuleNode():
            return (node.body,) if node.body is not None else ()
    return ()
