A console that does not read, and many that stall in the middle of a request, hold up nobody: doors unlock as fast
as ever, other consoles see every entry, and the one that slept is told what it missed.

The post "small" is served.
The first administrator signs in as "Rosa".
Rosa makes the operator Omar.

## A console that reads sees what is committed, with its checkpoint
Rosa opens the feed.
Ada swipes at the gate.
The gate unlocks within 500 ms.
The feed of Rosa brings an entry access.granted within 1 s.
The feed of Rosa beats.

## One that does not read
Omar opens the feed and does not read it.
Somebody stalls in the middle of a request, on 20 connections.
Ada swipes at the gate every 10 ms.
A remark of 1000 letters is put on record 3000 times, 1000 a second.
In the meantime the gate unlocked for every swipe within 500 ms, 9 of 10 times within 100 ms.
Nobody swipes at the gate any more.
The feed of Rosa has brought every entry.
The server lives.

## It wakes up
Omar reads the feed again.
The feed of Omar tells of a gap, or has brought every entry.
Ada swipes at the hall.
The feed of Omar brings an entry access.granted within 5 s.
No unlock came before its entry, and none without.
The ledger verifies.
fsck finds nothing.
