Each reason for which a card does not open a door: nobody's card, not valid yet, not valid any more, not allowed
here, revoked, its holder has left. The strike does not move, the reader shows red, and the entry says why, with the
facts that were known. A card that is nobody's is told by a fingerprint: the same one gives the same, and its number
stands nowhere.

The post "small" is served.

## Nobody's card
A stranger swipes at the gate.
The reader of the gate shows red within 1 s.
There is an entry access.denied with door=gate reason=unknown-credential bit_count=26 credential=0; call it first.
A stranger swipes at the gate.
There is an entry access.denied with door=gate reason=unknown-credential; call it again.
The entries first and again say the same fingerprint.
The gate stays locked for 300 ms.

## Not valid yet
Bruno swipes at the gate.
There is an entry access.denied with door=gate reason=not-yet-valid person=bruno not_before=2200-01-01T00:00:00.000000Z.
The gate stays locked for 300 ms.

## Not valid any more
Cleo swipes at the hall.
There is an entry access.denied with door=hall reason=expired person=cleo expires=2001-01-01T00:00:00.000000Z.
The hall stays locked for 300 ms.

## Not allowed here
Dario swipes at the gate.
The gate unlocks within 500 ms.
Dario swipes at the vault.
There is an entry access.denied with door=vault reason=not-allowed person=dario.
The vault stays locked for 300 ms.

## Revoked
The gate is locked within 2 s.
Edda swipes at the gate.
There is an entry access.denied with door=gate reason=revoked person=edda.
The gate stays locked for 300 ms.

## Has left
Fadil swipes at the gate.
The gate unlocks within 500 ms.
In the file "small.yaml", "  - { key: fadil, name: Fadil Orrery, status: local-contractor, nationality: XB }" becomes "".
The post is imported anew from "small.yaml".
There is an entry post.person_left with person=fadil.
The gate is locked within 2 s.
Fadil swipes at the gate.
There is an entry access.denied with door=gate reason=person-left person=fadil.
The gate stays locked for 300 ms.

## Revoked while it is in use
Ada swipes at the gate.
The gate unlocks within 500 ms.
In the file "small.cards.yaml", "number: 101 } }" becomes "number: 101 }, revoked: true }".
In the file "small.cards.yaml", "  - { person: fadil, key: fadil, card: { format: h10301, facility: 7, number: 106 } }" becomes "".
In the file "small.cards.yaml", "  - { person: fadil, doors: [gate] }" becomes "".
The command "access import small.cards.yaml" succeeds and says "0 cards added, 1 changed".
There is an entry access.credential_changed with credential=ada revoked=true.
Ada swipes at the hall.
There is an entry access.denied with door=hall reason=revoked person=ada.
The hall stays locked for 300 ms.
The ledger verifies.
fsck finds nothing.
