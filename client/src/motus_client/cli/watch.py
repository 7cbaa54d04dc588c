"""`motus watch`: shows a running session, replays what is stored of an ended one, or begins one on a live source."""

from argparse import Namespace

from motus.v1 import session_service_pb2
from motus_client.cli.display import display_for
from motus_client.cli.following import end_session, follow_session
from motus_client.cli.interrupts import Interrupted, Interrupts
from motus_client.cli.problem import print_json
from motus_client.cli.summary import summary
from motus_client.client import Client
from motus_client.names import last_part
from motus_client.outcome import outcome_json, read_outcome


def watch(client: Client, arguments: Namespace, interrupts: Interrupts) -> int:
    """Watch until the session has ended, then sum up; returns the exit code, 0 when it ended as it should.

    A session that was begun here ends with Ctrl-C; one that others began goes on.
    """
    begun = "://" in arguments.session
    session = _begun(client, arguments) if begun else client.get_session(arguments.session).name
    display = display_for(f"session {last_part(session)}", as_json=arguments.json)
    try:
        follow_session(client, session, display)
    except Interrupted:
        if not begun:
            raise
        with interrupts.held():
            end_session(client, session, "the user ended the run")
    finally:
        display.close()
    outcome = read_outcome(client, session)
    if arguments.json:
        print_json(outcome_json(outcome, None))
    else:
        print(summary(outcome, None))
    return 0 if outcome.ended else 1


def _begun(client: Client, arguments: Namespace) -> str:
    source = session_service_pb2.Source(uri=arguments.session)
    return client.create_session(session_service_pb2.Session(source=source, exercise=arguments.exercise)).name
