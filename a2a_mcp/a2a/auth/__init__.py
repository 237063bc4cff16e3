"""Credentials as they go out with a request.

A credential belongs to an origin and is sent nowhere else.
Open `static` first.
"""
