"""Plan tokens: a short name of exactly what a preview showed.

A confirmation carries the token; if the plan made again has another one, the world has changed and the
action is refused and shown anew.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any


def plan_token(plan: Any) -> str:
    """Twelve hex digits over the plan's canonical JSON. The plan must hold JSON values only."""
    canonical = json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]
