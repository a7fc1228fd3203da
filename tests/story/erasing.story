Who looks into a person's file leaves an entry. A person who asks for it, and may, is erased: the key of all that
was sealed is destroyed, the name is gone, the card is dead, and yet every entry, hash and proof holds, and the
tables are what the entries say. A backup from before still has the key, and says until when it must be destroyed.

The post "small" is served.
The first administrator signs in as "Rosa".
Rosa makes the security-officer Sol.
Rosa makes the operator Omar.
Rosa makes the guard Gil.

## Whoever reads a file is on record
Fadil swipes at the gate.
The gate unlocks within 500 ms.
There is an entry access.granted with person=fadil; call it passage.
Sol asks GET /api/people/(person fadil) and gets 200.
The answer holds "Fadil Orrery".
There is an entry post.person_viewed with person=fadil actor=user/sol.
Sol asks GET /api/people/(person fadil)/access and gets 200.
The answer says recent.0.reason = "allowed".
There is an entry access.person_viewed with person=fadil actor=user/sol.
Gil asks GET /api/people/(person fadil) and gets 403 not-allowed.
Omar asks GET /api/people/(person fadil)/access and gets 403 not-allowed.
Sol asks GET /api/people/99999 and gets 404 not-found.
There is no entry post.person_viewed.
There is no entry access.person_viewed.

## Proofs and a backup from before
The ledger's key is kept as key.
Call the last entry post.person last-person.
The command "ledger prove {person fadil} --out proof-of-person" succeeds.
The command "ledger prove {entry passage} --out proof-of-passage" succeeds.
The checkpoint is kept as "kept".
The command "backup --out b1 --keep-days 30" succeeds and says "destroy it by".

## Erased
The command "erase {person fadil} --json" is called wrongly, and says "--reason is missing".
The command "erase 99999 --reason nobody" fails and says "nothing is sealed for subject 99999".
The command "erase {person fadil} --reason 'left, and asked for it'" succeeds and says "is destroyed".
There is an entry ledger.subject_erased with subject=fadil reason_text="left, and asked for it" actor=uid/{uid}.
The command "erase {person fadil} --reason again" fails and says "nothing is sealed".
Sol asks GET /api/people?search=orrery and gets 200.
The answer does not hold "Orrery".
Sol asks GET /api/people/(person fadil) and gets 200.
The answer does not hold "Orrery".
The answer does not hold "XB".
The answer says erased = true.
Sol asks GET /api/names and gets 200.
The answer does not hold "Orrery".
Nowhere in the post's folder stands any of these: Fadil Orrery, Orrery.

## The card is dead
The gate is locked within 3 s.
Fadil swipes at the gate.
There is an entry access.denied with door=gate.
The gate stays locked for 300 ms.

## And everything holds
The command "verify-proof proof-of-person --key {kept key}" succeeds and says "verified" and "post.person".
The command "verify-proof proof-of-passage --key {kept key}" succeeds and says "verified".
The verdict against "kept" is consistent.
The ledger verifies.
fsck finds nothing.
The server is restarted.
All readers are on their lines within 15 s.
Fadil swipes at the gate.
There is an entry access.denied with door=gate.
The ledger verifies.
fsck finds nothing.
