"""A request of HTTP as a message: fields from path, query and JSON body."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from google.protobuf import field_mask_pb2, json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from motus_runtime.errors import InvalidArgumentError
from motus_runtime.rpc.http.routes import Route

MOST_DEPTH = 32
MOST_TEXT = 300
_FIELD_MASK = field_mask_pb2.FieldMask.DESCRIPTOR.full_name
_TRUTHS = {"true": True, "false": False}
_UNREADABLE = (json_format.Error, ValueError, TypeError, AttributeError, OverflowError, RecursionError)

M = TypeVar("M", bound=Message)
Tree = dict[str, Any]


def message_of(
    kind: type[M], route: Route, variables: Mapping[str, str], query: Iterable[tuple[str, str]], body: bytes
) -> M:
    """The message that a request says.

    Args:
        kind: the message's class.
        route: the rule that it was found by.
        variables: fields from the path.
        query: fields from the query, in order; repeated ones as often as they have values.
        body: JSON, or nothing.

    Raises:
        InvalidArgumentError: it says no such message.
    """
    descriptor: Any = kind.DESCRIPTOR
    tree = _body(route.body, body)
    for path, value in query:
        if path in variables or route.body == "*":
            raise InvalidArgumentError({path[:MOST_TEXT]: "belongs to the path or body"})
        _put(tree, descriptor, path, value)
    for path, value in variables.items():
        _put(tree, descriptor, path, value, over=True)
    try:
        return json_format.ParseDict(tree, kind(), max_recursion_depth=MOST_DEPTH)
    except _UNREADABLE as error:
        raise _unreadable(error) from None


def _body(field: str, body: bytes) -> Tree:
    """What the body says, as JSON by field."""
    if not body:
        return {}
    if not field:
        raise InvalidArgumentError({"body": "must be empty"})
    try:
        value = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise InvalidArgumentError({"body": "is not JSON"}) from None
    if not isinstance(value, dict):
        raise InvalidArgumentError({"body": "must be a JSON object"})
    return value if field == "*" else {field: value}


def _put(tree: Tree, descriptor: Descriptor, path: str, value: str, *, over: bool = False) -> None:
    """Put a text at a field path; `over` replaces what the body says there."""
    *outer, last = path.split(".")
    for name in outer:
        field = _field(descriptor, name, path)
        if field.message_type is None or field.is_repeated:
            raise _unknown(path)
        tree, descriptor = tree.setdefault(field.name, {}), field.message_type
        if not isinstance(tree, dict):
            raise _unknown(path)
    field = _field(descriptor, last, path)
    if over:
        tree.pop(field.camelcase_name, None)
        tree[field.name] = value
    elif field.is_repeated:
        tree.setdefault(field.name, []).append(_value(field, value))
    elif field.name in tree:
        raise InvalidArgumentError({path: "is there twice"})
    else:
        tree[field.name] = _value(field, value)


def _field(descriptor: Descriptor, name: str, path: str) -> FieldDescriptor:
    """A field by its name in the proto or in JSON."""
    found = descriptor.fields_by_name.get(name) or descriptor.fields_by_camelcase_name.get(name)
    if found is None:
        raise _unknown(path)
    return found


def _value(field: FieldDescriptor, text: str) -> Any:
    """A text of the query as JSON has it; numbers may stay texts."""
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return _TRUTHS.get(text, text)
    if field.message_type is not None and field.message_type.full_name == _FIELD_MASK:
        return re.sub("_([a-z0-9])", lambda found: found[1].upper(), text)
    return text


def _unknown(path: str) -> InvalidArgumentError:
    return InvalidArgumentError({path[:MOST_TEXT] or "query": "is no field of the request"})


def _unreadable(error: Exception) -> InvalidArgumentError:
    """One line of what the reader of JSON says, which is about the request alone."""
    text = str(error).splitlines()[0] if isinstance(error, json_format.ParseError) and str(error) else ""
    said = "".join(letter for letter in text if letter.isprintable())[:MOST_TEXT]
    return InvalidArgumentError({"request": said or "cannot be read as the method's message"})


def _no_number(text: str) -> float:
    raise ValueError(text)
