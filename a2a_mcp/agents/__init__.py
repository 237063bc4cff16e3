"""A configured agent while the bridge runs: its card, interfaces, credentials and health.

It holds no task and no sentence for a model.
Open `registry` first, which finds an agent by name, then `connection`.
"""
