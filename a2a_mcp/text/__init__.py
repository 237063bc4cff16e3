"""Text made fit to show: control characters, secrets, cuts; and times and URLs as text.

Pure, and imports no other room. No sentence that a model reads is made here.
Open `untrusted` first.
"""
