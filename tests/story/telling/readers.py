"""The readers and doors of a post: the real sim-reader over ptys and TCP, told what to do and listened to."""

import json
import os
import queue
import secrets
import subprocess
import threading
import time

UNLOCK = 5  # the control code of a timed output
ANSWER_S = 10


def boot_us():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


class Readers:
    """One sim-reader. Its happenings are kept in the order in which they came, each with its time on the boot clock."""

    def __init__(self, program, post, folder, slow, kinds):
        self.program, self.post, self.folder, self.slow, self.kinds = program, post, folder, slow, kinds
        self.keys = {key: secrets.token_hex(16) for key in post.devices}
        self.addresses, self.happenings, self.answers = {}, [], queue.Queue()
        self.came = threading.Condition()
        self.process, self.spoilt = None, False

    # ---- the simulator's own file ----

    def device_setup(self, key):
        device = self.post.devices[key]
        setup = {"name": key, "address": device["address"], "kind": device["kind"], "scbk": self.keys[key],
                 "serial": 4000 + list(self.post.devices).index(key)}
        setup.update(self.kinds.get(key, {}))
        if device["kind"] == "io":
            return {**setup, "inputs": 16, "outputs": 16}
        return {**setup, "readers": 2, "keypad": True}

    def door_setup(self, key):
        door, setup = self.post.doors[key], {"name": key}
        for ours, theirs, number in (("lock", "strike", "output"), ("contact", "contact", "input"),
                                     ("rex", "exit_request", "input")):
            if theirs in door:
                device = self.post.devices[door[theirs]["device"]]
                setup[ours] = {"device": device["address"], number: door[theirs][number]}
        return setup

    def line_setup(self, line):
        devices = [key for key, device in self.post.devices.items() if device["line"] == line["key"]]
        doors = [key for key in self.post.doors if self.post.strike(key)[0] in devices]
        return {"name": line["key"], "transport": "pty" if line["address"].startswith("serial:") else "tcp",
                "baud": line["baud"], "devices": [self.device_setup(key) for key in devices],
                "doors": [self.door_setup(key) for key in doors]}

    # ---- living ----

    def start(self):
        config = os.path.join(self.folder, "readers.json")
        with open(config, "w", encoding="utf-8") as file:
            json.dump({"lines": [self.line_setup(line) for line in self.post.lines]}, file, indent=1)
        log = open(os.path.join(self.folder, "readers.log"), "ab")
        self.process = subprocess.Popen([self.program, "--config", config, "--until-eof", "--json"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        log.close()
        threading.Thread(target=self.listen, args=(self.process.stdout,), daemon=True).start()
        ready = self.wait_for(lambda news: news["happening"] == "ready", 0, 10)
        for line, opened in zip(self.post.lines, ready["lines"]):
            self.addresses[line["key"]] = ("serial:" + opened["pty"] if "pty" in opened
                                           else "tcp:127.0.0.1:%d" % opened["port"])

    def listen(self, stream):
        for text in stream:
            news = json.loads(text)
            if "boot_us" in news:  # by the wall clock as it is now: over minutes, the two drift apart
                news["wall_us"] = time.time_ns() // 1000 - boot_us() + news["boot_us"]
            with self.came:
                if "happening" in news:
                    self.happenings.append(news)
                else:
                    self.answers.put(news)
                self.came.notify_all()

    def stop(self):
        if not self.process:
            return
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def order(self, command, **members):
        """Give an order and take its answer; `device` may be a key of the post's file."""
        if members.get("device") in self.post.devices:
            members["line"] = self.post.line_number(members["device"])
        self.spoilt |= command in ("fault", "restart", "install", "key")
        order = {"command": command, **members}
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.process.stdin.flush()
        answer = self.answers.get(timeout=ANSWER_S)
        if not answer.get("ok"):
            raise AssertionError("the simulator refuses %s: %s" % (json.dumps(order), answer.get("error")))
        return answer

    # ---- listening ----

    def wait_for(self, wanted, since_us, seconds, after=-1):
        """The first happening from `since_us` on, behind place `after`, that is `wanted`; None when time is up."""
        until = time.monotonic() + seconds
        with self.came:
            at = after + 1
            while True:
                for place in range(at, len(self.happenings)):
                    news = self.happenings[place]
                    if news.get("boot_us", since_us) >= since_us and wanted(news):
                        return {**news, "place": place}
                at = len(self.happenings)
                left = until - time.monotonic()
                if left <= 0 or not self.came.wait(left):
                    if left <= 0 or at == len(self.happenings):
                        return None

    def is_unlock(self, door):
        device, output = self.post.strike(door)
        line, address = self.post.line_number(device), self.post.devices[device]["address"]
        return lambda news: (news["happening"] == "output" and news["line"] == line and news["device"] == address
                             and news["output"] == output and news["control"] == UNLOCK)

    def is_of_device(self, key, happening, **members):
        line, address = self.post.line_number(key), self.post.devices[key]["address"]
        return lambda news: (news["happening"] == happening and news.get("line") == line
                             and news.get("device") == address
                             and all(news.get(name) == value for name, value in members.items()))

    def unlocks(self, door, since_us=0):
        with self.came:
            wanted = self.is_unlock(door)
            return [news for news in self.happenings if news.get("boot_us", 0) >= since_us and wanted(news)]

    def violations(self):
        """What the panel did against the protocol. Where a device was told to, it forgets its session by itself."""
        with self.came:
            return [news for news in self.happenings if news["happening"] in ("violation", "lines_lost")
                    and not (self.spoilt and news.get("what") == "a session frame without a session")]
