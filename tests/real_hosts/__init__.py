"""Real hosts, installed from npm, before a scripted stand-in for their model.

`scripts/hosts`, `scripts/sign-in` and `scripts/views` run them: too much is installed for every run
of the suite.
"""
