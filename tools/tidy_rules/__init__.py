"""The rules of tools/tidy: each takes a Tree and yields Faults."""
