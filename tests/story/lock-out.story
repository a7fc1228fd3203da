Guessing is slow, noticed and short. Eight wrong passwords in a row lock a user out for five minutes, also with the
right one; too many tries from one address are answered later. An administrator's reset lets the user in again.

A new post "STO" is served.
The first administrator signs in as "Rosa".
Rosa makes the operator Omar.

## Eight wrong ones
Omar signs in with the password "wrong and wrong 1" from 127.0.3.1 and gets 401 sign-in-failed.
Omar signs in with the password "wrong and wrong 2" from 127.0.3.2 and gets 401 sign-in-failed.
Omar signs in with the password "wrong and wrong 3" from 127.0.3.3 and gets 401 sign-in-failed.
Omar signs in with the password "wrong and wrong 4" from 127.0.3.4 and gets 401 sign-in-failed.
Omar signs in with the password "wrong and wrong 5" from 127.0.3.5 and gets 401 sign-in-failed.
Omar signs in with the password "wrong and wrong 6" from 127.0.3.6 and gets 401 sign-in-failed.
Omar signs in with the password "wrong and wrong 7" from 127.0.3.7 and gets 401 sign-in-failed.
There is no entry user.locked_out.
Omar signs in with the password "wrong and wrong 8" from 127.0.3.8 and gets 401 sign-in-failed.
There is an entry user.locked_out with user=omar failures=8.
Omar signs in from 127.0.3.9 and gets 401 sign-in-failed.
There is an entry user.sign_in_failed with user=omar why=locked-out.

## Whoever was in stays in, and others are not touched
Omar asks GET /api/doors and gets 200.
Rosa signs in from 127.0.3.10 and gets 200.

## A restart does not forget it
The server is restarted.
Omar signs in from 127.0.3.11 and gets 401 sign-in-failed.

## A reset lets him in
Rosa resets the password of Omar, and the link is kept as reset.
Omar uses the link reset with the password "a quite different password" and gets 200.
Omar signs in from 127.0.3.12 and gets 200.

## Too many from one address
Somebody signs in 15 times from 127.0.3.13 and is told to wait.
Rosa signs in from 127.0.3.14 and gets 200.
The ledger verifies.
fsck finds nothing.
