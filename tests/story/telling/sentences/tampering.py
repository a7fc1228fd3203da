"""What somebody with the server's disk in his hands may do to it."""

import json
import os
import shutil
import sqlite3

from telling.language import does, expects
from telling.server import said

DATABASE = "data/legation.db"
PAGES = (DATABASE, DATABASE + "-wal")


def must_be_stopped(story):
    if story.server.process:
        raise AssertionError("the server runs: stop it first")


@does('The folder "<name:text>" is copied to "<other:text>"')
def copy_folder(story, name, other):
    """With owners and modes, as a thief or a backup program would; also while the server runs."""
    source, target = story.path_of(name), story.path_of(other)
    shutil.copytree(source, target, ignore=lambda _, names: [one for one in names if one in ("tool.sock", "reserve")])
    for folder, folders, files in os.walk(source):
        beside = os.path.join(target, os.path.relpath(folder, source))
        for one in [""] + folders + files:
            about = os.stat(os.path.join(folder, one))
            if os.path.exists(os.path.join(beside, one)) and os.getuid() == 0:
                os.chown(os.path.join(beside, one), about.st_uid, about.st_gid)


@does('The folder "<name:text>" is put in the place of "<other:text>"')
def put_back(story, name, other):
    must_be_stopped(story)
    shutil.rmtree(story.path_of(other))
    os.rename(story.path_of(name), story.path_of(other))
    story.forget_entries()


@does('From here on, the post is the one in the folder "<name:text>"')
def go_over(story, name):
    known = [server for server in story.servers if server.folder == story.path_of(name)]
    if known:
        story.server = known[0]
    else:
        story.found(name)
    for person in story.people.values():
        person.server = story.server
    story.begin_section()


@does('Elsewhere a post "<code:text>" is founded, and its checkpoint is kept as "<name:text>"')
def elsewhere(story, code, name):
    ours = story.server
    story.found("elsewhere-" + code, code).start()
    story.server.must("ledger", "checkpoint", "--out", story.path_of(name))
    story.server.stop()
    story.servers.remove(story.server)
    story.server = ours


def database(story):
    return sqlite3.connect(os.path.join(story.server.folder, DATABASE), isolation_level=None)


@does("Somebody changes one letter of the entry <label> on the disk")
def flip_in_entry(story, label):
    """In every copy that there is, in the database's pages and in its log."""
    must_be_stopped(story)
    entry = story.labels[label]
    with database(story) as writer:
        (line,) = writer.execute("SELECT line FROM entry WHERE seq = ?", (entry["seq"],)).fetchone()
    writer.close()
    found = 0
    for name in PAGES:
        path = os.path.join(story.server.folder, name)
        if not os.path.exists(path):
            continue
        with open(path, "r+b") as file:
            data = file.read()
            at = data.find(line)
            while at >= 0:
                middle = at + len(line) // 2
                file.seek(middle)
                file.write(bytes([data[middle] ^ 0x01]))
                found += 1
                at = data.find(line, at + 1)
    if not found:
        raise AssertionError("the entry's line is not on the disk in one piece")
    story.forget_entries()


@does("Somebody rewrites the entry <label> in the database, \"<old:text>\" to \"<new:text>\"")
def rewrite(story, label, old, new):
    must_be_stopped(story)
    seq = story.labels[label]["seq"]
    old, new = story.fill(old), story.fill(new)
    with database(story) as writer:
        (line,) = writer.execute("SELECT line FROM entry WHERE seq = ?", (seq,)).fetchone()
        if old.encode() not in line:
            raise AssertionError("the entry does not say %s: %s" % (old, line))
        writer.execute("UPDATE entry SET line = ? WHERE seq = ?", (line.replace(old.encode(), new.encode()), seq))
    writer.close()
    story.forget_entries()


@does("Somebody deletes the last <count:number> entries from the database")
def cut(story, count):
    must_be_stopped(story)
    with database(story) as writer:
        (last,) = writer.execute("SELECT max(seq) FROM entry").fetchone()
        writer.execute("DELETE FROM entry WHERE seq > ?", (last - count,))
    writer.close()
    story.forget_entries()


