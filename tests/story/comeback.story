Readers go away and come back, and nobody has to do anything about it: a cable is cut, a line is noisy, a reader is
busy or slow, loses power, or loses a reply. Meanwhile its door stays shut, and the others go on.

The post "small" is served.

## Noise, replies that are lost, sent twice, or late
The device reader-gate has the fault noise 20 times.
The device reader-gate has the fault drop-reply 3 times.
The device reader-gate has the fault duplicate 5 times.
The device reader-hall has the fault bad-crc 3 times.
The device reader-vault has the fault busy 10 times.
Wait 1 s.
All readers are on their lines within 15 s.
Ada swipes at the gate.
The gate unlocks within 1 s.
Ada swipes at the hall.
The hall unlocks within 1 s.
Ada swipes at the vault.
The vault unlocks within 1 s.
There are 3 entries access.granted.

## Power is lost for a moment
The device io-south loses its power for a moment.
The device reader-hall loses its power for a moment.
All readers are on their lines within 10 s.
Ada swipes at the hall.
The hall unlocks within 500 ms.

## Two cables are cut: a reader's, and a strike's
The device reader-gate has the fault silence.
The device io-south has the fault silence.
There is an entry access.device_state with device=io-south link=offline within 15 s.
There is an entry access.device_state with device=reader-gate link=offline within 5 s.
Ada swipes at the hall.
There is an entry access.denied with door=hall reason=door-offline person=ada.
The gate stays locked for 300 ms.
The device reader-gate no longer has the fault silence.
The device io-south no longer has the fault silence.
There is an entry access.device_state with device=reader-gate link=secure within 15 s.
All readers are on their lines within 15 s.
Ada swipes at the gate.
The gate unlocks within 500 ms.
Ada swipes at the hall.
The hall unlocks within 500 ms.
No unlock came before its entry, and none without.
The server lives.
The ledger verifies.
fsck finds nothing.
