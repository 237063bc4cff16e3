"""The seven tools: their definitions, schemas and strict arguments.

No text that an agent controls enters a definition.
Open `definitions` first.
"""
