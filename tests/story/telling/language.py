"""The language of the stories: sentences, one a line, each ended by a full stop.

A story begins with a paragraph that says what it shows. Then come sentences; a line that begins with blanks goes on
with the sentence before it (or is the text of a file). `## ...` begins a section: what is expected of the ledger is
looked for among the entries since its beginning. `# ...` is a remark.

A sentence's pattern is written as it reads: <name> is a word, <name:text> anything within the quotes around it,
<name:number>, <name:time> (300 ms, 2 s, 1 min, 1 h), <name:path>, <name:json>, <name:rest> what remains; [...] may be
left out and (a|b) is one of two.
"""

import re

KINDS = {
    "word": r"[\w./:-]*[\w/]",
    "text": r'[^"]*',
    "number": r"\d+",
    "time": r"\d+ (?:ms|s|min|h)",
    "path": r"/[^\s()]*(?:\(\w+ [\w-]+\)[^\s()]*)*",
    "json": r"[{\[].*[}\]]",
    "rest": r".+",
}
UNITS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600}
PIECE = re.compile(r"<(\w+)(?::(\w+))?>|([\[\]()|])|([^<\[\]()|]+)")

sentences = []


class Sentence:
    def __init__(self, pattern, act, expects):
        self.pattern, self.act, self.expects = pattern, act, expects
        self.kinds, told = {}, ""
        for name, kind, mark, plain in PIECE.findall(pattern):
            if name:
                self.kinds[name] = kind or "word"
                told += "(?P<%s>%s)" % (name, KINDS[kind or "word"])
            elif mark:
                told += {"[": "(?:", "]": ")?", "(": "(?:", ")": ")", "|": "|"}[mark]
            else:
                told += re.escape(plain).replace(r"\ ", r"\s+")
        self.regex = re.compile(told + r"\s*\.", re.IGNORECASE | re.DOTALL)

    def read(self, text):
        match = self.regex.fullmatch(text)
        if not match:
            return None
        return {name: self.value(kind, match[name]) for name, kind in self.kinds.items()}

    @staticmethod
    def value(kind, text):
        if text is None:
            return None
        if kind == "number":
            return int(text)
        if kind == "time":
            count, unit = text.split()
            return int(count) * UNITS[unit]
        return text


def does(pattern):
    """This sentence does something. When it cannot, the story ends."""
    def keep(act):
        sentences.append(Sentence(pattern, act, False))
        return act
    return keep


def expects(pattern):
    """This sentence is a test point."""
    def keep(act):
        sentences.append(Sentence(pattern, act, True))
        return act
    return keep


class Step:
    def __init__(self, number, text, block):
        self.number, self.text, self.block = number, text, block
        self.sentence, self.values = None, {}

    def find(self):
        for sentence in sentences:
            values = sentence.read(self.text)
            if values is not None:
                self.sentence, self.values = sentence, values
                return
        raise ValueError("line %d: nobody understands: %s" % (self.number, self.text))


def read(path):
    """The description of a story and its steps; a step without a sentence is a section's heading."""
    about, steps, in_about = [], [], True
    for number, line in enumerate(open(path, encoding="utf-8").read().splitlines(), 1):
        if in_about and line.strip():
            about.append(line)
        elif in_about:
            in_about = not about
        elif line.startswith("## "):
            steps.append(Step(number, line, []))
        elif not line.strip() or line.startswith("#"):
            continue
        elif line[0].isspace():
            steps[-1].block.append(line)
        else:
            steps.append(Step(number, line.strip(), []))
    for step in steps:
        if step.text.startswith("## "):
            continue
        if not step.text.endswith(":"):  # else the block is a file's text
            step.text = " ".join([step.text] + [line.strip() for line in step.block])
        else:
            step.text = step.text[:-1] + "."
        step.find()
    return " ".join(about), steps
