What comes from the network is hostile until shown otherwise. Malformed HTTP, JSON and WebSocket frames get a clear
answer or a closed door, requests from other people's pages are refused, and the server lives on.

The post "small" is served.
The first administrator signs in as "Rosa".

## Whose page asks?
Rosa asks POST /api/lockdown with {"on": true, "reason": "x"} under the header "Origin: https://evil.example" and gets 403 wrong-origin.
Rosa asks POST /api/lockdown with {"on": true, "reason": "x"} under the header "Origin: null" and gets 403 wrong-origin.
Rosa asks POST /api/lockdown with {"on": true, "reason": "x"} without the header Origin and gets 403 wrong-origin.
Rosa asks GET /api/doors under the header "Host: evil.example" and gets 421 wrong-host.
Rosa asks GET /api/doors under the header "Sec-Fetch-Site: cross-site" and gets 403 wrong-origin.
Rosa opens the feed under the header "Origin: https://evil.example" and gets 403 wrong-origin.
Somebody opens the feed and gets 401 signed-out.
Somebody signs in with the password "whatever it is" and gets 401 sign-in-failed.
There is no entry access.lockdown.

## JSON
Rosa asks POST /api/lockdown with the text "{" and gets 400.
Rosa asks POST /api/lockdown with the text "[]" and gets 400.
Rosa asks POST /api/lockdown with the text "" and gets 400.
Rosa asks POST /api/lockdown with {"on": "yes", "reason": "x"} and gets 400 invalid.
Rosa asks POST /api/lockdown with {"on": true, "reason": "x", "also": 1} and gets 400 invalid.
Rosa asks POST /api/lockdown with {"on": null, "reason": "x"} and gets 400 invalid.
Rosa asks POST /api/lockdown with the text "{'on': true, 'reason': 'x', 'on': false}" and gets 400 invalid.
Rosa asks POST /api/lockdown with the text "{'on': true, 'reason': 'a(byte 255)b'}" and gets 400.
Rosa asks POST /api/lockdown with the text "{'on': true, 'reason': '(301 letters)'}" and gets 400 invalid.
Rosa asks POST /api/lockdown with the text "(1000 brackets)" and gets 400.
Rosa asks POST /api/lockdown with the text "(5000000 letters)" and gets 413 too-large.
Rosa asks POST /api/lockdown with {"on": true, "reason": "x"} under the header "Content-Type: text/plain" and gets 415 wrong-media-type.
There is no entry access.lockdown.

## Addresses
Rosa asks GET /api/nothing and gets 404 unknown-route.
Rosa asks GET /api/doors/7/unlock and gets 405 wrong-method.
Rosa asks GET /api/ledger?limit=-1 and gets 400 invalid.
Rosa asks GET /api/ledger?limit=1&limit=2 and gets 400 invalid.
Rosa asks GET /api/ledger?sql=1 and gets 400 invalid.
Rosa asks GET /api/ledger/99999999999999999999 and gets 404.
Rosa asks GET /../../etc/passwd and gets 200.
The answer does not hold "root:".
The answer holds "<title>Legation</title>".
Rosa asks GET /metrics and gets 401 signed-out.
Rosa asks GET /healthz and gets 200.

## HTTP
The bytes "GARBAGE\r\n\r\n" get 400 malformed.
The bytes "GET / HTTP/1.1\r\n\r\n" get 400 malformed.
The bytes "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" get 400 malformed.
The bytes "GET / HTTP/1.1\nHost: a\r\n\r\n" get 400 malformed.
The bytes "POST /api/session HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello" get 400 malformed.
The bytes "POST /api/session HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" get 400 malformed.
The bytes "POST /api/session HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n" get 400 malformed.
The bytes "POST /api/session HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n" get 413 too-large.
The bytes "GET / HTTP/1.1\r\nHost: a\r\nX: (200000 letters)\r\n\r\n" get 431 malformed.
The bytes "GET / HTTP/9.9\r\nHost: a\r\n\r\n" get 505 malformed.
The bytes "\x16\x03\x01\x02" get nothing.
Bytes that are no TLS are hung up on.
The server lives.

## WebSocket
Rosa opens the feed.
The feed of Rosa is sent the bytes "\x81\x02hi" and is closed with 1002.
Rosa opens the feed.
The feed of Rosa is sent the bytes "\xf1\x80\x00\x00\x00\x00" and is closed with 1002.
Rosa opens the feed.
The feed of Rosa is sent the bytes "\x89\xfe\x00\xc8\x00\x00\x00\x00" and is closed with 1002.
Rosa opens the feed.
The feed of Rosa is sent the bytes "\x88\x82\x00\x00\x00\x00\x03\xe8" and is closed with 1000.
The server lives.
Ada swipes at the gate.
The gate unlocks within 500 ms.
The ledger verifies.
fsck finds nothing.
