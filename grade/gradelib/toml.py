"""
Reads the part of TOML that lab.toml uses, for Pythons before 3.11, which has tomllib.

Knows tables, arrays of tables, bare and quoted keys, strings on one line, whole numbers, booleans, arrays (also over
several lines) and comments. Everything else is an error with its line; nothing is guessed. Read more: https://toml.io
"""

import re

BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
KEY = re.compile(r"([A-Za-z0-9_-]+)|\"([^\"\\\n]*)\"|'([^'\n]*)'")
NUMBER = re.compile(r"[+-]?(?:0x[0-9a-fA-F_]+|[0-9][0-9_]*)(?![\w.])")
BASIC = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
LITERAL = re.compile(r"'([^'\n]*)'")
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}


class TomlError(ValueError):
    """What is wrong, with file and line."""


def load(path):
    with open(path, encoding="utf-8") as file:
        return parse(file.read(), str(path))


def parse(text, name="text"):
    return _Reader(text, name).document()


class _Reader:
    def __init__(self, text, name):
        self.text, self.name, self.at = text, name, 0

    def error(self, message):
        line = self.text.count("\n", 0, self.at) + 1
        raise TomlError(f"{self.name}:{line}: {message}")

    def match(self, pattern):
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def take(self, word):
        if not self.text.startswith(word, self.at):
            return False
        self.at += len(word)
        return True

    def need(self, word, where):
        if not self.take(word):
            self.error(f"expected {word} {where}")

    def line_end(self):
        self.match(re.compile(r"[ \t]*(#[^\n]*)?\r?"))
        if self.at < len(self.text):
            self.need("\n", "or nothing more on this line")

    def document(self):
        table = root = {}
        self.match(BLANK)
        while self.at < len(self.text):
            if self.take("[["):
                table = self.new_table(root, many=True)
                self.need("]]", "after the table's name")
            elif self.take("["):
                table = self.new_table(root, many=False)
                self.need("]", "after the table's name")
            else:
                key = self.key()
                self.blanks()
                self.need("=", f"after the key {key}")
                self.blanks()
                if key in table:
                    self.error(f"{key} is given twice")
                table[key] = self.value()
            self.line_end()
            self.match(BLANK)
        return root

    def blanks(self):
        self.match(re.compile(r"[ \t]*"))

    def key(self):
        found = self.match(KEY)
        if not found:
            self.error("expected a key")
        return next(group for group in found.groups() if group is not None)

    def new_table(self, root, many):
        path = [self.key()]
        while self.take("."):
            path.append(self.key())
        for key in path[:-1]:
            root = root.setdefault(key, {})
            root = root[-1] if isinstance(root, list) else root
            if not isinstance(root, dict):
                self.error(f"{key} is no table")
        table, last = {}, path[-1]
        if many:
            if not isinstance(root.setdefault(last, []), list):
                self.error(f"{last} is no array of tables")
            root[last].append(table)
        elif last in root:
            self.error(f"[{'.'.join(path)}] is given twice")
        else:
            root[last] = table
        return table

    def value(self):
        if self.text.startswith(('"""', "'''"), self.at):
            self.error("a string must be on one line here")
        found = self.match(BASIC)
        if found:
            return re.sub(r"\\(.)", self.escape, found[1])
        found = self.match(LITERAL)
        if found:
            return found[1]
        for word, value in (("true", True), ("false", False)):
            if self.take(word):
                return value
        found = self.match(NUMBER)
        if found:
            return int(found[0].replace("_", ""), 16 if "0x" in found[0] else 10)
        if self.take("["):
            return self.array()
        self.error("expected a string, a whole number, true, false or an array")

    def escape(self, found):
        if found[1] not in ESCAPES:
            self.error(f"unknown escape {found[0]}")
        return ESCAPES[found[1]]

    def array(self):
        values = []
        self.match(BLANK)
        while not self.take("]"):
            values.append(self.value())
            self.match(BLANK)
            if not self.take(",") and not self.text.startswith("]", self.at):
                self.error("expected , or ] in the array")
            self.match(BLANK)
        return values
