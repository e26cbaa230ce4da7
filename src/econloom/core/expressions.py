"""The grammar of formulas and conditions: text to a small syntax tree, with exact places for errors.

One grammar, three readers: variable formulas (``log(gdp / pop)``), row conditions (``year >= 2000 and code != 'TWN'``)
and the right-hand sides of model formulas (``x + c:d + l(x, 1:2)``), which give ``+ * : ^`` their model meaning.
Nothing is ever passed to ``eval``.

Precedence, loosest first: ``or``, ``and``, ``not``, comparisons and ``in``, ``+ -``, ``* /``, ``:``, unary minus,
``^``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from econloom.core.errors import ExpressionError

MAX_LENGTH = 20_000
MAX_DEPTH = 60
MAX_CHAIN = 300  # operators of one chain such as a + b + c

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)
  | (?P<name>[^\W\d][\w.]*)
  | (?P<quoted>`[^`]*`)
  | (?P<text>'[^']*'|"[^"]*")
  | (?P<op>\*\*|==|!=|<=|>=|[-+*/^:()\[\],<>=~|@])
    """,
    re.VERBOSE,
)
_FULL_WIDTH = {
    "（": "(", "）": ")", "，": ",", "：": ":", "＝": "=", "＋": "+", "－": "-", "×": "*", "＊": "*",
    "／": "/", "＜": "<", "＞": ">", "～": "~", "｜": "|", "“": '"', "”": '"', "‘": "'", "’": "'",
    "【": "[", "】": "]", "；": ",", "、": ",", "−": "-", "–": "-", "—": "-", "≤": "<=", "≥": ">=", "≠": "!=",
    "\u3000": "a plain space",
}  # fmt: skip
_KEYWORDS = {"and", "or", "not", "in", "true", "false"}


