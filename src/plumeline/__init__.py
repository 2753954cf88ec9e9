"""From chemical sensing flights to located, identified emission sources, handed over so that somebody acts.

Rooms stand in the order in which data flows; imports point back up that order only (see `docs/decisions/`).
"""

__version__ = "0.1.0"
