"""Who calls over HTTP.

An inbound token ends here.
Open `static_tokens` first.
"""
