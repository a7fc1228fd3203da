Any entry can be proved to somebody who has nothing but a public key: the proof is a text that `verify-proof` checks
offline, without the ledger. A proof with a byte changed proves nothing else. An entry changed on the disk is named.

The post "small" is served.
Ada swipes at the gate.
There is an entry access.granted with person=ada; call it grant.
Call the last entry post.door older.
A remark of 20 letters is put on record 400 times, 2000 a second.
The ledger's key is kept as key.

## Proved
The command "ledger prove {entry grant} --out proof" succeeds and says "proved and checked entry {entry grant}".
The command "verify-proof proof --key {kept key}" succeeds and says "verified: entry {entry grant}" and "access.granted".
The command "verify-proof proof --key legation.invalid/XYZ+b1ddf7a9+AVRKs0vqfk82Iu0IPuDR6m5yk+hVw9yv3VjFyguw/wrW" fails and says "NOT verified".
The command "ledger prove 99999 --out nothing" fails and says "99999".
Whatever byte of the proof "proof" is flipped, it is refused or says the same.

## With another entry in its place
The file "proof" is copied to "lie".
The command "ledger show 1" succeeds.
What it said is kept in the file "other-entry".
The command "verify-proof proof --entry other-entry --key {kept key}" fails and says "NOT verified".
The command "ledger show {entry grant}" succeeds.
What it said is kept in the file "the-entry".
The command "verify-proof proof --entry the-entry --key {kept key}" succeeds and says "verified".

## A letter on the disk
The checkpoint is kept as "kept".
The server stops.
The ledger verifies.
Somebody changes one letter of the entry grant on the disk.
The command "ledger verify" fails and says "entry {entry grant}: line" and "NOT SOUND".
The command "ledger prove {entry grant} --out no-proof" fails and says "ledger verify".
The command "verify-proof proof --key {kept key}" succeeds and says "verified: entry {entry grant}".
The server starts.
There is an entry ledger.verified with sound=false.
The server stops.

## A lie that reads well
Somebody rewrites the entry older in the database, "Vault door" to "Fault door".
The command "ledger verify" fails and says "entry {entry older}: line" and "NOT SOUND".
