"""Rows of -Lnc on a machine that is slower than the test wants: what of the time was not meant to pass."""
import re
import time


class Clock:
    """Begins with a case. `meant`: seconds that it was to take so far."""

    def __init__(self):
        self.begun, self.meant = time.monotonic(), 0.0

    def sleep(self, duration):
        self.meant += duration
        time.sleep(duration)

    def mark(self, row):
        """A row of -Lnc with the whole seconds lost, if any: 'TCP 14:58+2 …' has been left alone for up to 2 seconds
        longer than it was to be."""
        lost = int(time.monotonic() - self.begun - self.meant)
        return re.sub(r"^(\S+ \d+:\d+)", rf"\1+{lost}", row) if lost > 0 else row
