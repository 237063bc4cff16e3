"""Text of others made fit to show: controls, secrets, cuts; and times and URLs as text.

Pure, and imports nothing of ours. No sentence that a model reads is made here.
Open `untrusted` first.
"""
