"""People at readers and doors, and what is done to the devices there."""

import time

from telling.language import does, expects
from telling.readers import boot_us

STRANGERS_CARD = {"facility": 250, "number": 60000}
OPEN_MS = 800
CARD_S = 1  # a reader that nobody asks keeps its card


def swipe(story, person, door, inside=False):
    card = STRANGERS_CARD if person == "stranger" else story.post.cards[person]
    members = {"format": "wiegand", "h10301": {"facility": card["facility"], "number": card["number"]}}
    if "bits" in card:
        members = {"bits": card["bits"], "bit_count": card["bit_count"]}
    device = story.post.reader(door, inside)
    story.acted()
    answer = story.readers.order("swipe", device=device, **members)
    sent = story.readers.wait_for(story.readers.is_of_device(device, "card_sent", swipe=answer["swipe"]),
                                  story.since_us, CARD_S * story.slow)
    if sent:
        story.since_us = sent["boot_us"]
    return sent


@does("[A |An ]<person> swipes at the <door>")
def swipes(story, person, door):
    swipe(story, person.lower(), door)


@does("[A |An ]<person> swipes inside the <door>")
def swipes_inside(story, person, door):
    swipe(story, person.lower(), door, inside=True)


@does("<person> passes the <door>")
def passes(story, person, door):
    story.readers.order("door", door=door, action="pass", after_ms=200, open_ms=OPEN_MS)
    swipe(story, person.lower(), door)


@does("<person> swipes at the <door> every <span:time>")
def keeps_swiping(story, person, door, span):
    card = story.post.cards[person.lower()]
    story.readers.order("swipe", device=story.post.reader(door), format="wiegand", every_ms=int(span * 1000),
                        h10301={"facility": card["facility"], "number": card["number"]})
    story.acted()


@does("Nobody swipes at the <door> any more")
def stops_swiping(story, door):
    story.readers.order("swipe", device=story.post.reader(door), every_ms=0)
    time.sleep(0.3 * story.slow)


@does("The <door> is opened")
def opened(story, door):
    story.acted()
    story.readers.order("door", door=door, action="open")


@does("The <door> is forced")
def forced(story, door):
    story.acted()
    story.readers.order("door", door=door, action="force")


@does("The <door> is shut")
def shut(story, door):
    story.acted()
    story.readers.order("door", door=door, action="close")


@does("Somebody inside presses the button of the <door>")
def rex(story, door):
    story.acted()
    story.readers.order("door", door=door, action="rex")


# ---- devices ----

SECURITY = 9  # OSDP's number of the capability


@does("The device <device> is of a kind that claims to know no encryption")
def claims_none(story, device):
    story.kinds[device] = {"capabilities": [{"function": SECURITY, "compliance": 0, "count": 0}]}


@expects("No key was sent to any device")
def no_keyset(story):
    found = [news for news in story.readers.happenings if news["happening"] == "keyset"]
    if found:
        raise AssertionError(str(found[0]))


@does("The device <device> has the fault <kind>[ <count:number> times]")
def fault(story, device, kind, count):
    story.acted()
    story.readers.order("fault", device=device, kind=kind, **({"count": count} if count else {}))


@does("The device <device> has the fault <kind> once")
def fault_once(story, device, kind):
    fault(story, device, kind, 1)


@does("The device <device> no longer has the fault <kind>")
def no_fault(story, device, kind):
    story.acted()
    story.readers.order("fault", device=device, kind=kind, on=False)


@does("The device <device> loses its power for a moment")
def restarts(story, device):
    story.acted()
    story.readers.order("restart", device=device)


@does("Somebody opens the case of <device>")
def tamper(story, device):
    story.acted()
    story.readers.order("tamper", device=device, on=True)


@does("Somebody shuts the case of <device>")
def tamper_over(story, device):
    story.acted()
    story.readers.order("tamper", device=device, on=False)


@does("Somebody puts <device> into install mode")
def install(story, device):
    story.acted()
    story.readers.order("install", device=device)
    story.readers.order("restart", device=device)


# ---- what is seen at the door ----

@expects("The <door> unlocks within <limit:time>")
def unlocks(story, door, limit):
    news = story.readers.wait_for(story.readers.is_unlock(door), story.since_us, (limit + 3) * story.slow, story.place)
    took = (news["boot_us"] - story.since_us) / 1e6 if news else float("inf")
    if took > limit * story.slow:
        raise AssertionError("it unlocked after %.3f s" % took if news else "it did not unlock")
    story.place = news["place"]
    return "%.1f ms" % (took * 1000)


@expects("The <door> stays locked for <span:time>")
def stays_locked(story, door, span):
    """Since the last thing that was done, and for so long from now."""
    left = span * story.slow - (boot_us() - story.since_us) / 1e6
    if left > 0:
        time.sleep(left)
    found = story.readers.unlocks(door, story.since_us)
    state = story.readers.order("state", door=door)
    if found or state["unlocked"]:
        raise AssertionError("it was unlocked: %s" % (found or state))


@expects("The <door> is locked within <limit:time>")
def locked(story, door, limit):
    if not story.wait(lambda: not story.readers.order("state", door=door)["unlocked"], limit * story.slow):
        raise AssertionError("it is not locked")


@expects("The reader of the <door> shows <colour> within <limit:time>")
def shows(story, door, colour, limit):
    wanted = story.readers.is_of_device(story.post.reader(door), "led", shows=colour.upper())
    if not story.readers.wait_for(wanted, story.since_us, limit * story.slow):
        raise AssertionError("it shows: %s" % [news for news in story.readers.happenings if news["happening"] == "led"])


@expects("No unlock came before its entry, and none without")
def unlocks_have_entries(story):
    """At any moment, a door has been unlocked at most as often as the ledger then said."""
    happened = {key: story.readers.unlocks(key) for key in story.post.doors}  # first: what they wait for is there then
    said = {}
    for entry in story.entries():
        if entry["type"] in ("access.granted", "access.unlocked"):
            said.setdefault(entry["body"]["door"], []).append(entry["time"])
    count = 0
    for key, unlocked in happened.items():
        entries = said.get(story.number_of("door", key), [])
        count += len(unlocked)
        if len(unlocked) > len(entries):
            raise AssertionError("the %s: %d unlocks and %d entries; the first beyond them:\n%s" % (
                key, len(unlocked), len(entries), first_beyond(unlocked, entries)))
        for place, news in enumerate(unlocked):
            if entries[place] > wall_text(news):
                raise AssertionError("the %s: unlock %d came before its entry:\n%s" % (
                    key, place + 1, around(unlocked, entries, place)))
    return "%d unlocks" % count


def first_beyond(unlocked, entries):
    """Where the two part: the last unlocks and entries before that moment."""
    for place, news in enumerate(unlocked):
        if sum(time <= wall_text(news) for time in entries) <= place:
            return around(unlocked, entries, place)
    return "no moment"


def around(unlocked, entries, place):
    begin = max(0, place - 3)
    return "unlocks %s\nentries %s" % ([wall_text(news) for news in unlocked[begin : place + 2]],
                                      entries[begin : place + 2])


def wall_text(news):
    """A happening's time as entries write it, and a millisecond for the difference of two clocks."""
    wall_us = news["wall_us"] + 1000
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(wall_us // 1000000)) + ".%06dZ" % (wall_us % 1000000)


@expects("The <door> unlocks again within <limit:time>")
def unlocks_again(story, door, limit):
    """While somebody keeps swiping there."""
    if not story.readers.wait_for(story.readers.is_unlock(door), boot_us(), limit * story.slow):
        raise AssertionError("it does not")
