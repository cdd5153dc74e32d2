"""Ports of 127.0.0.1 that nobody listens on, for a test's servers: python3 tests/lib/ports.py COUNT prints them.

Between asking and listening a port is nobody's, and so it is while its server is restarted. So each is given to one test
only: who asks takes the next ones of a range, whose place is kept in a file under a lock, until the range begins anew.
It lies below the range from which systems take ports for outgoing connections, as one of these may take any that
is free, even that which it connects to.
"""
import fcntl
import os
import random
import socket
import sys
import tempfile

FIRST, END = 12000, 32000


def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def take(place, count, in_a_row):
    """(ports, the place behind them)."""
    ports = []
    for _ in range(2 * (END - FIRST)):
        port, place = place, place + 1 if place + 1 < END else FIRST
        if not is_free(port) or (in_a_row and ports and port != ports[-1] + 1):
            ports = [] if in_a_row else ports
            continue
        ports.append(port)
        if len(ports) == count:
            return ports, place
    raise OSError(f"no {count} free ports from {FIRST} to {END}")


def free_ports(count, in_a_row=False):
    anywhere = random.SystemRandom().randrange(FIRST, END)
    try:
        descriptor = os.open(f"{tempfile.gettempdir()}/verbatim-test-ports.{os.getuid()}", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:  # a file of somebody else: chance is nearly as good
        return take(anywhere, count, in_a_row)[0]
    with open(descriptor, "r+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        text = file.read().strip()
        place = int(text) if text.isdigit() and FIRST <= int(text) < END else anywhere
        ports, place = take(place, count, in_a_row)
        file.seek(0)
        file.write(f"{place}\n")
        file.truncate()
    return ports


def free_port():
    return free_ports(1)[0]


if __name__ == "__main__":
    print(*free_ports(int(sys.argv[1])))
