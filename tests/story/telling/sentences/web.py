"""People at consoles: the HTTPS interface with every right and wrong in it, and the feed."""

import base64
import json
import re

from telling import tree
from telling.language import does, expects
from telling.web import Feed, Web

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


@expects('<who> asks <method> <path:path>[ with <members:json>][ under the header "<header:text>"] '
         "and gets <status:number>[ <error>]")
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


@expects('<who> uses the link <kept> with the password "<password:text>"[ from <place>] '
         "and gets <status:number>[ <error>]")
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


# ---- requests with something wrong in them ----

BULK = {"letters": b"a", "brackets": b"["}


def bytes_of(text):
    """A text of a story as bytes: \\r \\n \\xNN, (200 letters), (byte 255), and ' for "."""
    data = text.replace("'", '"').encode().decode("unicode_escape").encode("latin-1")
    data = re.sub(rb"\((\d+) (letters|brackets)\)", lambda found: BULK[found[2].decode()] * int(found[1]), data)
    return re.sub(rb"\(byte (\d+)\)", lambda found: bytes([int(found[1])]), data)


@expects('<who> asks <method> <path:path> with the text "<text:text>" and gets <status:number>[ <error>]')
def asks_with_text(story, who, method, path, text, status, error):
    story.acted()
    story.answer = story.person(who).ask(method, story.fill(path), bytes_of(text))
    judge(story, status, error)


@expects("<who> asks <method> <path:path> with <members:json> without the header <header> "
         "and gets <status:number>[ <error>]")
def asks_without(story, who, method, path, members, header, status, error):
    story.acted()
    story.answer = story.person(who).ask(method, path, json.loads(members), {header: None})
    judge(story, status, error)


@expects('The bytes "<text:text>" get <status:number>[ <error>]')
def bytes_get(story, text, status, error):
    story.acted()
    story.answer = story.stranger().send_raw(bytes_of(text))
    if not story.answer:
        raise AssertionError("the connection was closed without an answer")
    judge(story, status, error)


@expects('The bytes "<text:text>" get nothing')
def bytes_get_nothing(story, text):
    answer = story.stranger().send_raw(bytes_of(text), finish=True)
    if answer:
        raise AssertionError("%d %s" % (answer.status, answer.body[:200]))


@expects("Bytes that are no TLS are hung up on")
def no_tls(story):
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + bytes(2000), bytes(300)):
        _, _, connection = story.stranger().plain()
        with connection:
            try:
                connection.sendall(data)
                while connection.recv(4096):  # an alert may come first
                    pass
            except ConnectionError:
                pass


# ---- the feed ----

SMALL_BUFFER = 4096


def feed_of(story, who):
    if who.lower() not in story.feeds:
        raise AssertionError("%s has no feed open" % who)
    return story.feeds[who.lower()]


def open_feed(story, who, read=True):
    feed = story.person(who).open_feed(receive_buffer=None if read else SMALL_BUFFER)
    if not isinstance(feed, Feed):
        raise AssertionError("the feed is refused: %d %s" % (feed.status, feed.body))
    if who.lower() in story.feeds:
        story.feeds[who.lower()].close()
    story.feeds[who.lower()] = feed
    if read:
        feed.read()
        if not feed.wait(lambda feed: feed.messages, 5 * story.slow) or feed.messages[0]["kind"] != "hello":
            raise AssertionError("the feed does not begin with a greeting: %s" % feed.messages[:1])
    story.acted()


@does("<who> opens the feed")
def opens_feed(story, who):
    open_feed(story, who)


@does("<who> opens the feed and does not read it")
def opens_feed_deaf(story, who):
    open_feed(story, who, read=False)


@does("<who> reads the feed again")
def reads_again(story, who):
    feed_of(story, who).read()


@expects('<who> opens the feed[ under the header "<header:text>"] and gets <status:number>[ <error>]')
def feed_refused(story, who, header, status, error):
    person = story.stranger() if who.lower() == "somebody" else story.person(who)
    name, _, value = (header or "").partition(": ")
    story.answer = person.open_feed({name: value} if header else None)
    if isinstance(story.answer, Feed):
        story.answer.close()
        raise AssertionError("the feed is open")
    judge(story, status, error)


@expects("The feed of <who> brings an entry <type> within <limit:time>")
def feed_brings(story, who, type, limit):
    feed = feed_of(story, who)
    mark = story.mark
    if not feed.wait(lambda feed: any(entry["type"] == type and entry["seq"] >= mark for entry in feed.entries()),
                     limit * story.slow):
        raise AssertionError("it does not: closed with %s, %s" % (feed.closed_with, feed.messages[-3:]))


