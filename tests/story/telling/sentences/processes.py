"""The server, its processes, the readers: started, stopped, killed."""

import os
import random
import secrets
import shutil
import signal
import time

from telling.language import does, expects
from telling.post import Post
from telling.story import HERE


def post_take(story, name):
    for ending in (".yaml", ".cards.yaml", ".svg"):
        shutil.copy(os.path.join(HERE, "posts", name + ending), story.path_of(name + ending))
    story.post = Post(story.path_of(name + ".yaml"), story.path_of(name + ".cards.yaml"))


@does('A new post "<code:text>" is served')
def found(story, code):
    story.found(code=code).start()


@does('The post "<name:text>" is brought in')
def bring_in(story, name):
    post_take(story, name)
    story.bring_readers()
    lines = [word for key, address in story.readers.addresses.items() for word in ("--line", key + "=" + address)]
    story.server.must("post", "import", story.path_of(name + ".yaml"), *lines)
    for device, key in story.readers.keys.items():
        key_file = story.path_of("device.key")
        with open(key_file, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(key + "\n")
        story.server.must("access", "key", device, "--key-file", key_file)
    story.server.must("access", "import", story.path_of(name + ".cards.yaml"))
    wait_for_readers(story, 10)


@does('The post "<name:text>" is served')
def served(story, name):
    post_take(story, name)
    found(story, story.post.code)
    bring_in(story, name)
    story.acted()


def secure_now(story):
    return all(story.readers.order("state", device=device)["secure"] for device in story.post.devices)


def wait_for_readers(story, seconds):
    if not story.wait(lambda: secure_now(story), seconds * story.slow):
        raise AssertionError("the readers are not on their lines within %d s" % seconds)
    wanted = {story.number_of("device", key) for key in story.post.devices}

    def recorded():
        last = {}
        for entry in story.entries():
            if entry["type"] == "access.device_state":
                last[entry["body"]["device"]] = entry["body"].get("link")
        return all(last.get(device) == "secure" for device in wanted)
    if not story.wait(recorded, seconds * story.slow):
        raise AssertionError("the server does not say that the readers are secure within %d s" % seconds)


@expects("All readers are on their lines within <limit:time>")
def readers_are_back(story, limit):
    wait_for_readers(story, limit)


@does("The server stops")
def stop(story):
    code = story.server.stop()
    if code != 0:
        raise AssertionError("the server stopped with exit code %s" % code)


@does("The server starts[ again]")
def start(story):
    story.server.start()
    story.acted()


@does("The server is restarted")
def restart(story):
    stop(story)
    start(story)


@does("The readers stop")
def readers_stop(story):
    story.readers.stop()


@does("Kill [the] <role>")
def kill(story, role):
    """A process of the server, or `server`, the supervisor itself, whose death ends all others."""
    if role == "server":
        story.acted()
        story.server.stop(signal.SIGKILL)
        until = time.monotonic() + 5
        while story.server.workers() and time.monotonic() < until:
            time.sleep(0.01)
        return
    until = time.monotonic() + 5  # one that was killed before may be waiting for its next start
    pid = story.server.workers().get(role)
    while not pid and time.monotonic() < until:
        time.sleep(0.02)
        pid = story.server.workers().get(role)
    if not pid:
        raise AssertionError("there is no process %s: %s" % (role, story.server.workers()))
    story.acted()
    os.kill(pid, signal.SIGKILL)


@expects("The server is refused with exit code <code:number> and says \"<words:text>\"")
def second_refused(story, code, words):
    """A second server on the same folder."""
    log = story.path_of("second.log")
    process = story.server.__class__(story.server.program, story.server.folder, None, story.environment, log,
                                     story.slow).begin()
    got = process.wait(20 * story.slow)
    with open(log, encoding="utf-8") as file:
        text = file.read()
    if got != code or words not in text:
        raise AssertionError("exit code %d, and it says:\n%s" % (got, text))


@expects("The server lives")
def lives(story):
    """It answers, and none of its processes has died since the section began."""
    died = [entry for entry in story.entries()[story.mark :] if entry["type"] == "process.died"]
    if story.server.health() != 200 or died:
        raise AssertionError("health %s, died: %s" % (story.server.health(), died))


def next_passage(story, door, since_us, seconds):
    """The first unlock for a card that left its reader after `since_us`: one under way before proves nothing."""
    sent = story.readers.wait_for(story.readers.is_of_device(story.post.reader(door), "card_sent"), since_us, seconds)
    return sent and story.readers.wait_for(story.readers.is_unlock(door), sent["boot_us"], seconds)


def time_to_passage(story, door, role, limit):
    killed_us = story.since_us
    unlocked = next_passage(story, door, killed_us, (limit + 8) * story.slow)
    took = (unlocked["boot_us"] - killed_us) / 1e6 if unlocked else float("inf")
    if took > limit * story.slow:
        raise AssertionError("the %s unlocked %.3f s after %s was killed" % (door, took, role))
    return took


@expects("Kill <role> <times:number> times while people swipe at the <door>; "
         "each time it unlocks again within <limit:time>")
def kill_loop(story, role, times, door, limit):
    worst = 0.0
    for _ in range(times):
        kill(story, role)
        worst = max(worst, time_to_passage(story, door, role, limit))
        wait_for_workers(story)
        time.sleep(0.3)
    return "%.0f ms at worst" % (worst * 1000)


def wait_for_workers(story):
    wanted = {"core", "query", "web", "password"} | {"osdp/%d" % number for number in range(len(story.post.lines))}
    if not story.wait(lambda: wanted <= set(story.server.workers()), 5 * story.slow):
        raise AssertionError("not all processes are there: %s" % sorted(story.server.workers()))


@does("Wait <span:time>")
def pause(story, span):
    time.sleep(span)


@expects("The address in the post's folder is that of the first")
def own_address(story):
    with open(os.path.join(story.server.folder, "run", "address"), encoding="ascii") as file:
        now = file.read()
    with open(story.server.log, encoding="utf-8") as file:
        first = [line for line in file.read().splitlines() if " address=" in line][-1].rpartition("address=")[2]
    if now.strip() != first:
        raise AssertionError("%s, and the first serves %s" % (now.strip(), first))


@expects("Kill one process after the other for <span:time> while people swipe at the <door>; "
         "each time it unlocks again within <limit:time>")
def kill_on(story, span, door, limit):
    """In an order and at moments drawn from a seed that is told."""
    seed = int(os.environ.get("STORY_SEED", secrets.randbelow(1 << 32)))
    chance, until, count, worst = random.Random(seed), time.monotonic() + span, 0, 0.0
    story.tap.remark("STORY_SEED=%d" % seed)
    while time.monotonic() < until:
        role = chance.choice(sorted(story.server.workers()))
        kill(story, role)
        took = time_to_passage(story, door, role, limit)
        worst, count = max(worst, took), count + 1
        wait_for_workers(story)
        time.sleep(chance.random() * 2)
    return "%d kills, %.0f ms at worst" % (count, worst * 1000)
