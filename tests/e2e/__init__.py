"""The whole product, as its users have it: real bridge processes, hosts and agents.

`bridges` starts the bridge, `hosts` speaks to it and checks every result, `lines` is a host without
an SDK, `scripted` is an agent that misbehaves on purpose.
"""
