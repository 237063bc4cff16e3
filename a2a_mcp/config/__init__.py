"""The configuration: the file, the environment and the arguments, made into checked values.

It contacts no agent and holds no state that changes.
Open `load` first.
"""
