Attacks on OSDP that come with keys, or that change what is on the wire, seen from outside. Whoever does not hold
the reader's own key proves nothing; a reader that was swapped stays shut until somebody has looked at it, even if
it has the right key; broken MACs are counted and told, and decide nothing.

The post "small" is served.

## Another key: whoever does not hold the reader's own proves nothing
The device reader-gate has the fault wrong-key.
There is an entry access.device_state with device=reader-gate link=plain within 15 s.
There is an entry access.device_offence with device=reader-gate offence=wrong-cryptogram within 15 s.
Ada swipes at the gate.
The gate stays locked for 500 ms.
There is no entry access.granted.
The device reader-gate no longer has the fault wrong-key.
All readers are on their lines within 30 s.
Ada swipes at the gate.
The gate unlocks within 500 ms.

## A swapped reader, until somebody has looked at it (PROVES ACCESS-11)
The device reader-vault has the fault swapped.
There is an entry access.device_offence with device=reader-vault offence=identity-changed within 15 s.
Ada swipes at the vault.
The vault stays locked for 500 ms.
There is no entry access.granted with door=vault.
The command "access accept reader-vault" succeeds and says "recorded as entry".
There is an entry access.device_identity with device=reader-vault pinned=false.
There is an entry access.device_identity with device=reader-vault pinned=true within 30 s.
All readers are on their lines within 30 s.
Ada swipes at the vault.
The vault unlocks within 500 ms.

## Broken MACs: somebody changes what is on the wire
The device reader-hall has the fault bad-mac.
There is an entry access.device_offence with device=reader-hall offence=mac-failure within 15 s.
Ada swipes at the hall.
The hall stays locked for 500 ms.
There is no entry access.granted with door=hall.
The device reader-hall no longer has the fault bad-mac.
All readers are on their lines within 30 s.
Ada swipes at the hall.
The hall unlocks within 500 ms.
No unlock came before its entry, and none without.
The ledger verifies.
fsck finds nothing.
