Ten minutes in which one process after the other is killed, at moments that chance chooses, while people swipe at
every door. Each time the doors work again within two seconds, and in the end nothing is missing.

The post "small" is served.
The first administrator signs in as "Rosa".
Ada swipes at the gate every 50 ms.
Dario swipes at the hall every 70 ms.
Ada swipes at the vault every 90 ms.

## Ten minutes
Kill one process after the other for 10 min while people swipe at the gate; each time it unlocks again within 2 s.
Nobody swipes at the gate any more.
Nobody swipes at the hall any more.
Nobody swipes at the vault any more.
Rosa asks GET /api/doors and gets 200.
No unlock came before its entry, and none without.
Entry times never go back.
The ledger verifies.
fsck finds nothing.
