"""Data inside a page, for its script."""

import html
import json
from typing import Any


def data_element(name: str, value: Any) -> str:
    """Data for the script, in a form that cannot end the element it is in."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="{html.escape(name)}">{text}</script>'
