Whoever rules the machine can put back an older state of it, cut the ledger, or go on with a copy; each is sound in
itself. A checkpoint that was kept elsewhere names all three: rollback, truncation, fork; so does a console that was
open before. The post's own start notices what it can.

The post "small" is served.
The first administrator signs in as "Rosa".
Ada swipes at the gate.
There is an entry access.granted.

## A good ledger
The checkpoint is kept as "early".
Ada swipes at the hall.
There is an entry access.granted with door=hall.
The verdict against "early" is consistent.

## An older state is put back
The server stops.
The folder "post" is copied to "older".
The folder "post" is copied to "other".
The server starts.
All readers are on their lines within 15 s.
Ada swipes at the vault.
There is an entry access.granted with door=vault.
A remark of 20 letters is put on record 80 times, 2000 a second.
The checkpoint is kept as "late".
The console of Rosa remembers the checkpoint.
Ada swipes at the hall.
There is an entry access.granted with door=hall.
The console of Rosa finds the ledger consistent.
The server stops.
The folder "post" is copied to "newest".
The verdict against "late" is consistent.
The folder "older" is put in the place of "post".
The ledger verifies.
fsck finds nothing.
The verdict against "early" is consistent.
The verdict against "late" is rollback.

## And goes on from there: an open console sees it at once
The server starts.
The console of Rosa finds a rollback.
All readers are on their lines within 15 s.

## Beyond what there was
Ada swipes at the gate.
Ada swipes at the vault.
Ada swipes at the hall.
There is an entry access.granted with door=hall.
A remark of 20 letters is put on record 160 times, 2000 a second.
The console of Rosa finds a fork.
The server stops.
The ledger verifies.
The verdict against "late" is fork.
The checkpoint is kept as "of-the-fork".
The verdict against "early" is consistent.

## The one that was true
The folder "newest" is put in the place of "post".
The verdict against "late" is consistent.
The verdict against "of-the-fork" is rollback.

## Entries are cut off
Somebody deletes the last 3 entries from the database.
The verdict against "late" is truncated.
The command "ledger verify" fails and says "gap" and "NOT SOUND".
The server does not start, and says "are signed for, and the last one there is".

## The database's log is cut, which only takes back what was committed last
The folder "other" is put in the place of "post".
The ledger verifies.
The checkpoint is kept as "whole".
The file "post/data/legation.db-wal" loses its last 20000 bytes.
The ledger verifies.
The verdict against "whole" is rollback.

## Another post's checkpoint
Elsewhere a post "XYZ" is founded, and its checkpoint is kept as "stranger".
The verdict against "stranger" is stranger.
