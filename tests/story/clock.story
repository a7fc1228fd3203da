Somebody sets the server's clock forward and back while people swipe. Entry time never goes back; each step is an
entry that says what the clock claims now; doors do not care. A card's validity follows the time of entries, so that
a clock set back does not make an old card young again.

A new post "STO" is served with a clock of its own.
The post "small" is brought in.
In the file "small.cards.yaml", "2001-01-01T00:00:00Z" becomes "{in 30 min}".
The command "access import small.cards.yaml" succeeds and says "1 changed".
Ada swipes at the hall every 100 ms.
Cleo swipes at the gate.
The gate unlocks within 500 ms.

## Forward
The clock is set forward by 1 h.
The step is an entry, forward by 1 h.
Ada swipes at the gate.
The gate unlocks within 500 ms.

Cleo swipes at the gate.
There is an entry access.denied with door=gate person=cleo reason=expired.

## Back
The clock is set back by 2 h.
The step is an entry, back by 2 h.
Ada swipes at the gate.
The gate unlocks within 500 ms.
Cleo swipes at the gate.
There is an entry access.denied with door=gate person=cleo reason=expired.
Entry times never go back.

## To and fro
The clock is set forward by 10 min.
The step is an entry, forward by 10 min.
The clock is set back by 30 s.
The step is an entry, back by 30 s.
The clock is set forward by 5 s.
The step is an entry, forward by 5 s.
The clock is set back by 300 ms.
Wait 500 ms.
There is no entry clock.stepped.

## Back, and then a restart
The clock is set back by 1 h.
The step is an entry, back by 1 h.
The server is restarted.
All readers are on their lines within 15 s.
Ada swipes at the vault.
The vault unlocks within 500 ms.
Nobody swipes at the hall any more.
Entry times never go back.
The ledger verifies.
fsck finds nothing.
