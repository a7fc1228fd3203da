A device's key is renewed without going to the bench: the post makes one and sends it, in the secure session that
the old key made. From then on only the new key opens a session. A device that is not in a secure session gets no
key over the line.

The post "small" is served.

## A new key for the gate
The command "access key reader-gate --renew" succeeds and says "it has taken a new key".
There is an entry access.device_key with device=reader-gate by_keyset=true.
All readers are on their lines within 15 s.
Ada swipes at the gate.
The gate unlocks within 1 s.

## Once more, and after a restart of the whole post
The command "access key reader-gate --renew" succeeds and says "it has taken a new key".
The server is restarted.
All readers are on their lines within 20 s.
Ada swipes at the gate.
The gate unlocks within 1 s.

## Never without a secure session (PROVES ACCESS-13)
The device reader-hall has the fault silence.
There is an entry access.device_state with device=reader-hall link=offline within 15 s.
The command "access key reader-hall --renew" fails and says "only in a secure session".
There is no entry access.device_key with device=reader-hall.
The device reader-hall no longer has the fault silence.
All readers are on their lines within 30 s.
The ledger verifies.
fsck finds nothing.
