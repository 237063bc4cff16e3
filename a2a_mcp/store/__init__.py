"""What outlives the process: tasks, kept results, corrections of cards and the state key.

It decides nothing, sends nothing and imports nothing that a model reads.
Open `base` first: it holds the contracts. Each engine has its own folder, `store/<engine>/`;
tests/store/test_contract.py runs every engine, and server.stores chooses one.
"""
