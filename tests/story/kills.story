Every process is killed, again and again, while people swipe. Each time the doors work again within two seconds, on
a line of 115,200 baud. Nothing that was acknowledged is lost: every unlock has its entry, the ledger verifies, the
tables are what the entries say. Each death and each new start is an entry.

The post "small" is served.
Ada swipes at the gate every 50 ms.
Dario swipes at the hall every 70 ms.

## Core
Kill core 5 times while people swipe at the gate; each time it unlocks again within 2 s.
There is an entry process.died with role=core how="signal 9"; call it death.
There is an entry process.started with role=core.
There is an entry core.started.

## The line's process
Kill osdp/0 5 times while people swipe at the gate; each time it unlocks again within 2 s.
There are 5 entries process.died with role=osdp how="signal 9".

## Those who only look, or only hash
Kill query 3 times while people swipe at the gate; each time it unlocks again within 2 s.
Kill web 3 times while people swipe at the gate; each time it unlocks again within 2 s.
Kill verify 3 times while people swipe at the gate; each time it unlocks again within 2 s.
Kill password 3 times while people swipe at the gate; each time it unlocks again within 2 s.

## What they leave behind
Nobody swipes at the gate any more.
Nobody swipes at the hall any more.
No unlock came before its entry, and none without.
The ledger verifies.
fsck finds nothing.

## The whole server at once
Ada swipes at the gate every 50 ms.
Kill the server.
The server starts.
The gate unlocks again within 8 s.
Nobody swipes at the gate any more.
No unlock came before its entry, and none without.
Entry times never go back.
The ledger verifies.
fsck finds nothing.
