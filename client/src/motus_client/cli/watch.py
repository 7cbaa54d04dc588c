"""`motus watch`: shows a running session, or replays what is stored of an ended one."""

from argparse import Namespace

from motus_client.cli.display import display_for
from motus_client.cli.following import follow_session
from motus_client.cli.problem import print_json
from motus_client.cli.summary import summary
from motus_client.client import Client
from motus_client.names import last_part
from motus_client.outcome import outcome_json, read_outcome


def watch(client: Client, arguments: Namespace) -> int:
    """Watch until the session has ended, then sum up; returns the exit code, 0 when it ended as it should."""
    session = client.get_session(arguments.session).name
    display = display_for(f"session {last_part(session)}", as_json=arguments.json)
    try:
        follow_session(client, session, display)
    finally:
        display.close()
    outcome = read_outcome(client, session)
    if arguments.json:
        print_json(outcome_json(outcome, None))
    else:
        print(summary(outcome, None))
    return 0 if outcome.ended else 1
