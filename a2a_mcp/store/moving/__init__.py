"""Moves what a folder keeps into a database, and back: every row once, whatever stops it midway.

It never changes or removes anything where it reads, and never opens what is sealed but to see that
it opens. The engines' own folders read and write; here stands only what is the same for all.
Open `move` first, then `tables`: a new table of an engine needs a row there.
"""
