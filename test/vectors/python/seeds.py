"""Section 8, "Bootstrap": seed lists."""
import base64
import calendar
import json
import re
import time

import canonical
import ed25519
from protocol import Refused, did_to_key

BYTES_MAX = 64 * 1024
SEEDS_MAX = 64
VALID_MAX_MS = 366 * 24 * 3600 * 1000
AHEAD_MAX_MS = 10 * 60 * 1000
DRAFT = {"version", "network", "seeds"}
SIGNED = DRAFT | {"issued", "expires", "key", "signature"}
# The parts of an http(s) URL that is in its plain form.
URL = re.compile(r"(https?)://([a-z0-9.-]+)(?::([0-9]+))?((?:/[A-Za-z0-9._~-]+)*)/?")


def need(condition):
    if not condition:
        raise Refused("BOOTSTRAP_REFUSED")


def read(text, network, pinned, now_ms):
    """The list in a text, for a spore of `network` that pinned keys, at a time."""
    fields = _parse(text)
    need(isinstance(fields, dict) and set(fields) == SIGNED)
    need(fields["version"] == 1 and isinstance(fields["network"], str) and 1 <= len(fields["network"]) <= 64)
    _check_seeds(fields["seeds"])
    issued, expires = _instant(fields["issued"]), _instant(fields["expires"])
    need(0 < expires - issued <= VALID_MAX_MS)
    need(fields["key"] in pinned)
    need(isinstance(fields["signature"], str) and re.fullmatch(r"[A-Za-z0-9_-]{86}", fields["signature"]))
    signature = base64.urlsafe_b64decode(fields["signature"] + "==")
    need(ed25519.verify(_key(fields["key"]), _signed_bytes(fields), signature))
    if fields["network"] != network:
        raise Refused("NETWORK_MISMATCH")
    need(issued <= now_ms + AHEAD_MAX_MS and now_ms < expires)
    return fields


def _parse(text):
    need(len(text.encode()) <= BYTES_MAX)
    try:
        value = json.loads(text)
    except ValueError:
        raise Refused("BOOTSTRAP_REFUSED") from None
    dense = re.sub(r'("(?:[^"\\]|\\.)*")|[ \t\r\n]+', lambda match: match[1] or "", text)
    need(json.dumps(value, ensure_ascii=False, separators=(",", ":")) == dense)
    return value


def _check_seeds(seeds):
    need(isinstance(seeds, list) and len(seeds) <= SEEDS_MAX)
    for seed in seeds:
        need(isinstance(seed, dict) and set(seed) == {"url", "key"})
        _key(seed["key"])
        need(isinstance(seed["url"], str) and len(seed["url"]) <= 512)
        parts = URL.fullmatch(seed["url"])
        need(parts and parts[3] != {"http": "80", "https": "443"}[parts[1]])
    for name in ("url", "key"):
        need(len({seed[name].removesuffix("/") for seed in seeds}) == len(seeds))


def _key(did):
    try:
        return did_to_key(did)
    except (Refused, AttributeError):
        raise Refused("BOOTSTRAP_REFUSED") from None


def _instant(text):
    """Milliseconds of a UTC time in whole seconds."""
    need(isinstance(text, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text))
    try:
        return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) * 1000
    except ValueError:
        raise Refused("BOOTSTRAP_REFUSED") from None


def _signed_bytes(fields):
    seeds = [[seed["url"], seed["key"]] for seed in fields["seeds"]]
    names = ("key", "network", "issued", "expires")
    return canonical.encode(["spore/bootstrap/1", *(fields[name] for name in names), seeds])