@does("Somebody changes a row of the table <table>: <change:rest>")
def change_row(story, table, change):
    must_be_stopped(story)
    with database(story) as writer:
        if writer.execute("UPDATE %s SET %s" % (table, story.fill(change))).rowcount < 1:
            raise AssertionError("there is no such row")
    writer.close()


@does('The file "<name:text>" loses its last <count:number> bytes')
def shorten(story, name, count):
    with open(story.path_of(name), "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.truncate(size - count)


@does('Byte <place:number> of the file "<name:text>" is flipped')
def flip_byte(story, place, name):
    with open(story.path_of(name), "r+b") as file:
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes([byte[0] ^ 0x01]))


@expects('Whatever byte of the proof "<name:text>" is flipped, it is refused or says the same')
def every_byte(story, name):
    """All lines count but the words that only greet: a proof with another byte never proves another thing."""
    with open(story.path_of(name), "rb") as file:
        good = file.read()
    words = ["verify-proof", story.path_of("flipped"), "--key", story.kept["key"], "--json"]
    whole = story.server.run(["verify-proof", story.path_of(name), *words[2:]])
    refused, step = 0, max(1, len(good) // 150)
    for place in range(0, len(good), step):
        with open(story.path_of("flipped"), "wb") as file:
            file.write(good[:place] + bytes([good[place] ^ 0x01]) + good[place + 1 :])
        done = story.server.run(words)
        if done.returncode == 1:
            refused += 1
        elif done.returncode != 0 or done.stdout != whole.stdout:
            raise AssertionError("byte %d: exit code %d: %s" % (place, done.returncode, said(done)))
    if refused == 0:
        raise AssertionError("nothing was refused")
    return "%d of %d refused" % (refused, len(range(0, len(good), step)))


@expects('The backup "<name:text>" does not hold "<words:text>"')
def backup_silent(story, name, words):
    with open(story.path_of(name), "rb") as file:
        if words.encode() in file.read():
            raise AssertionError("it does")


@expects('The verdict against "<name:text>" is <verdict>[ and the exit code <code:number>]')
def verdict(story, name, verdict, code):
    done = story.server.run(["ledger", "verify", "--against", story.path_of(name), "--json"], folder=story.folder)
    told = json.loads(done.stdout or b"{}")
    found = [one["verdict"] for one in told.get("against", [])]
    wanted = code if code is not None else 0 if verdict == "consistent" else 1
    if found != [verdict] or done.returncode != wanted:
        raise AssertionError("exit code %d: %s" % (done.returncode, said(done)))
    return told["against"][0]["why"]


@expects("The entry <label> cites the checkpoint of the backup")
def cites(story, label):
    body = story.labels[label]["body"]
    lines = body["restored_from"].splitlines()
    if lines[0] != "legation.invalid/" + story.post.code or int(lines[1]) != body["restored_size"]:
        raise AssertionError(json.dumps(body))
    if body["origin"] == lines[0] or body["restored_size"] != story.labels[label]["seq"]:
        raise AssertionError(json.dumps(body))


@expects('The server does not start, and says "<words:text>"')
def does_not_start(story, words):
    log = story.path_of("refused.log")
    story.server.log, usual = log, story.server.log
    process = story.server.begin()
    story.server.log = usual
    code = process.wait(20 * story.slow)
    with open(log, encoding="utf-8") as file:
        text = file.read()
    if code == 0 or words not in text:
        raise AssertionError("exit code %d, and it says:\n%s" % (code, text))


@expects("Nowhere in the post's folder stands any of these: <words:rest>")
def nowhere_on_disk(story, words):
    """Not in the database's pages, not in its log."""
    for folder, _, files in os.walk(story.server.folder):
        for name in files:
            path = os.path.join(folder, name)
            if not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                data = file.read()
            found = [word for word in words.split(", ") if word.encode() in data]
            if found:
                raise AssertionError("%s: %s" % (os.path.relpath(path, story.folder), ", ".join(found)))
