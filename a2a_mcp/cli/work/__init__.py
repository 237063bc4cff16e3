"""What commands do, a module for each command whose work needs more than its words do.

Imported when the work begins, never for a command's `--help`: it needs half of the house.
Open `session` and `show` first.
"""
