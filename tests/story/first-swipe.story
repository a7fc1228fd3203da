A new post is founded at its first start. A technician brings in its description, its devices' keys and its cards by
three commands. Then a person holds a card to a reader, and the strike pulls back: after the entry, and within half
a second. Every entry tells what led to it, back to the badge office.

## The first start
A new post "STO" is served.
There is an entry ledger.founded with actor=core origin=legation.invalid/STO.
There is an entry process.started with role=core.
The ledger verifies.
fsck finds nothing.

## Bringing the post in
The post "small" is brought in.
There is an entry post.imported with file=small.yaml.
There is an entry post.person; call it a-person.
The entry a-person has no personal data, and its sealed part is bound by a hash.
There are 5 entries access.device_key.
There are 5 entries access.device_identity with pinned=true.
There is an entry access.imported with credentials=6 rights=6.

## A swipe on a serial line
Ada swipes at the gate.
The gate unlocks within 500 ms.
The reader of the gate shows green within 1 s.
There is an entry access.granted with door=gate person=ada reason=allowed actor=reader/reader-gate; call it grant.
The causes of grant lead to access.granted, access.credential and access.imported.

## A swipe over TCP
Ada swipes at the vault.
The vault unlocks within 500 ms.
There is an entry access.granted with door=vault person=ada strike_100ms=20.
The vault is locked within 4 s.

## She walks through
Ada passes the hall.
The hall unlocks within 500 ms.
There is an entry access.granted with door=hall person=ada; call it passing.
There is an entry access.door_opened with door=hall cause=passing; call it opening.
There is an entry access.door_closed with door=hall cause=opening.
There is no entry access.door_forced.
No unlock came before its entry, and none without.
The ledger verifies.
fsck finds nothing.
