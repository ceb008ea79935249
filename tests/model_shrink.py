"""Cuts a sequence that fails down to the steps that it takes (delta debugging)."""
import time


def shrink(steps, fails, seconds):
    """fails(steps) plays them and returns the outcome where they fail in the same way, or else None.
    Returns the last outcome that failed, or None where the steps never did so again."""
    deadline = time.monotonic() + seconds
    best, pieces = fails(steps), 2
    if not best:
        return None
    steps = best.steps
    while len(steps) > 1 and time.monotonic() < deadline:
        size = max(1, len(steps) // pieces)
        for at in range(0, len(steps), size):
            outcome = fails(steps[:at] + steps[at + size:])
            if outcome:
                best, steps, pieces = outcome, outcome.steps, max(pieces - 1, 2)
                break
            if time.monotonic() > deadline:
                break
        else:
            if size == 1:
                break
            pieces = min(pieces * 2, len(steps))
    return best
