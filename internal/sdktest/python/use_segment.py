"""Segment's SDK for Python. For each number on stdin it makes every call it has, and
waits until they were delivered."""

import sys

from segment.analytics.client import Client

url, write_key, person = sys.argv[1:]
given_up = []
client = Client(write_key, host=url, upload_interval=0.1, on_error=lambda error, batch: given_up.append(error))

for line in sys.stdin:
    n = int(line)
    client.identify(person, {"plan": "pro", "n": n})
    client.track(person, "Order Completed", {"total": 9.5, "n": n})
    client.page(person, "Shop", "Cart", {"n": n})
    client.screen(person, "Shop", "Cart", {"n": n})
    client.group(person, f"team-{n}", {"n": n})
    client.alias(f"{person}-{n}", person)
    client.flush()

client.join()
if given_up:
    sys.exit(f"given up: {given_up}")
