"""The small expression language of grammar tags: numbers, texts, objects, arithmetic, comparison, choice and given functions.

    {10 * t + u}   {{min: a, max: b}}   {h < 8 && part == 'afternoon' ? h + 12 : h}   {add_months(today, n)}   {reject}

Nothing else can be reached from a tag: there is no attribute access, no assignment, no loop and no Python behind it.
"""

from __future__ import annotations

import inspect
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from agi_app.dialogue.grammar.source import Place, refuse

Scope: TypeAlias = Mapping[str, Any]
Value: TypeAlias = Any
Expression: TypeAlias = Callable[[Scope], Value]


class RejectedError(Exception):
    """The tag finds that what was matched makes no sense (the 13th month); the match is dropped."""


_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'[^']*')|(?P<name>[A-Za-z_]\w*)
    |(?P<sign>\?\?|\.\.\.|&&|\|\||==|!=|<=|>=|[-+*/%<>!?:(),.{}]))""",
    re.VERBOSE,
)

_BINARY: dict[str, tuple[int, Callable[[Any, Any], Any]]] = {
    "==": (4, operator.eq),
    "!=": (4, operator.ne),
    "<": (5, operator.lt),
    "<=": (5, operator.le),
    ">": (5, operator.gt),
    ">=": (5, operator.ge),
    "+": (6, operator.add),
    "-": (6, operator.sub),
    "*": (7, operator.mul),
    "/": (7, operator.truediv),
    "%": (7, operator.mod),
}
_LAZY = {"??": 1, "||": 2, "&&": 3}


def parse_expression(text: str, place: Place, functions: Mapping[str, Callable[..., Any]]) -> tuple[Expression, frozenset[str]]:
    """Compile a tag.

    Args:
        text: what stands between the braces.
        place: where the text begins, for messages.
        functions: what may be called.

    Returns:
        A function from names to the value, and the names it uses. The function raises RejectedError when the tag rejects,
        or when a value is of a kind the operator cannot take.
    """
    parser = _Parser(text, place, functions)
    compiled = parser.choice()
    parser.end()
    return _guarded(compiled), frozenset(parser.names)


def _guarded(compiled: Expression) -> Expression:
    def evaluate(scope: Scope) -> Value:
        try:
            return compiled(scope)
        except (TypeError, ValueError, ZeroDivisionError, OverflowError, KeyError) as error:
            raise RejectedError(str(error)) from error

    return evaluate


class _Parser:
    def __init__(self, text: str, place: Place, functions: Mapping[str, Callable[..., Any]]) -> None:
        self.text = text
        self.place = place
        self.functions = functions
        self.names: set[str] = set()
        self.tokens: list[tuple[str, str, int]] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None:
                at += len(text[at:]) - len(text[at:].lstrip())
                raise self.error(f"{text[at]!r} cannot stand in a tag", at)
            self.tokens.append((found.lastgroup or "", found.group(found.lastgroup or 0), found.start(found.lastgroup or 0)))
            at = found.end()
        self.tokens.append(("end", "", len(text)))
        self.index = 0

    def error(self, what: str, at: int) -> Exception:
        before = self.text[:at]
        line = self.place.line + before.count("\n")
        column = at - before.rfind("\n") if "\n" in before else self.place.column + at
        return refuse(f"tag: {what}", Place(self.place.file, line, column), "see the tags section of docs/grammar-notation.md")

    def peek(self, sign: str) -> bool:
        kind, value, _ = self.tokens[self.index]
        return kind == "sign" and value == sign

    def take(self, sign: str) -> bool:
        if self.peek(sign):
            self.index += 1
            return True
        return False

    def need(self, sign: str) -> None:
        if not self.take(sign):
            _, value, at = self.tokens[self.index]
            raise self.error(f"{sign!r} expected, found {value or 'the end'!r}", at)

    def end(self) -> None:
        kind, value, at = self.tokens[self.index]
        if kind != "end":
            raise self.error(f"{value!r} is one too many", at)

    def choice(self) -> Expression:
        test = self.binary(1)
        if not self.take("?"):
            return test
        then = self.choice()
        self.need(":")
        other = self.choice()
        return lambda scope: then(scope) if test(scope) else other(scope)

    def binary(self, lowest: int) -> Expression:
        left = self.unary()
        while True:
            kind, sign, _ = self.tokens[self.index]
            level = _LAZY.get(sign, _BINARY.get(sign, (0,))[0]) if kind == "sign" else 0
            if level < lowest or level == 0:
                return left
            self.index += 1
            left = _combine(sign, left, self.binary(level + 1))

    def unary(self) -> Expression:
        if self.take("-"):
            operand = self.unary()
            return lambda scope: -operand(scope)
        if self.take("!"):
            denied = self.unary()
            return lambda scope: not denied(scope)
        return self.member()

    def member(self) -> Expression:
        value = self.primary()
        while self.take("."):
            kind, name, at = self.tokens[self.index]
            if kind != "name":
                raise self.error("a field name is expected after the dot", at)
            self.index += 1
            value = _field(value, name)
        return value

    def primary(self) -> Expression:
        kind, value, at = self.tokens[self.index]
        self.index += 1
        if kind == "number":
            number = float(value) if "." in value else int(value)
            return lambda _: number
        if kind == "text":
            literal = value[1:-1]
            return lambda _: literal
        if kind == "name":
            return self.name(value, at)
        if value == "(":
            inner = self.choice()
            self.need(")")
            return inner
        if value == "{":
            return self.object()
        raise self.error(f"a value is expected, found {value or 'the end'!r}", at)

    def name(self, name: str, at: int) -> Expression:
        constants = {"true": True, "false": False, "null": None}
        if name in constants:
            constant = constants[name]
            return lambda _: constant
        if name == "reject":
            return _reject
        if not self.take("("):
            self.names.add(name)
            return lambda scope: scope.get(name)
        if name not in self.functions:
            raise self.error(f"there is no function {name!r}; known are {', '.join(sorted(self.functions))}", at)
        function = self.functions[name]
        arguments: list[Expression] = []
        while not self.peek(")"):
            arguments.append(self.choice())
            if not self.take(","):
                break
        self.need(")")
        try:
            inspect.signature(function).bind(None, *arguments)
        except TypeError as error:
            raise self.error(f"{name}() cannot take {len(arguments)} values: {error}", at) from error
        return lambda scope: function(scope.get("now"), *(argument(scope) for argument in arguments))

    def object(self) -> Expression:
        parts: list[tuple[str | None, Expression]] = []
        while not self.peek("}"):
            if self.take("..."):
                parts.append((None, self.binary(1)))
            else:
                kind, key, at = self.tokens[self.index]
                if kind != "name":
                    raise self.error("a field name is expected", at)
                self.index += 1
                self.need(":")
                parts.append((key, self.choice()))
            if not self.take(","):
                break
        self.need("}")

        def build(scope: Scope) -> dict[str, Any]:
            made: dict[str, Any] = {}
            for key, value in parts:
                if key is None:
                    made.update(value(scope) or {})
                else:
                    item = value(scope)
                    if item is not None:  # a field whose value is null is left out
                        made[key] = item
            return made

        return build


def _reject(_: Scope) -> Value:
    raise RejectedError("rejected")


def _field(value: Expression, name: str) -> Expression:
    def read(scope: Scope) -> Value:
        holder = value(scope)
        return holder.get(name) if isinstance(holder, Mapping) else None

    return read


def _combine(sign: str, left: Expression, right: Expression) -> Expression:
    if sign == "??":

        def first_known(scope: Scope) -> Value:
            value = left(scope)
            return right(scope) if value is None else value

        return first_known
    if sign == "||":
        return lambda scope: left(scope) or right(scope)
    if sign == "&&":
        return lambda scope: left(scope) and right(scope)
    function = _BINARY[sign][1]
    return lambda scope: function(left(scope), right(scope))
