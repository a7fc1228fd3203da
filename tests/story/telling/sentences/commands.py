"""The commands of `legation`, as a technician types them, and files beside them."""

import json
import os
import shlex
import shutil
import subprocess
import textwrap

from telling.language import does, expects
from telling.server import said


def run(story, command):
    story.acted()
    story.done = story.server.run(shlex.split(story.fill(command)), folder=story.folder)
    return story.done


def filled(story, *words):
    return [story.fill(word) for word in words if word is not None]


def must_say(done, words):
    for word in words:
        if word not in said(done):
            raise AssertionError("it does not say \"%s\" but:\n%s" % (word, said(done)))


@expects('The command "<command:text>" succeeds[ and says "<one:text>"][ and "<two:text>"]')
def succeeds(story, command, one, two):
    done = run(story, command)
    if done.returncode != 0:
        raise AssertionError("exit code %d:\n%s" % (done.returncode, said(done)))
    must_say(done, filled(story, one, two))


@expects('The command "<command:text>" fails and says "<one:text>"[ and "<two:text>"][ and "<three:text>"]')
def fails(story, command, one, two, three):
    done = run(story, command)
    if done.returncode != 1:
        raise AssertionError("exit code %d:\n%s" % (done.returncode, said(done)))
    must_say(done, filled(story, one, two, three))


@expects('The command "<command:text>" is called wrongly, and says "<one:text>"')
def called_wrongly(story, command, one):
    done = run(story, command)
    if done.returncode != 2:
        raise AssertionError("exit code %d:\n%s" % (done.returncode, said(done)))
    must_say(done, filled(story, one))


@expects('It does not say "<word:text>"')
def does_not_say(story, word):
    if word in said(story.done):
        raise AssertionError("it says:\n%s" % said(story.done))


@expects('It says "<one:text>"[ and "<two:text>"]')
def says(story, one, two):
    must_say(story.done, filled(story, one, two))


@does('The checkpoint is kept as "<name:text>"')
def keep_checkpoint(story, name):
    story.server.must("ledger", "checkpoint", "--out", story.path_of(name))


@does('The ledger\'s key is kept as <name>')
def keep_key(story, name):
    story.kept[name] = story.server.must("ledger", "checkpoint", "--key").strip()


@does('The file "<name:text>" says')
def write(story, name):
    with open(story.path_of(name), "w", encoding="utf-8") as file:
        file.write(textwrap.dedent("\n".join(story.block)) + "\n")


@does('The secret file "<name:text>" says')
def write_secret(story, name):
    write(story, name)
    os.chmod(story.path_of(name), 0o600)


@does('In the file "<name:text>", "<old:text>" becomes "<new:text>"')
def replace(story, name, old, new):
    with open(story.path_of(name), encoding="utf-8") as file:
        text = file.read()
    if old not in text:
        raise AssertionError("%s does not say \"%s\"" % (name, old))
    with open(story.path_of(name), "w", encoding="utf-8") as file:
        file.write(text.replace(old, story.fill(new), 1))


@does('The post is imported anew from "<name:text>"')
def import_again(story, name):
    """With the lines where the simulator has them."""
    story.acted()
    lines = [word for key, address in story.readers.addresses.items() for word in ("--line", key + "=" + address)]
    story.done = story.server.run(["post", "import", story.path_of(name), *lines])
    if story.done.returncode != 0:
        raise AssertionError(said(story.done))


@does('The file "<name:text>" is copied to "<other:text>"')
def copy(story, name, other):
    shutil.copy(story.path_of(name), story.path_of(other))


@does('What it said is kept in the file "<name:text>"')
def keep_said(story, name):
    with open(story.path_of(name), "wb") as file:
        file.write(story.done.stdout)


def remarks(story, count, pace, letters):
    """Gives in how many milliseconds all were answered."""
    program = story.program("tests/story/story-remarks")
    done = subprocess.run([program, story.server.folder, str(count), str(pace), str(letters)], capture_output=True,
                          timeout=60 * story.slow + count / 1000, check=False)
    if done.returncode != 0:
        raise AssertionError(said(done))
    return json.loads(done.stdout)["ms"]


@does("A remark of <letters:number> letters is put on record <count:number> times, <pace:number> a second")
def flood(story, letters, count, pace):
    remarks(story, count, pace, letters)


@expects("Remarks are put on record at <pace:number> a second for <span:time>, at least 9 of 10 of them in time")
def flood_in_time(story, pace, span):
    count = int(pace * span)
    took_s = remarks(story, count, pace, 60) / 1000
    if count / took_s < 0.9 * pace:
        raise AssertionError("%.0f a second" % (count / took_s))
    return "%.0f a second" % (count / took_s)


@expects("The demonstration runs for <span:time> and ends well")
def demonstration(story, span):
    command = [story.program("legation"), "demo", "--for", "%ds" % span, "--json", "--listen", "127.0.0.1:0", "--dir",
               story.path_of("demo")]
    done = subprocess.run(command, env=story.environment, capture_output=True, timeout=60 * story.slow, check=False)
    told = json.loads(done.stdout or b"{}")
    good = all(told.get(name) for name in ("verified", "fsck", "grants"))
    if done.returncode != 0 or not good or told["ledger_size"] != told["entries"] or b"https://" not in done.stderr:
        raise AssertionError("exit code %d: %s" % (done.returncode, said(done)))
    if told["grants"] + told["denials"] > told["swipes"] or told["unlock_p99_ms"] > 500 * story.slow:
        raise AssertionError(str(told))
    return "%d swipes, unlock after %.2f ms (p50)" % (told["swipes"], told["unlock_p50_ms"])
