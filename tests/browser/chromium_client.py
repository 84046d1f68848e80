"""Headless Chromium through playwright-core, over TCP and TLS, with and without compression."""
from script import SHARED_ROWS, table_of

table = table_of("chromium", "chromium_client.mjs", [
    *SHARED_ROWS, "compression is negotiated as configured",
    "a page of another origin is refused", "the server's end is heard as 1001"],
    plain_only=[
        "the home page leads to the chat", "two people talk in the chat",
        "other rooms hear nothing", "who leaves the chat is told to the others",
        "pages have no errors and fit every screen"])
