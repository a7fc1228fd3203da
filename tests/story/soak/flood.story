Ten thousand entries a second for a minute, from eight tools at once, while people swipe and a console looks on.
Each is durable before it is acknowledged, doors open all the while, and the ledger verifies.

The post "small" is served.
The first administrator signs in as "Rosa".
Rosa opens the feed.

## A minute
Ada swipes at the gate every 100 ms.
Remarks are put on record at 10000 a second for 60 s, at least 9 of 10 of them in time.
In the meantime the gate unlocked for every swipe within 2 s, 9 of 10 times within 500 ms.
Nobody swipes at the gate any more.
The server lives.
The feed of Rosa tells of a gap, or has brought every entry.
No unlock came before its entry, and none without.
Entry times never go back.
The ledger verifies.
fsck finds nothing.

## Started again, it is ready soon
The server is restarted.
All readers are on their lines within 15 s.
Ada swipes at the hall.
The hall unlocks within 500 ms.
There is an entry ledger.verified with sound=true within 60 s.
