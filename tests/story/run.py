#!/usr/bin/env python3
"""tests/story/run.py [--build FOLDER] STORY... - tell stories with the real server, real lines and real consoles.

Prints TAP: a test point for each expectation and one for each story. STORY_SLOW=4 gives everything four times as
long (a sanitizer's build needs it); STORY_KEEP=1 leaves the folder of a story that failed.
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from telling import language, sentences  # noqa: E402, F401  (the sentences make themselves known)
from telling.story import Story  # noqa: E402


class Tap:
    def __init__(self):
        self.count = self.failures = 0

    def point(self, good, what, why=""):
        self.count += 1
        self.failures += not good
        words = " ".join(what.replace("#", "").split())
        print("%sok %d - %s" % ("" if good else "not ", self.count, words), flush=True)
        for line in why.splitlines() if not good else ():
            self.remark(line)
        return good

    @staticmethod
    def remark(text):
        print("# %s" % text, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", metavar="FOLDER", help="where legation and sim-reader were built")
    parser.add_argument("--sentences", action="store_true", help="print every sentence that a story may use")
    parser.add_argument("stories", nargs="*", metavar="STORY")
    options = parser.parse_args()
    if options.sentences:
        print("\n".join(sorted(sentence.pattern for sentence in language.sentences)))
        return 0
    tap = Tap()
    slow = float(os.environ.get("STORY_SLOW", "1"))
    for path in options.stories:
        Story(os.path.abspath(path), os.path.abspath(options.build), tap, slow).tell()
    print("1..%d" % tap.count)
    return 1 if tap.failures else 0


if __name__ == "__main__":
    sys.exit(main())
