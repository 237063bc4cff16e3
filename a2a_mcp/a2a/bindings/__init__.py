"""The bindings of A2A: how params become one HTTP request. All pure; `a2a.transport` sends."""
