#!/usr/bin/env python3
"""Write the table of the console's files as C, with their bytes taken in by the assembler.

embed.py CONSOLE_DIST ABSENT_PAGE OUT.c DEPFILE

Beside `x.js` a `x.js.br` is taken as its brotli form. Without CONSOLE_DIST/index.html the table holds ABSENT_PAGE alone.
"""
import hashlib
import os
import re
import sys

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
}
FILES_MAX = 1000
# Files that only the build needs.
LEFT_OUT = re.compile(r"(^|/)\.|\.map$|\.gz$|^manifest\.json$")
# A name that changes with its content, as Vite writes it: main-B3x_9fQd.js
HASHED = re.compile(r"^assets/.*-[A-Za-z0-9_-]{8}\.[a-z0-9]+$")


def files_of(folder):
    names = []
    for root, folders, files in os.walk(folder):
        folders.sort()
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in sorted(files):
            names.append(os.path.relpath(os.path.join(root, name), folder))
    return [name for name in names if not LEFT_OUT.search(name)]


def row_of(name, plain, stored, brotli):
    extension = os.path.splitext(name)[1]
    if extension not in MEDIA_TYPES:
        sys.exit(f"embed.py: {name}: no media type is known for {extension}")
    with open(stored, "rb") as file:
        content = file.read()
    return {
        "path": "/" + name,
        "type": MEDIA_TYPES[extension],
        "etag": hashlib.sha256(content).hexdigest()[:32],
        "stored": os.path.abspath(stored),
        "size": len(content),
        "plain_size": os.path.getsize(plain),
        "brotli": brotli,
        "immutable": bool(HASHED.match(name)),
    }


def rows_of(dist, absent):
    if not os.path.isfile(os.path.join(dist, "index.html")):
        row = row_of("index.html", absent, absent, False)
        return [row], [absent]
    rows, used = [], []
    for name in files_of(dist):
        plain = os.path.join(dist, name)
        used.append(plain)
        if name.endswith(".br"):
            continue
        packed = plain + ".br"
        brotli = os.path.isfile(packed)
        rows.append(row_of(name, plain, packed if brotli else plain, brotli))
    if len(rows) > FILES_MAX:
        sys.exit(f"embed.py: {len(rows)} files, at most {FILES_MAX}")
    return rows, used


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write(rows, out):
    lines = [
        "/* Written by embed.py. */",
        '#include "worker/web/assets.h"',
        "",
        '__asm__(".pushsection .rodata\\n"',
    ]
    for at, row in enumerate(rows):
        stored = quoted(row["stored"])[1:-1].replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'\t".balign 16\\nweb_asset_{at}:\\n.incbin \\"{stored}\\"\\n.byte 0\\n"')
    lines += ['\t".popsection\\n");', ""]
    for at in range(len(rows)):
        lines.append(f'extern const uint8_t web_asset_{at}[] __attribute__((visibility("hidden")));')
    lines += ["", "const struct web_asset web_console_assets[] = {"]
    for at, row in enumerate(rows):
        etag = quoted('"' + row["etag"] + '"')
        lines += [
            "\t{",
            f"\t\t.path = {quoted(row['path'])},",
            f"\t\t.media_type = {quoted(row['type'])},",
            f"\t\t.etag = {etag},",
            f"\t\t.at = web_asset_{at},",
            f"\t\t.size = {row['size']},",
            f"\t\t.plain_size = {row['plain_size']},",
            f"\t\t.brotli = {'true' if row['brotli'] else 'false'},",
            f"\t\t.immutable = {'true' if row['immutable'] else 'false'},",
            "\t},",
        ]
    lines += ["};", f"const size_t web_console_asset_count = {len(rows)};", ""]
    with open(out, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))


def main():
    dist, absent, out, depfile = sys.argv[1:]
    rows, used = rows_of(dist, absent)
    write(rows, out)
    # The folders too: a file that comes or goes changes theirs. Above a folder that is not there, the one that is.
    watched = set(used)
    watched.add(absent)
    folder = os.path.abspath(dist)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    watched.add(folder)
    if os.path.isdir(dist):
        for root, folders, _ in os.walk(dist):
            watched.add(root)
            watched.update(os.path.join(root, name) for name in folders)
    with open(depfile, "w", encoding="utf-8") as file:
        names = " ".join(os.path.abspath(name).replace(" ", "\\ ") for name in sorted(watched))
        file.write(f"{out}: {names}\n")


main()
