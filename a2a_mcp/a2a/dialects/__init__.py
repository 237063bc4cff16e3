"""The dialects of A2A: how each version writes a request over each binding. All pure."""
