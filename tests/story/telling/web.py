"""A console without a screen: HTTPS with the post's own authority verified, the session's cookie, and the feed."""

import base64
import collections
import hashlib
import json
import os
import socket
import ssl
import struct
import threading
import time

Answer = collections.namedtuple("Answer", "status body headers")

COOKIE = "__Host-legation"
ACCEPT_KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
WAIT_S = 15


class Web:
    """One person's way to the post: an address to come from, and a session once signed in."""

    def __init__(self, server, come_from="127.0.0.1"):
        self.server, self.come_from = server, come_from
        self.cookie = None

    # ---- connecting ----

    def plain(self, receive_buffer=None):
        host, port = self.server.address()
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(WAIT_S * self.server.slow)
        connection.bind((self.come_from, 0))
        connection.connect(("127.0.0.1", port))
        return host, port, connection

    def connect(self, receive_buffer=None):
        authority = os.path.join(self.server.folder, "tls", "authority.pem")
        context = ssl.create_default_context(cafile=authority)
        host, port, connection = self.plain(receive_buffer)
        return host, port, context.wrap_socket(connection, server_hostname=host)

    # ---- asking ----

    def head(self, method, path, host, port, body, headers):
        lines = {"Host": "%s:%d" % (host, port), "Connection": "close"}
        if method != "GET":
            lines["Origin"] = "https://%s:%d" % (host, port)
        if body is not None:
            lines["Content-Type"] = "application/json"
            lines["Content-Length"] = str(len(body))
        if self.cookie:
            lines["Cookie"] = "%s=%s" % (COOKIE, self.cookie)
        for name, value in (headers or {}).items():
            lines[name] = value
        told = ["%s %s HTTP/1.1" % (method, path)] + ["%s: %s" % line for line in lines.items() if line[1] is not None]
        return "\r\n".join(told).encode() + b"\r\n\r\n"

    def ask(self, method, path, members=None, headers=None):
        """Ask and take the whole answer; a new session's cookie is kept. A header of None is left out."""
        body = None if members is None else members if isinstance(members, bytes) else json.dumps(members).encode()
        host, port, connection = self.connect()
        with connection:
            connection.sendall(self.head(method, path, host, port, body, headers) + (body or b""))
            answer = read_answer(connection)
        for name, value in answer.headers:
            if name == "set-cookie" and value.startswith(COOKIE + "="):
                self.cookie = value.split(";")[0].partition("=")[2] or None
        return answer

    def send_raw(self, data, finish=False):
        """Send bytes as they are; the answer, or None when the server closed without one."""
        _, _, connection = self.connect()
        with connection:
            try:
                connection.sendall(data)
                if finish:
                    connection.unwrap()
                return read_answer(connection)
            except (OSError, ssl.SSLError):
                return None

    # ---- the feed ----

    def open_feed(self, headers=None, receive_buffer=None):
        """A Feed, or the Answer that refused it."""
        host, port, connection = self.connect(receive_buffer)
        key = base64.b64encode(os.urandom(16))
        given = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                 "Sec-WebSocket-Key": key.decode(), "Origin": "https://%s:%d" % (host, port), **(headers or {})}
        connection.sendall(self.head("GET", "/api/feed", host, port, None, given))
        head, rest = read_head(connection)
        if head.status != 101:
            body = rest + read_rest(connection, head, len(rest))
            connection.close()
            return Answer(head.status, body, head.headers)
        expected = base64.b64encode(hashlib.sha1(key + ACCEPT_KEY).digest()).decode()
        if dict(head.headers).get("sec-websocket-accept") != expected:
            raise AssertionError("the server's WebSocket handshake is wrong")
        return Feed(connection, rest)


def read_head(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            raise OSError("the server closed without an answer")
        data += part
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
    return Answer(int(lines[0].split()[1]), b"", headers), rest


def read_rest(connection, head, have):
    headers = dict(head.headers)
    size = int(headers["content-length"]) if "content-length" in headers else None
    data = b""
    while size is None or have + len(data) < size:
        try:
            part = connection.recv(65536)
        except ssl.SSLEOFError:
            break
        if not part:
            break
        data += part
    return data


def read_answer(connection):
    head, rest = read_head(connection)
    body = rest + read_rest(connection, head, len(rest))
    if dict(head.headers).get("transfer-encoding") == "chunked":
        body = unchunk(body)
    return Answer(head.status, body, head.headers)


def unchunk(body):
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        count = int(size, 16)
        whole, body = whole + body[:count], body[count + 2 :]
        if count == 0:
            break
    return whole


class Feed:
    """An open feed: a thread takes what comes, unless nobody reads."""

    def __init__(self, connection, rest):
        self.connection, self.rest = connection, rest
        self.came = threading.Condition()
        self.messages, self.closed_with = [], None
        self.reading = False

    def read(self):
        self.reading = True
        threading.Thread(target=self.listen, daemon=True).start()

    def exactly(self, size):
        while len(self.rest) < size:
            part = self.connection.recv(65536)
            if not part:
                raise OSError("closed")
            self.rest += part
        data, self.rest = self.rest[:size], self.rest[size:]
        return data

    def frame(self):
        first, second = self.exactly(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", self.exactly(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self.exactly(8))
        return first & 0x0F, self.exactly(size)

    def listen(self):
        self.connection.settimeout(None)
        try:
            while True:
                kind, payload = self.frame()
                if kind == PING:
                    self.send(PONG, payload)
                elif kind == CLOSE:
                    self.end(struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005)
                    return
                elif kind == TEXT:
                    with self.came:
                        self.messages.append(json.loads(payload))
                        self.came.notify_all()
        except (OSError, ValueError):
            self.end(1006)

    def end(self, code):
        with self.came:
            if self.closed_with is None:
                self.closed_with = code
            self.came.notify_all()

    def send(self, kind, payload):
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        self.connection.sendall(bytes([0x80 | kind, 0x80 | len(payload)]) + mask + masked)

    def send_raw(self, data):
        self.connection.sendall(data)

    def entries(self):
        """The entries that have come, oldest first."""
        with self.came:
            return [json.loads(line) for message in self.messages if message["kind"] == "lines"
                    for line in message["lines"]]

    def wait(self, wanted, seconds):
        """Wait until wanted(feed) gives something; gives it, or None."""
        until = time.monotonic() + seconds
        while True:
            found = wanted(self)
            if found:
                return found
            left = until - time.monotonic()
            if left <= 0:
                return None
            with self.came:
                self.came.wait(min(left, 0.1))

    def close(self):
        try:
            self.connection.close()
        except OSError:
            pass
