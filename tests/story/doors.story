What doors do by themselves becomes an entry with its cause: opened after an unlock, opened by somebody inside who
pressed the button, forced open with neither, held open too long, the case of a device opened. Egress is wired in
the field: it is reported and never waits for the server.

The post "small" is served.

## Forced
The hall is forced.
There is an entry access.door_forced with door=hall; call it forcing.
The hall is shut.
There is an entry access.door_closed with door=hall cause=forcing.

## Somebody leaves
Somebody inside presses the button of the hall.
There is an entry access.door_exit with door=hall actor=device/io-south; call it leaving.
The hall is forced.
There is an entry access.door_opened with door=hall cause=leaving.
There is no entry access.door_forced.
The hall is shut.
There is an entry access.door_closed with door=hall.

## Held open
Ada swipes at the gate.
The gate unlocks within 500 ms.
The gate is opened.
There is an entry access.door_opened with door=gate; call it opening.
There is an entry access.door_held with door=gate cause=opening seconds=5 within 7 s.
The gate is shut.
There is an entry access.door_closed with door=gate.
There is no entry access.door_forced.
There are 0 entries access.door_held.

## Somebody opens a case
Somebody opens the case of reader-gate.
There is an entry access.device_tamper with device=reader-gate tamper=true.
Somebody shuts the case of reader-gate.
There is an entry access.device_tamper with device=reader-gate tamper=false.
The ledger verifies.
fsck finds nothing.
