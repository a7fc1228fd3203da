Who may sit at a console, and how they get there: a link that works once, a password, a session; wrong passwords
that lock out; resets, roles, ends. The last administrator cannot be shut out, and whoever is root on the machine
can let one in again. All of it stands in the ledger, and no password and no name does.

A new post "STO" is served.

## The first administrator's link works once
A link is asked for and kept as first-link.
Rosa uses the link first-link with the password "short" and gets 400 password-too-short.
Rosa uses the link first-link with the password "a long enough password" and gets 200.
There is an entry user.created with role=administrator actor=uid/{uid}; call it rosa-made.
There is an entry user.link_made with user=rosa.
There is an entry user.named with user=rosa.
There is an entry user.password_set with user=rosa; call it set.
There is an entry user.signed_in with user=rosa cause=set.
The entry rosa-made has no personal data, and its sealed part is bound by a hash.
Rosa asks GET /api/session and gets 200.
The answer says role = "administrator".
The answer says name = "Rosa".
The answer says post_code = "STO".
Rosa uses the link first-link with the password "another long password" and gets 401 bad-link.
There is an entry user.sign_in_failed with why=bad-link.
Somebody asks GET /api/session and gets 401 signed-out.

## Roles
Rosa makes the operator Omar.
Omar asks GET /api/users and gets 403 not-allowed.
Omar asks POST /api/users with {"name": "Mole", "role": "administrator", "language": "en"} and gets 403 not-allowed.
Omar asks GET /api/ledger and gets 200.
Rosa asks POST /api/users with {"name": "Omar", "role": "guard", "language": "fr"} and gets 409 name-taken.
Rosa asks POST /api/users with {"name": "", "role": "guard", "language": "fr"} and gets 400 invalid.
Rosa asks POST /api/users with {"name": "Gil", "role": "king", "language": "fr"} and gets 400.
Rosa asks GET /api/users and gets 200.
The answer holds "Omar".
There are 1 entries user.created with role=operator.

## Signing in and out
Omar asks DELETE /api/session and gets 200.
There is an entry user.session_ended with user=omar why=signed-out.
Omar asks GET /api/doors and gets 401 signed-out.
Omar signs in with the password "not this one, I fear" from 127.0.2.1 and gets 401 sign-in-failed.
There is an entry user.sign_in_failed with user=omar why=wrong-password from=127.0.2.1.
Nobody-At-All signs in with the password "not this one, I fear" from 127.0.2.2 and gets 401 sign-in-failed.
There is an entry user.sign_in_failed with why=unknown-user user=0.
Omar signs in and gets 200.
Omar asks GET /api/doors and gets 200.
There is an entry user.signed_in with user=omar.

## A password that was lost
Rosa resets the password of Omar, and the link is kept as reset.
Omar uses the link reset with the password "a new and better password" and gets 200.
There is an entry user.session_ended with user=omar why=password-reset.
Omar signs in with the password "a long enough password" from 127.0.2.3 and gets 401 sign-in-failed.
Omar signs in with the password "a new and better password" from 127.0.2.3 and gets 200.

## Disabled is out at once
Rosa asks POST /api/users/(user omar)/disable and gets 200.
There is an entry user.changed with user=omar disabled=true actor=user/rosa; call it disabling.
There is an entry user.session_ended with user=omar why=user-disabled cause=disabling.
Omar asks GET /api/doors and gets 401 signed-out.
Omar signs in with the password "a new and better password" from 127.0.2.4 and gets 401 sign-in-failed.
There is an entry user.sign_in_failed with user=omar why=disabled.
Rosa asks POST /api/users/(user omar)/enable and gets 200.
Omar signs in with the password "a new and better password" from 127.0.2.4 and gets 200.

## The last administrator stays
Rosa asks POST /api/users/(user rosa)/disable and gets 409 last-administrator.
Rosa makes the administrator Ruth.
Rosa asks POST /api/users/(user rosa)/disable and gets 200.
Rosa asks GET /api/session and gets 401 signed-out.
Ruth asks POST /api/users/(user ruth)/disable and gets 409 last-administrator.

## The way back, from the machine itself
The command "user link --name Ruth" succeeds and says "/#/welcome/".
The command "user link --name Omar" fails and says "none of 2 administrators has this name".
The command "user link" fails and says "there are 2 administrators: name one".
A link is asked for with the name "Rosa" and kept as way-back.
Rosa uses the link way-back with the password "remembered from now on" from 127.0.2.5 and gets 200.
There is an entry user.changed with user=rosa disabled=false.
Rosa asks GET /api/users and gets 200.

## An end to all sessions of one
Rosa asks POST /api/users/(user omar)/end-sessions and gets 200.
There is an entry user.session_ended with user=omar why=ended-by-user.
Omar asks GET /api/doors and gets 401 signed-out.
Nowhere in the ledger stands any of these: Rosa, Omar, Ruth, long enough, remembered.
The ledger verifies.
fsck finds nothing.
