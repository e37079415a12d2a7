"""`switchroom chat`: one message, or a conversation, with an application."""

from __future__ import annotations

import click

from switchroom.arguments import check_id
from switchroom.cli.faults import Wrong
from switchroom.errors import UserError

YES = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}


@click.command(short_help="Talk with an application: one message, or a conversation.")
@click.argument("app")
@click.argument("message", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per message.")
@click.option("--conversation", metavar="ID", help="Go on with this conversation; without it a new one begins.")
@click.option("--journal", metavar="URL", help="Where the conversation is kept, such as sqlite:///chats.db.")
@click.option("--answer", "answers", metavar="ID=yes|no", multiple=True, help="Answer a question that waits for a person.")
def chat(
    app: str, message: str | None, as_json: bool, conversation: str | None, journal: str | None, answers: tuple[str, ...]
) -> None:
    """Talk with APP: app.py[:name], package.module[:name], or supportgenie.

    With a MESSAGE, the answer is printed and the command ends. Without one, it is a conversation: at a terminal with a
    prompt, else a message per line of stdin. A turn that a crash left unfinished is finished first.

    Conversations are kept in the application's journal; if it names none, in switchroom/chats.db in your data folder
    ($XDG_DATA_HOME, else ~/.local/share). Ends with 1 if a turn failed, or waits for a person.
    """
    if message is not None and not message.strip():
        raise Wrong("The message is empty. Write what you want to say, or leave it out for a conversation.")
    for option, given in (("--conversation", conversation), ("--journal", journal)):
        if given is not None and not given.strip():
            raise Wrong(f"{option} is empty. Leave it out, or give a value.")
    if conversation is not None:
        try:
            check_id(conversation, "conversation", "--conversation")
        except UserError as error:
            raise Wrong(str(error)) from error
    if answers and not conversation:
        raise Wrong("--answer needs --conversation: which conversation asked?")
    given = dict(map(_answer, answers))
    from switchroom.cli.dialogue import Wish, talk  # and rich with it

    code = talk(app, Wish(message, as_json, conversation or "", journal or "", given))
    if code:
        raise SystemExit(code)


def _answer(given: str) -> tuple[str, bool]:
    id, _, word = given.rpartition("=")
    if not id or word.lower() not in YES:
        raise Wrong(f"--answer {given!r}: write ID=yes or ID=no, with the ID as the question was told with.")
    return id, YES[word.lower()]
