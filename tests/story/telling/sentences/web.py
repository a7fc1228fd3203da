"""People at consoles: the HTTPS interface with every right and wrong in it, and the feed."""

import json
import re

from telling.language import does, expects
from telling.web import Web

PASSWORD = "a long enough password"
REFUSED = re.compile(r"(\d{3})(?: ([\w-]+))?")


def link_of(story, *words):
    return json.loads(story.server.must("user", "link", "--json", *words))["link"].rpartition("/")[2]


def use_link(story, name, token, password, come_from="127.0.0.1"):
    person = story.people.setdefault(name.lower(), Web(story.server, come_from))
    answer = person.ask("POST", "/api/link", {"token": token, "name": name, "password": password})
    story.answer = answer
    if answer.status == 200:
        person.user, person.password, person.name = json.loads(answer.body)["id"], password, name
    return answer


def judge(story, status, error):
    answer = story.answer
    got = json.loads(answer.body).get("error") if answer.status >= 400 and answer.body else None
    if answer.status != status or (error and got != error):
        raise AssertionError("the answer is %d %s" % (answer.status, answer.body[:500].decode("utf-8", "replace")))


@does('The first administrator signs in as "<name:text>"')
def first(story, name):
    if use_link(story, name, link_of(story), PASSWORD).status != 200:
        raise AssertionError("the link does not work: %s" % story.answer.body.decode())


@does("<who> makes the <role> <name>")
def makes(story, who, role, name):
    """A user with this role, who signs in at once by the link."""
    answer = story.person(who).ask("POST", "/api/users", {"name": name, "role": role, "language": "en"})
    if answer.status != 200:
        raise AssertionError("%d %s" % (answer.status, answer.body.decode()))
    token = json.loads(answer.body)["link"].rpartition("/")[2]
    place = "127.0.1.%d" % (len(story.people) + 1)  # each at a desk of his own
    if use_link(story, name, token, PASSWORD, place).status != 200:
        raise AssertionError("the link does not work: %s" % story.answer.body.decode())


@expects("<who> asks <method> <path:path>[ with <members:json>][ under the header \"<header:text>\"] and gets <status:number>[ <error>]")
def asks(story, who, method, path, members, header, status, error):
    person = story.stranger() if who.lower() == "somebody" else story.person(who)
    name, _, value = (header or "").partition(": ")
    path = story.fill(path.replace("(", "{").replace(")", "}"))
    story.acted()
    story.answer = person.ask(method, path, json.loads(story.fill(members)) if members else None,
                              {name: value} if header else None)
    judge(story, status, error)


@expects('<who> signs in[ with the password "<password:text>"][ from <place>] and gets <status:number>[ <error>]')
def signs_in(story, who, password, place, status, error):
    """With a session of its own, unless somebody unknown."""
    person = story.people.get(who.lower())
    if place:
        person = Web(story.server, place)
    elif not person:
        person = story.stranger()
    known = story.people.get(who.lower())
    story.acted()
    story.answer = person.ask("POST", "/api/session", {
        "name": known.name if known else who, "password": password if password is not None else known.password})
    judge(story, status, error)


@does('A link is asked for[ with the name "<name:text>"] and kept as <kept>')
def link_kept(story, name, kept):
    story.kept[kept] = link_of(story, *(("--name", name) if name else ()))


@expects('<who> uses the link <kept> with the password "<password:text>"[ from <place>] and gets <status:number>[ <error>]')
def uses_link(story, who, kept, password, place, status, error):
    story.acted()
    if place:
        story.people[who.lower()].come_from = place
    use_link(story, who, story.kept[kept], password)
    judge(story, status, error)


@does('<who> resets the password of <other>, and the link is kept as <kept>')
def resets(story, who, other, kept):
    answer = story.person(who).ask("POST", "/api/users/%d/reset" % story.number_of("user", other))
    if answer.status != 200:
        raise AssertionError("%d %s" % (answer.status, answer.body.decode()))
    story.kept[kept] = json.loads(answer.body)["link"].rpartition("/")[2]


@expects("The answer says <path> = <value:rest>")
def answer_says(story, path, value):
    found = json.loads(story.answer.body)
    for part in path.split("."):
        found = found[int(part)] if isinstance(found, list) else found.get(part)
    if found != json.loads(story.fill(value)):
        raise AssertionError("%s = %s" % (path, json.dumps(found)))


@expects('The answer holds "<words:text>"')
def answer_holds(story, words):
    if words not in story.answer.body.decode():
        raise AssertionError(story.answer.body[:2000].decode())


@expects('The answer does not hold "<words:text>"')
def answer_does_not_hold(story, words):
    if words in story.answer.body.decode():
        raise AssertionError(story.answer.body[:2000].decode())


@expects("Somebody signs in <count:number> times from <place> and is told to wait")
def too_often(story, count, place):
    for tried in range(count):
        answer = Web(story.server, place).ask("POST", "/api/session", {"name": "nobody", "password": "at all, at all"})
        if answer.status == 429:
            if int(dict(answer.headers)["retry-after"]) < 1:
                raise AssertionError("without a time to wait: %s" % answer.headers)
            return "after %d" % tried
    raise AssertionError("%d tries were taken" % count)


@expects("Nowhere in the ledger stands any of these: <words:rest>")
def nowhere(story, words):
    told = story.server.must("ledger", "show", "--from", "0", "--limit", "1000000")
    found = [word for word in words.split(", ") if word in told]
    if found:
        raise AssertionError(", ".join(found))
