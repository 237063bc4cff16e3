"""JSON of every A2A version decoded into one model: liberal, and the same for all.

Pure. A server's quirk is a line in a table here.
Open `events` first.
"""
