"""Node's `ws` (tests/package.json), over TCP and TLS, with and without compression."""
from script import SHARED_ROWS, table_of

table = table_of("node", "node_client.mjs", [
    *SHARED_ROWS, "compression is negotiated as configured",
    "a message in fragments comes back whole", "a ping is answered with its payload",
    "a refused handshake shows its status", "the server's end is heard as 1001"])