@expects("The feed of <who> beats")
def feed_beats(story, who):
    if not feed_of(story, who).wait(lambda feed: any(one["kind"] == "beat" for one in feed.messages), 3 * story.slow):
        raise AssertionError("it does not")


def missing(story, feed):
    """The entries since its greeting that a feed has neither brought nor told of as a gap."""
    there = {entry["seq"] for entry in feed.entries()}
    for one in feed.messages:
        if one["kind"] == "gap":
            there.update(range(one["from"], one["to"] + 1))
    return [seq for seq in range(feed.messages[0]["size"], len(story.entries())) if seq not in there]


@expects("The feed of <who> has brought every entry")
def feed_whole(story, who):
    feed = feed_of(story, who)
    if not feed.wait(lambda feed: not missing(story, feed), 5 * story.slow):
        raise AssertionError("%d are missing" % len(missing(story, feed)))
    if any(one["kind"] == "gap" for one in feed.messages):
        raise AssertionError("it told of a gap")
    return "%d entries" % len(feed.entries())


@expects("The feed of <who> tells of a gap, or has brought every entry")
def feed_told(story, who):
    feed = feed_of(story, who)
    if not feed.wait(lambda feed: feed.messages and not missing(story, feed), 10 * story.slow):
        raise AssertionError("%d are missing, closed with %s" % (len(missing(story, feed)), feed.closed_with))
    return "%d gaps" % sum(one["kind"] == "gap" for one in feed.messages)


@expects('The feed of <who> is sent the bytes "<text:text>" and is closed with <code:number>')
def feed_sent(story, who, text, code):
    feed = feed_of(story, who)
    feed.send_raw(text.encode().decode("unicode_escape").encode("latin-1"))
    if feed.wait(lambda feed: feed.closed_with, 5 * story.slow) != code:
        raise AssertionError("closed with %s" % feed.closed_with)


@does("Somebody stalls in the middle of a request, on <count:number> connections")
def stalls(story, count):
    for _ in range(count):
        _, _, connection = story.stranger().connect()
        connection.sendall(b"GET /api/doors HT")
        story.helpers.append(connection.close)


@expects("In the meantime the <door> unlocked for every swipe within <limit:time>, 9 of 10 times within <usual:time>")
def unlocked_meanwhile(story, door, limit, usual):
    """From card to unlock, each of those since the section began. A swipe that is under way may still be answered."""
    news = story.readers.happenings[:]
    is_card = story.readers.is_of_device(story.post.reader(door), "card_sent")
    is_unlock = story.readers.is_unlock(door)
    unlocks = [one["boot_us"] for one in news if is_unlock(one)]
    cards = [one["boot_us"] for one in news if is_card(one) and story.section_us <= one["boot_us"] <= unlocks[-1]]
    took = []
    for sent in cards:
        took.append(min(one for one in unlocks if one >= sent) - sent)
    took.sort()
    if len(took) < 20 or took[-1] > limit * 1e6 * story.slow or took[len(took) * 9 // 10] > usual * 1e6 * story.slow:
        raise AssertionError("%d swipes: %s us" % (len(took), took[-10:]))
    middle, worst = took[len(took) // 2] / 1e3, took[-1] / 1e3
    return "%d swipes, %.1f ms in the middle, %.1f ms at worst" % (len(took), middle, worst)


# ---- a console that remembers ----

@does("The console of <who> remembers the checkpoint")
def remembers(story, who):
    person = story.person(who)
    answer = person.ask("GET", "/api/ledger/checkpoint")
    person.remembered = tree.checkpoint(json.loads(answer.body)["note"])


def judged(person):
    """What a console finds that demands consistency with what it knew: consistent, rollback or fork."""
    old_size, old_root = person.remembered
    size, root = tree.checkpoint(json.loads(person.ask("GET", "/api/ledger/checkpoint").body)["note"])
    if size < old_size:
        return "rollback"
    told = json.loads(person.ask("GET", "/api/ledger/consistency?from=%d" % old_size).body)
    size, root = tree.checkpoint(told["note"])
    proof = [base64.b64decode(one["hash"]) for one in told["hashes"]]
    return "consistent" if tree.is_consistent(old_size, old_root, size, root, proof) else "fork"


@expects("The console of <who> finds a <verdict>")
def finds(story, who, verdict):
    found = judged(story.person(who))
    if found != verdict:
        raise AssertionError("it finds: %s" % found)


@expects("The console of <who> finds the ledger consistent")
def finds_consistent(story, who):
    finds(story, who, "consistent")
