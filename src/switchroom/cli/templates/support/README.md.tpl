# {{name}}

A support desk of three agents: triage listens and puts through, billing answers and pays back, reception is the last resort.

```sh
pip install -r requirements.txt
switchroom chat app.py "I was charged twice for A-17"    # above $50 you are asked to approve
switchroom chat app.py "Where is my order A-19?"
switchroom chat app.py            # a conversation
pytest                            # no key needed
switchroom doctor app.py          # is anything missing?
```

Without a key the answers come from the rules in `offline.py`, and the command says so. With one, a language model answers; the
agents, their tools and their handoffs stay as they are:

```sh
export SWITCHROOM_MODEL=openai:gpt-...    # provider:model
export OPENAI_API_KEY=...
switchroom doctor app.py --ask    # does it answer?
```

* `app.py`: the agents, their tools, and how they are run. `app` and `config` are what the command looks for.
* `offline.py`: the rules. Delete it when you have a model, and the `or model` in `app.py` with it.
* `test_app.py`: models in tests are functions, scripts or rules; the handoffs, the approval and the journal are real.
* `chats.db`: the journal, made by the first conversation. A turn that a crash or a question broke off goes on from it:
  `switchroom chat app.py --conversation ID`.
