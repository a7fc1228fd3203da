#!/usr/bin/env python3
"""Write the files of a folder as C: embed.py OUT.c NAME FILE... makes `const struct demo_file NAME[]`, ended by a NULL name."""
import os
import sys

out, name, files = sys.argv[1], sys.argv[2], sorted(sys.argv[3:])
with open(out, "w", encoding="ascii") as c:
    c.write('#include "cmd/demo.h"\n\n')
    for number, path in enumerate(files):
        data = open(path, "rb").read()
        c.write(f"static const unsigned char file_{number}[] = {{\n")
        for at in range(0, len(data), 20):
            c.write("\t" + ",".join(str(byte) for byte in data[at : at + 20]) + ",\n")
        c.write("};\n")
    c.write(f"\nconst struct demo_file {name}[] = {{\n")
    for number, path in enumerate(files):
        c.write(f'\t{{"{os.path.basename(path)}", file_{number}, sizeof file_{number}}},\n')
    c.write("\t{0},\n};\n")
