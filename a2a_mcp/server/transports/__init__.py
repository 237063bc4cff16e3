"""How hosts reach the server: stdio and streamable HTTP.

Over stdio nothing but protocol reaches stdout.
Open `stdio` first.
"""
