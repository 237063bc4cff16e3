"""An A2A client library of every version in the wild; it knows nothing of the rest.

No configuration, no store, no words for a model may enter.
Open `client` first.
"""
