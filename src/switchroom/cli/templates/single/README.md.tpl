# {{name}}

One agent with one tool.

```sh
pip install -r requirements.txt
switchroom chat app.py "How many days from 2025-01-01 to 2025-03-14?"
switchroom chat app.py            # a conversation
pytest                            # no key needed
switchroom doctor app.py          # is anything missing?
```

Without a key the answers come from the rules in `offline.py`, and the command says so. With one, a language model answers; the
agent stays as it is:

```sh
export SWITCHROOM_MODEL=openai:gpt-...    # provider:model
export OPENAI_API_KEY=...
switchroom doctor app.py --ask    # does it answer?
```

* `app.py`: the agent, its tool, and how it is run. `app` and `config` are what the command looks for.
* `offline.py`: the rules. Delete it when you have a model, and the `or model` in `app.py` with it.
* `test_app.py`: models in tests are scripts: what the model answers stands in the test, and everything else is real.
