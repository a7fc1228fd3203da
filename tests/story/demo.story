One command starts a fictional embassy: the real server, simulated readers on ptys and TCP, people who come and go.
Without a person at the keyboard it ends by itself, and says in one JSON object that the ledger verifies and the
tables are what the entries say.

The demonstration runs for 6 s and ends well.
