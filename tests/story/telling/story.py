"""What a story has at hand while it is told: its folder, the post, the readers, the people, what it kept."""

import os
import re
import shutil
import tempfile
import time
import traceback

from telling import language
from telling.readers import Readers, boot_us
from telling.server import Server
from telling.web import Web

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOOK_S = 0.04
OF_THE_POST = ("door", "device", "line", "zone", "floor")
FAILURES_MAX = 4
LOG_LINES = 40
BAD_NEWS = r"^.*(ERROR: \w+Sanitizer|runtime error:|signal (?:4|6|7|8|11|31)\b).*$"
LONG_S = 2                      # a step that takes longer says so


def report_of(text):
    """What a sanitizer says, without the lines that others wrote meanwhile."""
    lines = [line for line in text.splitlines()[:400] if re.match(r"\s+#\d|.* leak of |.* object\(s\)|SUMMARY", line)]
    return "\n" + "\n".join(lines[:40])


def in_minutes(count):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60 * count))


class Story:
    def __init__(self, path, build, tap, slow):
        self.path, self.build, self.tap, self.slow = path, build, tap, slow
        self.folder = None
        self.server = self.readers = self.post = None
        self.servers, self.helpers = [], []
        self.people, self.feeds = {}, {}
        self.kept, self.labels = {}, {}
        self.kinds = {}         # of devices: what the simulator is told of them beyond the post's file
        self.answer = self.done = None
        self.block = []
        self.over = False       # something could not be done: nothing after it would mean anything
        self.mark, self.used = 0, set()
        self.section_us = 0
        self.since_us = 0       # of the last thing that was done
        self.place = -1         # of the last happening that an expectation took
        self.environment = dict(os.environ)

    # ---- telling ----

    def tell(self):
        """Gives whether all of it was as expected."""
        name, failures = os.path.relpath(self.path, HERE), 0
        try:
            about, steps = language.read(self.path)
        except ValueError as wrong:
            return self.tap.point(False, name, str(wrong))
        self.tap.remark("%s: %s" % (name, about))
        self.folder = tempfile.mkdtemp(prefix="story-")
        os.chmod(self.folder, 0o755)  # the server's users pass through it to their own folder
        try:
            for step in steps:
                failures += not self.take(name, step)
                if self.over or failures >= FAILURES_MAX:
                    break
        finally:
            failures += self.end(name)
        if failures:
            self.show_logs()
        if failures and os.environ.get("STORY_KEEP"):
            self.tap.remark("kept: %s" % self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        return self.tap.point(failures == 0, "%s: the whole story" % name)

    def take(self, name, step):
        where, began = "%s:%d" % (name, step.number), time.monotonic()
        if not step.sentence:
            self.tap.remark("%s %s" % (where, step.text))
            self.begin_section()
            return True
        try:
            self.block = step.block
            note = step.sentence.act(self, **step.values)
        except Exception as wrong:  # whatever it is, the story has to end well: processes are to be stopped
            self.over = not step.sentence.expects
            why = str(wrong) if isinstance(wrong, AssertionError) else traceback.format_exc()
            return self.tap.point(False, "%s %s" % (where, step.text), why)
        if time.monotonic() - began > LONG_S:
            self.tap.remark("%s took %.1f s" % (where, time.monotonic() - began))
        if step.sentence.expects:
            self.tap.point(True, "%s %s%s" % (where, step.text, " (%s)" % note if note else ""))
        return True

    def end(self, name):
        """Gives how many things were wrong that nobody had asked about."""
        wrong = 0
        for feed in self.feeds.values():
            feed.close()
        for helper in self.helpers:
            helper()
        for server in self.servers:
            code = server.stop()
            if code not in (0, None):
                wrong += 1
                self.tap.point(False, "%s: the server ends well" % name, "exit code %s" % code)
        if self.readers:
            self.readers.stop()
            rules = self.readers.violations()
            if rules:
                wrong += 1
                self.tap.point(False, "%s: the panel keeps the protocol's rules" % name, str(rules[:3]))
        return wrong + self.logs_are_clean(name)

    def logs_are_clean(self, name):
        """A sanitizer's report, or a process that the sandbox ended, is a failure wherever it happens."""
        for log in self.logs():
            with open(log, encoding="utf-8", errors="replace") as file:
                text = file.read()
            found = re.search(BAD_NEWS, text, re.MULTILINE)
            if found:
                where = os.path.relpath(log, self.folder)
                self.tap.point(False, "%s: %s is clean" % (name, where), found[0] + report_of(text[found.end() :]))
                return 1
        return 0

    def logs(self):
        return sorted(os.path.join(folder, name) for folder, _, names in os.walk(self.folder) for name in names
                      if name.endswith(".log"))

    def show_logs(self):
        for log in self.logs():
            with open(log, encoding="utf-8", errors="replace") as file:
                for line in file.read().splitlines()[-LOG_LINES:]:
                    self.tap.remark("%s| %s" % (os.path.basename(log), line))

    def begin_section(self):
        self.used = set()
        self.mark = len(self.entries()) if self.server and self.server.process else 0
        self.acted()
        self.section_us = self.since_us

    def acted(self):
        self.since_us = boot_us()
        self.place = len(self.readers.happenings) - 1 if self.readers else -1

    # ---- files ----

    def path_of(self, name):
        """A file of the story's folder; `post/...` is the post's own data."""
        if name.startswith("/") or ".." in name:
            raise AssertionError("%s: a story keeps to its own folder" % name)
        return os.path.join(self.folder, name)

    def program(self, name):
        return os.path.join(self.build, name)

    # ---- the post ----

    def found(self, folder="post", code=None):
        self.server = Server(self.program("legation"), self.path_of(folder), code, self.environment,
                             self.path_of("server.log"), self.slow)
        self.servers.append(self.server)
        return self.server

    def bring_readers(self):
        self.readers = Readers(self.program("sim-reader"), self.post, self.folder, self.slow, self.kinds)
        self.readers.start()

    # ---- people at consoles ----

    def person(self, name):
        key = name.lower()
        if key not in self.people:
            raise AssertionError("there is no %s at a console in this story" % name)
        return self.people[key]

    def stranger(self, come_from="127.0.0.1"):
        return Web(self.server, come_from)

    # ---- the ledger ----

    def entries(self):
        """All entries so far; only what is new is read."""
        known = self.server.__dict__.setdefault("known", [])
        known += self.server.entries(len(known))
        return known

    def forget_entries(self):
        self.server.known = []

    def wait(self, look, seconds):
        """Look until there is something, or for so long; gives what there was at last."""
        until = time.monotonic() + seconds
        while True:
            found = look()
            if found or time.monotonic() >= until:
                return found
            time.sleep(LOOK_S)

    # ---- names for numbers ----

    def number_of(self, kind, name):
        """The id of a door, a device, a user...: by its key in the post's file, by its name, or as a story called it."""
        if re.fullmatch(r"\d+", name):
            return int(name)
        if name in self.labels:
            return self.labels[name]["seq"]
        key = name.lower()
        for entry in self.entries():
            body = entry.get("body", {})
            if kind in OF_THE_POST and entry["type"] == "post." + kind and body["key"] == key:
                return entry["seq"]
            if kind in ("person", "credential") and entry["type"] == "access.credential" and body["key"] == key:
                return body["person"] if kind == "person" else entry["seq"]
        if kind == "user" and key in self.people:
            return self.people[key].user
        raise AssertionError("nobody knows the %s %s" % (kind, name))

    def fill(self, text):
        """{door gate}, {person ada}, {entry the-grant}, {kept key} become what they stand for."""
        def value(match):
            kind, name = match[1], match[2]
            if kind == "kept":
                return str(self.kept[name])
            if kind == "entry":
                return str(self.labels[name]["seq"])
            return str(self.number_of(kind, name))
        text = text.replace("{uid}", str(os.getuid()))
        text = re.sub(r"\{in (\d+) min\}", lambda match: in_minutes(int(match[1])), text)
        return re.sub(r"\{(door|device|person|credential|user|entry|kept) ([\w-]+)\}", value, text)
