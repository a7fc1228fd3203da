"""The Merkle tree of RFC 6962 as far as a console needs it: is the tree that I knew the beginning of this one?"""

import base64
import hashlib


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def checkpoint(note):
    """The size and the root that a signed note speaks of. Its signature is for others to check."""
    lines = note.split("\n")
    return int(lines[1]), base64.b64decode(lines[2])


def is_consistent(old_size, old_root, new_size, new_root, proof):
    """RFC 9162, 2.1.4.2."""
    if old_size == new_size:
        return old_root == new_root and not proof
    if not 0 < old_size < new_size or not proof:
        return False
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    first, second = old_size - 1, new_size - 1
    while first & 1:
        first, second = first >> 1, second >> 1
    old = new = path[0]
    for one in path[1:]:
        if second == 0:
            return False
        if first & 1 or first == second:
            old, new = node(one, old), node(one, new)
            while not first & 1 and first:
                first, second = first >> 1, second >> 1
        else:
            new = node(new, one)
        first, second = first >> 1, second >> 1
    return old == old_root and new == new_root and second == 0
