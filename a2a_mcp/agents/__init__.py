"""A configured agent while the bridge runs: its card, connection, health and origins.

It may hold no task and no sentence for a model.
Open `connection` first.
"""