@dataclass(frozen=True, slots=True)
class Token:
    """A word of an expression: its kind, its text and its offset."""

    kind: str
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Number:
    """A literal number."""

    value: float
    position: int
    is_integer: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted string."""

    value: str
    position: int


@dataclass(frozen=True, slots=True)
class Truth:
    """``true`` or ``false``."""

    value: bool
    position: int


@dataclass(frozen=True, slots=True)
class Name:
    """A bare word, or one in backticks: a column, sample, list or measure."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Items:
    """A bracketed list of literals or names."""

    items: tuple[Node, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function with positional and named arguments."""

    function: str
    args: tuple[Node, ...]
    kwargs: tuple[tuple[str, Node], ...]
    position: int


@dataclass(frozen=True, slots=True)
class Unary:
    """``-x``, ``+x`` or ``not x``."""

    op: str
    operand: Node
    position: int


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between two operands; ``in`` and ``not in`` are among them."""

    op: str
    left: Node
    right: Node
    position: int


Node = Number | Text | Truth | Name | Items | Call | Unary | Binary


def tokenize(text: str) -> tuple[Token, ...]:
    """Split ``text`` into tokens; the last has kind ``end``.

    Raises
    ------
    ExpressionError
        At a character that the language does not have; full-width punctuation is named with its plain form.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"an expression of {len(text):,} characters (at most {MAX_LENGTH:,})", text[:60], 0)
    return (*_tokens(text), Token("end", "", len(text)))


def _tokens(text: str) -> Iterator[Token]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or text[position] in _FULL_WIDTH:
            raise _unreadable(text, position)
        kind = match.lastgroup or ""
        word = match.group()
        if kind == "number" and match.end() < len(text) and (text[match.end()].isalpha() or text[match.end()] in "_."):
            raise ExpressionError(
                f"a name cannot start with a digit: {word}{text[match.end()]}…",
                text,
                position,
                "put it in backticks",
            )
        if kind == "name" and word in _KEYWORDS:
            kind = "keyword"
        if kind == "quoted":
            kind, word = "name", word[1:-1]
            if not word:
                raise ExpressionError("an empty name in backticks", text, position)
        if kind != "space":
            yield Token(kind, word, position)
        position = match.end()


def _unreadable(text: str, position: int) -> ExpressionError:
    char = text[position]
    if char in "'\"`":
        return ExpressionError(f"the quote {char} is not closed", text, position)
    plain = _FULL_WIDTH.get(char)
    if plain:
        return ExpressionError(
            f"full-width or typographic character {char!r} (U+{ord(char):04X})",
            text,
            position,
            f"type {plain} instead",
        )
    if char in "&!%":
        word = {"&": "and", "!": "not, or !=", "%": "nothing of this name"}[char]
        return ExpressionError(f"{char!r} is not an operator here", text, position, f"write {word}")
    if char == "$":
        return ExpressionError("a macro ($name) has no meaning here", text, position, "define it under 'macros:'")
    return ExpressionError(f"unexpected character {char!r} (U+{ord(char):04X})", text, position)


def parse(text: str) -> Node:
    """Read a whole expression.

    Parameters
    ----------
    text : str
        For example ``"log(gdp) - log(pop)"``.

    Returns
    -------
    Node
        The root of the syntax tree.

    Raises
    ------
    ExpressionError
        With a caret under the fault.

    Examples
    --------
    >>> parse("a + 2").op
    '+'
    """
    return parse_tokens(text, tokenize(text))


def parse_tokens(text: str, tokens: Sequence[Token]) -> Node:
    """Read a run of tokens that ends with an ``end`` token, as model formulas need between ``~`` and ``|``."""
    parser = _Parser(text, tokens)
    node = parser.expression(0)
    parser.expect_end()
    return node


_BINDING = {
    "or": 1, "and": 2, "in": 4, "not": 4, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4,
    "+": 5, "-": 5, "*": 6, "/": 6, ":": 7, "^": 9, "**": 9, "@": 10,
}  # fmt: skip
_UNARY_MINUS = 8
_NOT = 3
_COMPARISONS = {"==", "!=", "<", "<=", ">", ">="}


class _Parser:
    """Precedence climbing over a token list."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.index = 0
        self.depth = 0

    @property
    def here(self) -> Token:
        return self.tokens[self.index]

    def advance(self) -> Token:
        token = self.here
        self.index += 1
        return token

    def fail(self, message: str, token: Token, hint: str | None = None) -> ExpressionError:
        return ExpressionError(message, self.text, token.position, hint)

    def expect(self, op: str) -> Token:
        if self.here.text != op or self.here.kind != "op":
            found = f"{self.here.text!r}" if self.here.kind != "end" else "the end"
            raise self.fail(f"expected {op!r}, found {found}", self.here)
        return self.advance()

    def expect_end(self) -> None:
        if self.here.kind != "end":
            hint = "compare with '=='" if self.here.text == "=" else None
            raise self.fail(f"unexpected {self.here.text!r}", self.here, hint)

    def expression(self, floor: int) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"more than {MAX_DEPTH} nested levels", self.here)
        left = self.operand()
        chain = 0
        while (level := self.binding()) and level > floor:
            if (chain := chain + 1) > MAX_CHAIN:
                raise self.fail(f"more than {MAX_CHAIN} operators in a row", self.here)
            left = self.infix(left, level)
        self.depth -= 1
        return left

    def binding(self) -> int:
        token = self.here
        if token.kind not in {"op", "keyword"}:
            return 0
        if token.text == "not":
            after = self.tokens[self.index + 1]
            return _BINDING["not"] if (after.kind, after.text) == ("keyword", "in") else 0
        return _BINDING.get(token.text, 0)

    def infix(self, left: Node, level: int) -> Node:
        token = self.advance()
        op = token.text
        if op in _COMPARISONS and isinstance(left, Binary) and left.op in _COMPARISONS:
            raise self.fail("comparisons do not chain", token, "write 'a < b and b < c'")
        if op == "not":
            self.advance()
            op = "not in"
        if op in {"^", "**"}:
            return Binary("^", left, self.expression(level - 1), token.position)
        return Binary(op, left, self.expression(level), token.position)

    def operand(self) -> Node:
        token = self.advance()
        if token.kind == "number":
            return Number(float(token.text), token.position, token.text.isdigit())
        if token.kind == "text":
            return Text(token.text[1:-1], token.position)
        if token.kind == "name":
            return (
                self.call(token)
                if (self.here.kind, self.here.text) == ("op", "(")
                else Name(token.text, token.position)
            )
        if token.kind == "keyword" and token.text in {"true", "false"}:
            return Truth(token.text == "true", token.position)
        if token.kind == "keyword" and token.text == "not":
            return Unary("not", self.expression(_NOT), token.position)
        if token.kind == "op" and token.text in "+-":
            return Unary(token.text, self.expression(_UNARY_MINUS), token.position)
        if token.kind == "op" and token.text == "(":
            inner = self.expression(0)
            self.expect(")")
            return inner
        if token.kind == "op" and token.text == "[":
            return Items(tuple(self.items("]")), token.position)
        if token.kind == "end":
            raise self.fail("the expression ends too early", token)
        raise self.fail(f"expected a name, a number or '(', found {token.text!r}", token)

    def items(self, close: str) -> Iterator[Node]:
        while not (self.here.kind == "op" and self.here.text == close):
            yield self.expression(0)
            if self.here.kind == "op" and self.here.text == ",":
                self.advance()
            elif not (self.here.kind == "op" and self.here.text == close):
                self.expect(close)
        self.advance()

    def call(self, name: Token) -> Call:
        self.expect("(")
        args: list[Node] = []
        kwargs: list[tuple[str, Node]] = []
        while not (self.here.kind == "op" and self.here.text == ")"):
            following = self.tokens[self.index + 1] if self.here.kind == "name" else None
            if following is not None and (following.kind, following.text) == ("op", "="):
                key = self.advance().text
                self.advance()
                if any(key == k for k, _ in kwargs):
                    raise self.fail(f"the argument {key!r} is given twice", following)
                kwargs.append((key, self.expression(0)))
            elif kwargs:
                raise self.fail("a positional argument follows a named one", self.here)
            else:
                args.append(self.expression(0))
            if (self.here.kind, self.here.text) == ("op", ","):
                self.advance()
            elif (self.here.kind, self.here.text) != ("op", ")"):
                self.expect(")")
        self.advance()
        return Call(name.text, tuple(args), tuple(kwargs), name.position)


def names_in(node: Node) -> list[Name]:
    """Every bare word of a tree, in reading order; function names and argument keys are not among them."""
    found: list[Name] = []
    pending: list[Node] = [node]
    while pending:
        here = pending.pop()
        if isinstance(here, Name):
            found.append(here)
        pending.extend(reversed(children(here)))
    return found


def children(node: Node) -> list[Node]:
    """The direct parts of a node, in reading order."""
    if isinstance(node, Binary):
        return [node.left, node.right]
    if isinstance(node, Unary):
        return [node.operand]
    if isinstance(node, Items):
        return list(node.items)
    if isinstance(node, Call):
        return [*node.args, *(value for _, value in node.kwargs)]
    return []
