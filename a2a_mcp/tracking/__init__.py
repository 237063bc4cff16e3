"""A message on its way to the next stop of its task: delivered once, then followed.

It words nothing for a model and knows no MCP.
Open `tracker` first.
"""
