"""A client library for A2A agents of every version.

`client` calls an agent over one interface, `card` fetches its card, `interfaces` chooses.
`model`, `requests`, `card_model` and `errors` are the values that go in and come out.
No configuration, no store and no text for a model may enter.
Open `client` first.
"""
