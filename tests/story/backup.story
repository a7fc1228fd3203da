A backup is taken while people swipe, encrypted so that this machine cannot open it again. On a bare folder it
becomes a post: all entries and proofs hold, under a new key and a new origin whose first entry cites the old
checkpoint, so that nobody takes the two for one ledger. Doors open there as before.

The post "small" is served.
The first administrator signs in as "Rosa".

## While people swipe
Ada swipes at the gate every 150 ms.
The ledger's key is kept as old-key.
The checkpoint is kept as "kept-before".
The command "backup --out b1 --json" succeeds and says "entries".
There is an entry backup.made.
Nobody swipes at the gate any more.
The backup "b1" does not hold "Ada Quillfeather".
The backup "b1" does not hold "access.granted".
The command "backup --out b1" fails and says "b1".
The file "post/recovery.key" is copied to "recovery.key".
The ledger verifies.
fsck finds nothing.
The checkpoint is kept as "kept-after".
Ada swipes at the hall.
There is an entry access.granted with door=hall; call it lost-with-the-machine.

## Only with the recovery key, and only into an empty folder
The file "no.key" says:
    0000000000000000000000000000000000000000000000000000000000000000
The command "restore b1 --dir bare --recovery-key-file no.key" fails and says "made for another recovery key".
The command "restore b1 --dir post --recovery-key-file recovery.key" fails and says "not an empty folder".
The file "b1" is copied to "b2".
Byte 3000 of the file "b2" is flipped.
The command "restore b2 --dir bare --recovery-key-file recovery.key" fails and says "b2".
The file "b1" is copied to "b3".
The file "b3" loses its last 100 bytes.
The command "restore b3 --dir bare --recovery-key-file recovery.key" fails and says "b3".
The command "restore b1 --dir bare --recovery-key-file recovery.key --code XYZ" fails and says "not of XYZ".

## A post of a backup
The server stops.
The command "restore b1 --dir bare --recovery-key-file recovery.key" succeeds and says "restored post STO" and "cites the old checkpoint".
From here on, the post is the one in the folder "bare".
The command "ledger verify" succeeds and says "sound".
The command "fsck" succeeds and says "sound".
The command "ledger verify --against kept-before" succeeds and says "from before the restore".
The verdict against "kept-after" is rollback.
The command "ledger prove 3 --out proof" succeeds.
The command "verify-proof proof --key {kept old-key}" fails and says "NOT verified".

## It is served
The server starts.
All readers are on their lines within 15 s.
Call the last entry ledger.founded cited.
The entry cited cites the checkpoint of the backup.
Ada swipes at the gate.
The gate unlocks within 500 ms.
There is an entry access.granted with door=gate person=ada.
Rosa asks GET /api/doors and gets 200.
The answer holds "Vault door".
The ledger verifies.
fsck finds nothing.
The verdict against "kept-before" is consistent.
