r"""Reads back the LaTeX that the library prints, and computes its value.

For formulas in which every symbol is printed as `\mathsf{N7}`, so that names cannot be confused. Knows only
what the printer uses; anything else is an error.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(r"\\mathsf\{N\d+\}|\\[A-Za-z]+|\\\\(?:\[\dex\])?|\d+|[^\s]")
_SKIPPED = {r"\displaystyle", r"\left", r"\right", r"\Bigl", r"\Bigr", r"\,"}
_RELATIONS = {"=", "<", ">", r"\le", r"\ge", r"\ne"}
_STOPS = {")", "]", "}", "&", "+", "-", ",", "|", r"\rvert", r"\end", r"\text", *_RELATIONS}


class Reader:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, latex: str, values: Mapping[str, Any], terms: int) -> None:
        self.tokens = [token for token in _TOKEN.findall(latex) if token not in _SKIPPED]
        self.position = 0
        self.values: dict[str, Any] = dict(values)
        self.terms = terms

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self, *expected: str) -> str:
        token = self.peek()
        if expected and token not in expected:
            raise ValueError(f"{token!r} instead of {expected} in {' '.join(self.tokens[self.position :])}")
        self.position += 1
        return token

    def sum(self) -> float:
        sign = -1 if self.peek() == "-" else 1
        if self.peek() in ("-", "+"):
            self.take()
        total = sign * self.product()
        while self.peek() in ("+", "-"):
            sign = 1 if self.take() == "+" else -1
            total += sign * self.product()
        return total

    def product(self) -> float:
        value = self.power()
        while self.peek() and self.peek() not in _STOPS and not self.peek().startswith("\\\\"):
            value *= self.power()
        return value

    def power(self) -> float:
        value = self.atom()
        while self.peek() == "^":
            self.take()
            value **= self.group()
        return value

    def group(self) -> float:
        self.take("{")
        value = self.sum()
        self.take("}")
        return value

    def atom(self) -> float:
        token = self.take()
        if token.isdigit():
            return int(token)
        if token.startswith(r"\mathsf") or token in ("X", "Y", "Z", "W", "i", "j", "d", "m"):
            return self.symbol(token)
        if token in ("(", "["):
            value = self.sum()
            self.take({"(": ")", "[": "]"}[token])
            return value
        if token in ("|", r"\lvert"):
            value = abs(self.sum())
            self.take("|", r"\rvert")
            return value
        if token == r"\frac":
            above = self.group()
            return above / self.group()
        if token == r"\sqrt":
            return math.sqrt(self.group())
        if token == r"\infty":
            return math.inf
        if token in ("e", r"\pi"):
            return {"e": math.e, r"\pi": math.pi}[token]
        if token in (r"\max", r"\min"):
            return self.extremum(token)
        if token == r"\sum":
            return self.series()
        if token == r"\begin":
            return self.cases()
        raise ValueError(f"unknown token {token!r}")

    def symbol(self, token: str) -> Any:
        value: Any = self.values[token]
        if self.peek() == "_":
            self.take()
            index = self.group()
            return value[int(index)]
        if callable(value) and self.peek() in ("(", "["):
            closing = {"(": ")", "[": "]"}[self.take()]
            value = value(self.sum())
            self.take(closing)
            return value
        return value

    def extremum(self, token: str) -> float:
        closing = {"(": ")", "[": "]"}[self.take("(", "[")]
        values = [self.sum()]
        while self.peek() == ",":
            self.take()
            values.append(self.sum())
        self.take(closing)
        return {r"\max": max, r"\min": min}[token](values)

    def series(self) -> float:
        """A sum over i or j from 1 to the number of terms; it takes the rest of the product."""
        self.take("_")
        self.take("{")
        index = self.take("i", "j")
        while self.take() != "}":
            pass
        if self.peek() == "^":
            self.take()
            assert self.group() == self.terms
        start, total = self.position, 0.0
        for k in range(1, self.terms + 1):
            self.position = start
            self.values[index] = k
            total += self.product()
        return total

    def cases(self) -> float:
        for token in "{dcases}":
            if self.peek() == token:
                self.take()
        chosen = None
        while True:
            value = self.sum()
            self.take("&")
            self.take(r"\text")
            word = ""
            self.take("{")
            while self.peek() != "}":
                word += self.take()
            self.take("}")
            holds = True if word == "otherwise" else self.relation()
            if chosen is None and holds:
                chosen = value
            if self.peek().startswith("\\\\"):
                self.take()
                continue
            self.take(r"\end")
            for token in "{dcases}":
                if self.peek() == token:
                    self.take()
            assert chosen is not None
            return chosen

    def relation(self) -> bool:
        left = self.sum()
        sign = self.take(*_RELATIONS)
        return compare(left, sign, self.sum())


def compare(left: float, sign: str, right: float) -> bool:
    """Whether a relation holds."""
    return {"<": left < right, ">": left > right, r"\le": left <= right, r"\ge": left >= right}[sign]


def sides(latex: str, values: Mapping[str, Any], terms: int) -> tuple[float, str, float]:
    """Left-hand side, sign and right-hand side of a relation."""
    reader = Reader(latex, values, terms)
    left = reader.sum()
    sign = reader.take(*_RELATIONS)
    right = reader.sum()
    if reader.peek():
        raise ValueError(f"left over: {reader.tokens[reader.position :]}")
    return left, sign, right


def displayed_sides(display: str, values: Mapping[str, Any], terms: int) -> tuple[float, str, float]:
    """The same for a numbered display, with the letters that it introduces put in."""
    body = re.sub(r"\\begin\{equation\}\\label\{[^}]*\}|\\end\{equation\}", "", display).strip()
    aligned = re.fullmatch(r"\\begin\{aligned\}\n(.*)\n\\end\{aligned\}", body, re.DOTALL)
    if not aligned:
        return sides(body, values, terms)
    statements: list[str] = []
    for line in aligned[1].split(" \\\\\n"):
        if line.startswith(r"&\qquad {} "):
            statements[-1] += " " + line.removeprefix(r"&\qquad {} ")
        else:
            statements += line.replace("&", "", 1).split(r", \qquad ")
    known = dict(values)
    for definition in reversed(statements[1:]):
        letter, _, right = definition.partition("=")
        known[letter.strip()] = sides("0 = " + right, known, terms)[2]
    return sides(statements[0], known, terms)
