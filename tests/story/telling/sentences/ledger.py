"""What the ledger must say: entries as `legation ledger show` prints them."""

import json
import shlex
import time

from telling.language import does, expects

USUAL_S = 4
IDS = {"door": "door", "device": "device", "person": "person", "of": "person", "user": "user", "credential": "credential",
       "object": "device", "subject": "person", "lockdown": "entry", "right": "entry", "finding": "entry"}
# What comes some time after a start, whatever else happens: a verification; and, a second later, how often a device's
# handshake failed before its key was given.
BY_ITSELF = ("ledger.verified", "access.device_offence")
NOTHING = ("0", "false", "none", "offline", "unknown", "")  # what an entry leaves out


def wishes(story, fields):
    """door=gate reason="a word" as names and texts, with numbers for what has one."""
    told = []
    for part in shlex.split(story.fill(fields or "")):
        name, _, value = part.partition("=")
        if name in IDS and value not in NOTHING:
            value = str(story.number_of(IDS[name], value))
        elif name == "cause":
            value = str(story.number_of("entry", value))
        elif name == "actor" and "/" in value and not value.split("/")[1].isdigit():
            kind, _, who = value.partition("/")
            value = "%s/%d" % (kind, story.number_of({"reader": "device"}.get(kind, kind), who))
        told.append((name, value))
    return told


def text_of(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_as_wished(entry, wished):
    for name, value in wished:
        found = entry[name] if name in ("actor", "cause", "seq") and name in entry else entry.get("body", {}).get(name)
        if found is None and value in NOTHING:
            continue
        if found is None or text_of(found) != value:
            return False
    return True


def find(story, type_, wished):
    return [entry for entry in story.entries()[story.mark :]
            if entry["type"] == type_ and entry["seq"] not in story.used and is_as_wished(entry, wished)]


def near(story, type_):
    """For a message: what there is of this type, or else the last types."""
    entries = story.entries()[story.mark :]
    alike = [entry for entry in entries if entry["type"] == type_]
    if alike:
        return "there are:\n" + "\n".join(json.dumps(entry) for entry in alike[-5:])
    return "there are only: " + " ".join(entry["type"] for entry in entries[-30:])


@expects("There is an entry <type>[ with <fields:rest>][ within <limit:time>][; call it <label>]")
def there_is(story, type, fields, limit, label):
    fields, limit, label = untangle(fields, limit, label)
    wished = wishes(story, fields)
    found = story.wait(lambda: find(story, type, wished), (limit or USUAL_S) * story.slow)
    if not found:
        raise AssertionError(near(story, type))
    story.used.add(found[0]["seq"])
    if label:
        story.labels[label] = found[0]


def untangle(fields, limit, label):
    """The rest of a sentence may have swallowed what belongs behind it."""
    if fields and "; call it " in fields:
        fields, _, label = fields.partition("; call it ")
    if fields and " within " in fields:
        from telling.language import Sentence
        fields, _, text = fields.rpartition(" within ")
        limit = Sentence.value("time", text)
    return fields, limit, label


@expects("There are <count:number> entries <type>[ with <fields:rest>]")
def there_are(story, count, type, fields):
    wished = wishes(story, fields)
    found = story.wait(lambda: len(find(story, type, wished)) >= count, USUAL_S * story.slow)
    found = find(story, type, wished)
    if len(found) != count:
        raise AssertionError("there are %d; %s" % (len(found), near(story, type)))


@expects("There is no entry <type>[ with <fields:rest>]")
def there_is_none(story, type, fields):
    found = find(story, type, wishes(story, fields))
    if found:
        raise AssertionError("there is: %s" % json.dumps(found[0]))


@expects("Nothing is recorded")
def nothing(story):
    time.sleep(0.2 * story.slow)
    found = [entry for entry in story.entries()[story.mark :] if entry["type"] not in BY_ITSELF]
    if found:
        raise AssertionError("\n".join(json.dumps(entry) for entry in found))


@expects("The entry <label> has no personal data, and its sealed part is bound by a hash")
def sealed(story, label):
    entry = story.labels[label]
    if len(entry.get("sealed", "")) != 64 or "name" in entry.get("body", {}):
        raise AssertionError(json.dumps(entry))


@expects("The causes of <label> lead to <types:rest>")
def causes(story, label, types):
    told = story.server.must("ledger", "show", str(story.labels[label]["seq"]), "--follow-causes")
    found = [json.loads(line)["type"] for line in told.splitlines()]
    if found != types.replace(" and ", ", ").split(", "):
        raise AssertionError("they lead: %s" % ", ".join(found))


@expects("Entry times never go back")
def times(story):
    before = ""
    for entry in story.entries():
        if entry["time"] < before:
            raise AssertionError("entry %d: %s after %s" % (entry["seq"], entry["time"], before))
        before = entry["time"]
    return "%d entries" % len(story.entries())


@expects("The ledger verifies")
def verifies(story):
    told = json.loads(story.server.must("ledger", "verify", "--json"))
    if not told["sound"]:
        raise AssertionError(json.dumps(told))
    return "%d entries" % told["entries"]


@expects("fsck finds nothing")
def fsck(story):
    told = json.loads(story.server.must("fsck", "--json"))
    if not told["sound"] or told["differences"] != 0:
        raise AssertionError(json.dumps(told))
    return "%d rows" % told["rows"]


@does("Call the last entry <type> <label>")
def call(story, type, label):
    found = [entry for entry in story.entries() if entry["type"] == type]
    if not found:
        raise AssertionError("there is no entry %s" % type)
    story.labels[label] = found[-1]


@expects("The entries <one> and <other> say the same <member>")
def same(story, one, other, member):
    said = [story.labels[label]["body"].get(member) for label in (one, other)]
    if said[0] is None or said[0] != said[1]:
        raise AssertionError("%s and %s" % tuple(said))
