Attacks on OSDP that try to get by without the secure channel, seen from outside. A card that comes in the clear
never decides; a reader that claims to know no encryption, or asks for the key of the box it came in, is an alarm
and no reader; a weak key is refused when it is given.

The device reader-vault is of a kind that claims to know no encryption.
The post "small" is served.
There is an entry access.device_offence with device=reader-vault offence=claims-no-encryption.
Ada swipes at the vault.
The vault unlocks within 500 ms.

## Downgrade: the reader refuses the secure channel and sends cards in the clear
The device reader-gate has the fault plaintext.
There is an entry access.device_state with device=reader-gate link=plain within 15 s.
There is an entry access.device_offence with device=reader-gate offence=refuses-secure-channel.
Ada swipes at the gate.
The gate stays locked for 500 ms.
There is an entry access.device_offence with device=reader-gate offence=plaintext-in-secure-channel.
There is no entry access.granted.
Ada swipes at the hall.
The hall unlocks within 500 ms.
The device reader-gate no longer has the fault plaintext.
All readers are on their lines within 30 s.
Ada swipes at the gate.
The gate unlocks within 500 ms.

## Install mode: somebody makes the reader ask for the default key (PROVES ACCESS-10)
The device reader-hall has the fault asks-scbkd.
The device reader-hall loses its power for a moment.
There is an entry access.device_offence with device=reader-hall offence=asks-for-default-key within 15 s.
Ada swipes at the hall.
The hall stays locked for 500 ms.
There is no entry access.granted.
The device reader-hall no longer has the fault asks-scbkd.
All readers are on their lines within 30 s.
Somebody puts reader-hall into install mode.
All readers are on their lines within 30 s.
Ada swipes at the hall.
The hall unlocks within 500 ms.
No key was sent to any device.

## A NAK in the clear, inside a session
The device reader-vault has the fault plain-nak once.
There is an entry access.device_offence with device=reader-vault offence=plaintext-in-secure-channel within 15 s.
All readers are on their lines within 30 s.
Ada swipes at the vault.
The vault unlocks within 1 s.

## Weak keys are refused when they are given (PROVES ACCESS-12)
The secret file "zeroes" says:
    00000000000000000000000000000000
The secret file "default" says:
    303132333435363738393a3b3c3d3e3f
The secret file "counting" says:
    000102030405060708090a0b0c0d0e0f
The secret file "short" says:
    0123456789
The file "open-to-all" says:
    6b1fd90c3387e24a5c10f7be92d5483e
The command "access key reader-gate --key-file zeroes" fails and says "this key is refused".
The command "access key reader-gate --key-file default" fails and says "this key is refused".
The command "access key reader-gate --key-file counting" fails and says "this key is refused".
The command "access key reader-gate --key-file short" fails and says "32 hex digits".
The command "access key reader-gate --key-file open-to-all" fails and says "others than its owner may read it".
The command "access key no-such-reader --key-file zeroes" fails and says "there is no device no-such-reader".
There is no entry access.device_key.
No unlock came before its entry, and none without.
The ledger verifies.
fsck finds nothing.
