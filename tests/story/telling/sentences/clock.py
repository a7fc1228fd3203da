"""Time that jumps: the wall clock of the server, and of nobody else, is set forward and back."""

import os
import struct

from telling.language import does, expects

LIBRARY = "tests/story/libclock_step.so"
SHIFT = struct.Struct("<q")


@does('A new post "<code:text>" is served with a clock of its own')
def served_with_clock(story, code):
    set_offset(story, 0)
    environment = dict(story.environment, CLOCK_STEP_FILE=story.path_of("clock"), LD_PRELOAD=story.program(LIBRARY))
    # A sanitizer wants to be the first library; it need not be for this one.
    environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    story.found(code=code).serve_environment = environment
    story.server.start()


def set_offset(story, seconds):
    story.clock_s = seconds
    path = story.path_of("clock")
    with open(path, "r+b" if os.path.exists(path) else "wb") as file:
        file.write(SHIFT.pack(int(seconds * 1000000)))
    os.chmod(path, 0o644)


@does("The clock is set forward by <span:time>")
def forward(story, span):
    story.acted()
    set_offset(story, story.clock_s + span)


@does("The clock is set back by <span:time>")
def back(story, span):
    story.acted()
    set_offset(story, story.clock_s - span)


@expects("The step is an entry, <way> by <span:time>")
def step(story, way, span):
    def found():
        return [entry for entry in story.entries()[story.mark :] if entry["type"] == "clock.stepped"
                and entry["seq"] not in story.used]
    entries = story.wait(found, 5 * story.slow)
    if not entries:
        raise AssertionError("there is none")
    body = entries[0]["body"]
    story.used.add(entries[0]["seq"])
    if bool(body.get("back")) != (way == "back") or abs(body["by_ms"] - span * 1000) > 1000 * story.slow:
        raise AssertionError(str(body))
