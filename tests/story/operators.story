An operator unlocks a door with a reason, which stands in the ledger for good. Who may not, is refused and told so,
and the door stays shut. A lockdown dominates every right: no card opens, no operator unlocks, what is unlocked
falls shut at once, and leaving stays free. Releasing it needs a reason too.

The post "small" is served.
The first administrator signs in as "Rosa".
Rosa makes the operator Omar.
Rosa makes the guard Gil.
Rosa makes the auditor Aude.

## An unlock with a reason
Omar asks POST /api/doors/(door hall)/unlock with {"seconds": 2, "reason": "a delivery of chairs"} and gets 200.
The hall unlocks within 500 ms.
There is an entry access.unlocked with door=hall seconds=2 reason_text="a delivery of chairs" actor=user/omar; call it unlock.
The hall is opened.
There is an entry access.door_opened with door=hall cause=unlock.
The hall is shut.
The hall is locked within 4 s.

## Refused
Omar asks POST /api/doors/(door hall)/unlock with {"seconds": 2, "reason": ""} and gets 400 invalid.
Omar asks POST /api/doors/(door hall)/unlock with {"seconds": 0, "reason": "for ever"} and gets 400 invalid.
Omar asks POST /api/doors/(door hall)/unlock with {"seconds": 601, "reason": "long"} and gets 400 invalid.
Omar asks POST /api/doors/99999/unlock with {"seconds": 1, "reason": "which door?"} and gets 404 not-found.
Gil asks POST /api/doors/(door hall)/unlock with {"seconds": 2, "reason": "it is cold"} and gets 403 not-allowed.
Aude asks POST /api/doors/(door hall)/unlock with {"seconds": 2, "reason": "to see"} and gets 403 not-allowed.
Aude asks POST /api/lockdown with {"on": true, "reason": "to see"} and gets 403 not-allowed.
Somebody asks POST /api/doors/(door hall)/unlock with {"seconds": 2, "reason": "let me in"} and gets 401 signed-out.
The hall stays locked for 300 ms.
Nothing is recorded.

## A lockdown
Ada swipes at the vault.
The vault unlocks within 500 ms.
Gil asks POST /api/lockdown with {"on": true, "reason": ""} and gets 400 invalid.
Gil asks POST /api/lockdown with {"on": true, "reason": "a crowd at the gate"} and gets 200.
The vault is locked within 300 ms.
There is an entry access.lockdown with on=true door=0 reason_text="a crowd at the gate" actor=user/gil; call it lockdown.
Ada swipes at the gate.
There is an entry access.denied with door=gate reason=lockdown lockdown=lockdown person=ada.
The gate stays locked for 300 ms.
Omar asks POST /api/doors/(door hall)/unlock with {"seconds": 2, "reason": "just once"} and gets 409 lockdown.
Gil asks POST /api/lockdown with {"on": true, "reason": "again"} and gets 409 already-on.
The hall stays locked for 300 ms.
Somebody inside presses the button of the hall.
There is an entry access.door_exit with door=hall.

## A lockdown outlives the server
The server is restarted.
All readers are on their lines within 10 s.
Ada swipes at the hall.
There is an entry access.denied with door=hall reason=lockdown person=ada.
The hall stays locked for 300 ms.

## Released
Gil asks POST /api/lockdown with {"on": false, "reason": "they have gone"} and gets 200.
There is an entry access.lockdown with on=false actor=user/gil.
Ada swipes at the gate.
The gate unlocks within 500 ms.

## One door
Gil asks POST /api/doors/(door vault)/lockdown with {"on": true, "reason": "an inventory"} and gets 200.
Ada swipes at the vault.
There is an entry access.denied with door=vault reason=lockdown person=ada.
The vault stays locked for 300 ms.
Ada swipes at the hall.
The hall unlocks within 500 ms.
No unlock came before its entry, and none without.
The ledger verifies.
fsck finds nothing.
