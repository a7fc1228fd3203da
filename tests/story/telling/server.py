"""One post as it is run: the real `legation serve` in a folder of its own, and the commands of `legation` about it."""

import json
import os
import signal
import subprocess
import time

COMMAND_S = 60
ROLES = ("core", "query", "web", "password", "osdp")


class Server:
    def __init__(self, program, folder, code, environment, log, slow):
        self.program, self.folder, self.code = program, folder, code
        self.environment, self.log, self.slow = environment, log, slow
        self.serve_environment = environment
        self.process = None

    # ---- the process ----

    def begin(self, arguments=()):
        command = [self.program, "serve", "--dir", self.folder, "--listen", "127.0.0.1:0", "--reserve-mb", "4"]
        if self.code:
            command += ["--code", self.code]
        with open(self.log, "ab") as log:
            return subprocess.Popen(command + list(arguments), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    env=self.serve_environment, start_new_session=True)

    def start(self):
        address = os.path.join(self.folder, "run", "address")
        if os.path.exists(address):
            os.unlink(address)
        self.process = self.begin()
        self.wait_until_ready(20 * self.slow)

    def wait_until_ready(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise AssertionError("the server ended at once, exit code %d" % self.process.returncode)
            roles = self.workers()
            if all(role in roles for role in ("core", "query", "web", "password")) and self.health() == 200:
                return
            time.sleep(0.02)
        raise AssertionError("the server was not ready within %d s" % seconds)

    def health(self):
        from telling.web import Web  # not at the top: web needs this module's Server
        try:
            return Web(self).ask("GET", "/healthz").status
        except OSError:
            return None

    def stop(self, how=signal.SIGTERM):
        """Gives the exit code."""
        if not self.process:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(20 * self.slow)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process = None
        return code

    def address(self):
        """Host and port."""
        with open(os.path.join(self.folder, "run", "address"), encoding="ascii") as file:
            host, _, port = file.read().strip().removeprefix("https://").rpartition(":")
        return host, int(port)

    def workers(self):
        """The server's processes: {"core": pid, "osdp/0": pid, ...}, as the system has them."""
        found = {}
        if not self.process:
            return found
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                with open("/proc/%s/stat" % name, encoding="utf-8", errors="replace") as file:
                    stat = file.read().rpartition(")")[2].split()
                with open("/proc/%s/cmdline" % name, "rb") as file:
                    words = file.read().decode().split("\0")
            except OSError:
                continue
            if int(stat[1]) == self.process.pid and stat[0] != "Z" and words[1:2] == ["worker"]:
                role = words[2] if words[2] != "osdp" else "osdp/" + words[3]
                found[role] = int(name)
        return found

    # ---- the commands ----

    def run(self, words, folder=None, feed=None):
        """Run `legation WORDS`, in `folder`; most commands are about a post, and get its folder."""
        command = [self.program, *words]
        if words[0] not in ("verify-proof", "restore", "--version", "help") and "--dir" not in words:
            command += ["--dir", self.folder]
        return subprocess.run(command, cwd=folder, env=self.environment, input=feed, capture_output=True,
                              timeout=COMMAND_S * self.slow, check=False)

    def must(self, *words):
        done = self.run(words)
        if done.returncode != 0:
            raise AssertionError("legation %s: exit code %d: %s" % (" ".join(words), done.returncode, said(done)))
        return done.stdout.decode()

    # ---- the ledger, as `ledger show` prints it ----

    def size(self):
        return json.loads(self.must("ledger", "checkpoint", "--json"))["size"]

    def entries(self, start=0, type_=None):
        words = ["ledger", "show", "--from", str(start), "--limit", "1000000"]
        if type_:
            words += ["--type", type_]
        return [entry_of(line) for line in self.run(words).stdout.decode("utf-8", "replace").splitlines()]


def entry_of(line):
    try:
        return json.loads(line)
    except ValueError:
        return {"seq": -1, "type": "(damaged)", "time": "", "body": {}}


def said(done):
    return (done.stdout + done.stderr).decode("utf-8", "replace").strip()
