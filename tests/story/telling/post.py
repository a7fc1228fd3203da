"""A post's file and its cards, as far as the stories need them: which reader and which strike belong to a door, whose
card has which number. The server reads the same files with its own, strict reader; this one takes their plain form only:

    section:                       post:
      - { key: value, ... }          key: value
"""

import re

WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s{}\[\],:"][^{}\[\],"]*?)(?=\s*[,}\]]|:\s|\s*$)')


class FlowReader:
    """{ a: 1, b: { c: x }, d: [1, 2] } as dict, list and str; numbers become int."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def peek(self):
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.text[self.at : self.at + 1]

    def take(self, mark):
        if self.peek() != mark:
            raise ValueError("%r expected at %r" % (mark, self.text[self.at : self.at + 30]))
        self.at += 1

    def word(self):
        self.peek()
        match = WORD.match(self.text, self.at)
        if not match:
            raise ValueError("a word expected at %r" % self.text[self.at : self.at + 30])
        self.at = match.end()
        return match[1] if match[1] is not None else match[2].strip()

    def sequence(self, opening, closing, item):
        found = []
        self.take(opening)
        while self.peek() != closing:
            found.append(item())
            if self.peek() != closing:
                self.take(",")
        self.take(closing)
        return found

    def member(self):
        key = self.word()
        self.take(":")
        return key, self.value()

    def value(self):
        if self.peek() == "{":
            return dict(self.sequence("{", "}", self.member))
        if self.peek() == "[":
            return self.sequence("[", "]", self.value)
        word = self.word()
        return int(word) if re.fullmatch(r"\d+", word) else word


def read(path):
    """The sections of a file: a dict for `key: value` lines, a list for items."""
    sections, name, pending = {}, None, ""
    for line in open(path, encoding="utf-8"):
        line = re.sub(r"(^|\s)#.*$", "", line.rstrip("\n"))
        if not line.strip():
            continue
        if pending or line.lstrip().startswith("- "):
            pending += " " + line.strip().removeprefix("- ")
            if pending.count("{") == pending.count("}"):
                sections.setdefault(name, []).append(FlowReader(pending).value())
                pending = ""
        elif not line.startswith(" "):
            name = line.rstrip().removesuffix(":")
        else:
            key, _, value = line.strip().partition(":")
            sections.setdefault(name, {})[key] = FlowReader(value).value()
    return sections


class Post:
    """What one post file describes, with its cards."""

    def __init__(self, path, cards_path):
        self.path, self.cards_path = path, cards_path
        file, cards = read(path), read(cards_path)
        self.code = file["post"]["code"]
        self.lines = file.get("lines", [])
        self.devices = {device["key"]: device for device in file.get("devices", [])}
        self.doors = {door["key"]: door for door in file.get("doors", [])}
        self.cards = {row["person"]: row["card"] for row in cards.get("credentials", [])}

    def line_number(self, device):
        keys = [line["key"] for line in self.lines]
        return keys.index(self.devices[device]["line"])

    def reader(self, door, inside=False):
        return self.doors[door]["reader_inside" if inside else "reader"]["device"]

    def strike(self, door):
        strike = self.doors[door]["strike"]
        return strike["device"], strike["output"]
