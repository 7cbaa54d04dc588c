"""What went wrong, as a person is told on stderr and a program on stdout."""

import json
import sys
from typing import Any

import grpc

from motus_client.errors import ApiError
from motus_client.stack.layout import DataFolderError
from motus_client.stack.supervisor import StackError


class Problem(Exception):
    """The command cannot do what was asked.

    Args:
        code: UPPER_SNAKE name for programs.
        message: one plain sentence.
        hint: what to do; may be empty.
        details: lines that a part printed; may be empty.
        exit_code: of the command.
    """

    def __init__(self, code: str, message: str, hint: str = "", *, details: str = "", exit_code: int = 1) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.details, self.exit_code = code, message, hint, details, exit_code


def problem_of(error: Exception) -> Problem | None:
    """The problem behind an expected error; None for a bug."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, StackError):
        return Problem("STACK", error.message, error.hint, details=error.details)
    if isinstance(error, DataFolderError):
        return Problem("DATA_FOLDER", str(error), "choose another with MOTUS_DATA_DIR")
    if isinstance(error, ApiError):
        return _api_problem(error)
    if isinstance(error, OSError):
        return Problem("SYSTEM", str(error))
    return None


def tell(problem: Problem, *, as_json: bool) -> None:
    """Say it: sentences on stderr, and for a program one object on stdout."""
    for line in problem.details.splitlines():
        print(f"  | {line}", file=sys.stderr)
    print(f"motus: {problem.message}", file=sys.stderr)
    if problem.hint:
        print(f"  {problem.hint}", file=sys.stderr)
    if as_json:
        fields = {"code": problem.code, "message": problem.message, "hint": problem.hint, "details": problem.details}
        print_json({"error": fields})


def print_json(value: dict[str, Any]) -> None:
    """Print one object; NaN, which JSON lacks, would be a bug."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2))


def _api_problem(error: ApiError) -> Problem:
    if error.code is grpc.StatusCode.UNAVAILABLE and not error.answered:
        hint = "start a stack with `motus up`, or name another with --server or MOTUS_SERVER"
        return Problem("UNAVAILABLE", f"no session service answers at {error.address}", hint)
    if error.code is grpc.StatusCode.UNIMPLEMENTED and not error.answered:
        hint = "name what takes videos for that server with --ingest-server or MOTUS_INGEST_SERVER"
        return Problem("NOT_SERVED", f"{error.address} does not serve this call", hint)
    if error.code is grpc.StatusCode.UNAUTHENTICATED:
        return Problem(error.reason, error.message, "give a token by --token-file or MOTUS_TOKEN")
    if error.code is grpc.StatusCode.NOT_FOUND:
        return Problem(error.reason, error.message, "`motus sessions list` shows what there is")
    if error.code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Problem(error.reason, f"{error.address} did not answer in time", "try again in a moment")
    return Problem(error.reason, error.message)
