"""What the kernel says of a process that a test started."""
import signal
import time


def has_handler(pid):
    """Does it catch SIGTERM by now? Before, it dies of it like any program that starts."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            caught = next((line for line in status if line.startswith("SigCgt")), "SigCgt: 0")
    except OSError:  # it is over
        return False
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def await_handler(process, seconds):
    """Until it catches SIGTERM, or has ended by itself."""
    until = time.monotonic() + seconds
    while process.poll() is None and not has_handler(process.pid):
        if time.monotonic() > until:
            raise SystemExit(f"{process.args[0]} catches no SIGTERM after {seconds} s")
        time.sleep(0.01)
