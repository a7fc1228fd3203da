"""What somebody with the server's disk in his hands may do."""
