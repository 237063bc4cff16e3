"""Every note and next step that a model reads, in one place: to change a wording, change it here.

Pure text and small functions that fill a name or an id into it. It decides nothing, and no text
that an agent controls is part of a sentence unless the caller has scrubbed it.
"""

from __future__ import annotations

# --- tasks: sent, followed, read, cancelled ---

# --- questions and the person who answers them ---

# --- artifacts and files ---

# --- agents ---

# --- lists and resources ---
