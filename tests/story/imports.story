A technician brings in the post's file, and a slip in it changes nothing: an unknown key, a reference to something
that is not there, a key that is there twice are refused with file, line and column. Brought in again unchanged,
nothing is recorded; with one change, only that one.

The post "small" is served.

## Unchanged
The command "post import small.yaml --line north=serial:/dev/null --line south=tcp:127.0.0.1:9 --dry-run" succeeds and says "0 added, 2 changed" and "~ line north: address".
Nothing is recorded.
The post is imported anew from "small.yaml".
It says "0 added, 0 changed, 0 removed" and "nothing recorded".
Nothing is recorded.

## An unknown key
The file "small.yaml" is copied to "bad.yaml".
In the file "bad.yaml", "fire_release: wired, held_after: 5 }" becomes "fire_release: wired, held_aftr: 5 }".
The command "post import bad.yaml" fails and says "bad.yaml:36:" and "held_aftr".
Nothing is recorded.

## A reference to something that is not there
The file "small.yaml" is copied to "bad.yaml".
In the file "bad.yaml", "reader: { device: reader-gate }" becomes "reader: { device: reader-gatt }".
The command "post import bad.yaml" fails and says "bad.yaml:34:" and "reader-gatt".
Nothing is recorded.

## A key that is there twice
The file "small.yaml" is copied to "bad.yaml".
In the file "bad.yaml", "key: bruno" becomes "key: ada".
The command "post import bad.yaml" fails and says "bad.yaml:47:" and "ada".
Nothing is recorded.

## A word that the Conventions do not know
The file "small.yaml" is copied to "bad.yaml".
In the file "bad.yaml", "status: visitor" becomes "status: guest".
The command "post import bad.yaml" fails and says "bad.yaml:52:" and "guest".
Nothing is recorded.

## A plan that would do something
The file "small.svg" is copied to "bad.svg".
In the file "bad.svg", "<path" becomes "<script>alert(1)</script><path".
The file "small.yaml" is copied to "bad.yaml".
In the file "bad.yaml", "small.svg" becomes "bad.svg".
The command "post import bad.yaml" fails and says "bad.svg".
Nothing is recorded.

## Cards
The file "small.cards.yaml" is copied to "bad.cards.yaml".
In the file "bad.cards.yaml", "person: ada, key" becomes "person: nobody, key".
The command "access import bad.cards.yaml" fails and says "nobody".
The file "small.cards.yaml" is copied to "bad.cards.yaml".
In the file "bad.cards.yaml", "number: 102" becomes "number: 101".
The command "access import bad.cards.yaml" fails and says "bad.cards.yaml:5:" and "the same number".
The file "small.cards.yaml" is copied to "bad.cards.yaml".
In the file "bad.cards.yaml", "revoked: true" becomes "revokd: true".
The command "access import bad.cards.yaml" fails and says "bad.cards.yaml:8:" and "revokd".
The command "access import small.cards.yaml" succeeds and says "0 cards added, 0 changed, the rights of 0 people changed".
Nothing is recorded.

## One change is one entry
In the file "small.yaml", "name: Hall door" becomes "name: Inner door".
The post is imported anew from "small.yaml".
It says "~ door hall: name" and "0 added, 1 changed, 0 removed".
There is an entry post.imported with changed=1; call it import.
There is an entry post.door with id={door hall} cause=import name="Inner door".
There are 0 entries post.door.
There are 0 entries post.person.
The server lives.
The ledger verifies.
fsck finds nothing.
