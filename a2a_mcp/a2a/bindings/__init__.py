"""The bindings of A2A: how the params of an operation become one HTTP request.

Pure: `a2a.http.transport` sends.
Open `base` first.
"""
