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
