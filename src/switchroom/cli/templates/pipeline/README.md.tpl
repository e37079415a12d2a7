# {{name}}

A pipeline in plain code: a researcher finds, an analyst judges, a writer writes. Each gets what the one before it made.

```sh
pip install -r requirements.txt
switchroom chat app.py "What about remote work?"
switchroom chat app.py            # a conversation
pytest                            # no key needed
switchroom doctor app.py          # is anything missing?
```

Without a key the answers come from the rules in `offline.py`, and say so. With one, a language model answers; the pipeline stays
as it is:

```sh
export SWITCHROOM_MODEL=openai:gpt-...    # provider:model
export OPENAI_API_KEY=...
switchroom doctor app.py --ask    # does it answer?
```

* `app.py`: the agents, and the function that runs one after the other. `app` and `config` are what the command looks for.
* `offline.py`: the rules. Delete it when you have a model, and the `or model` in `app.py` with it.
* `test_app.py`: models in tests are scripts: what each agent answers stands in the test, and everything else is real.
