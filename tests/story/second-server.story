Two servers never write one ledger. The second refuses, says why, and touches nothing: the first goes on, its
commands still reach it, its consoles stay.

The post "small" is served.
The first administrator signs in as "Rosa".

## The second one
The server is refused with exit code 78 and says "another server writes this ledger".
The server lives.
The command "user link --name Rosa" succeeds and says "/#/welcome/".
The address in the post's folder is that of the first.
Rosa asks GET /api/doors and gets 200.
Ada swipes at the gate.
The gate unlocks within 500 ms.
There is an entry access.granted with door=gate.

## Once the first has gone, another one may
The server is restarted.
There is an entry ledger.verified with sound=true.
All readers are on their lines within 15 s.
Ada swipes at the hall.
The hall unlocks within 500 ms.
The ledger verifies.
fsck finds nothing.
