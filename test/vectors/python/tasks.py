"""What is said about tasks (PROTOCOL.md sections 5 and 10)."""
import hashlib

from payloads import fields_of, is_text, need
from protocol import SPACE_CHARS_MAX, is_bytes, is_uint

ROLES = ["explorer", "synthesizer", "adversarial", "validator", "generalist", "brain", "sentinel"]


def listed(value, most, good):
    need(isinstance(value, list) and len(value) <= most and all(good(item) for item in value))
    return value


def digest(value):
    return is_bytes(value, 32)


def whole(least, most):
    return lambda value: is_uint(value, most) and value >= least


def text(most):
    return lambda value: is_text(value, most)


def optional(fields, name, good, left_out=None):
    if name not in fields:
        return left_out
    need(good(fields[name]))
    return fields[name]


def pair(first, second):
    return lambda value: isinstance(value, list) and len(value) == 2 and first(value[0]) and second(value[1])


def round_of(fields):
    return optional(fields, "round", whole(0, 15), 0)


def task(payload):
    fields = fields_of(payload)
    need(is_text(fields.get("text"), 8000) and is_text(fields.get("space"), SPACE_CHARS_MAX))
    choices = listed(fields.get("choices", []), 26, text(1000))
    roles = listed(fields.get("roles", []), 8, lambda role: role in ROLES)
    need(len(choices) != 1 and len(set(choices)) == len(choices) and len(set(roles)) == len(roles))
    return dict(
        text=fields["text"],
        space=fields["space"],
        effort=optional(fields, "effort", lambda one: one in ("quick", "standard", "deep"), "standard"),
        seconds=optional(fields, "seconds", whole(1, 86400)),
        answers=optional(fields, "answers", whole(1, 64)),
        choices=choices,
        roles=roles,
        domain=optional(fields, "domain", text(64)),
        attempt=optional(fields, "attempt", whole(0, 65535), 0),
    )


def contribution(payload):
    fields = fields_of(payload)
    need(digest(fields.get("task")))
    if "seal" in fields:
        need(digest(fields["seal"]))
        need(not any(name in fields for name in ("text", "quotes", "failure", "model", "others", "claims")))
        return dict(task=fields["task"], round=round_of(fields), seal=fields["seal"])
    need(is_text(fields.get("model"), 64))
    outcome = outcome_of(fields)
    places = whole(0, len(outcome["quotes"]) - 1)
    claims = listed(
        fields.get("claims", []),
        16,
        lambda claim: pair(text(1000), lambda of: isinstance(of, list) and len(of) <= 8 and all(map(places, of)))(claim),
    )
    others = listed(fields.get("others", []), 7, pair(text(16384), whole(1, 1000)))
    return dict(
        task=fields["task"],
        round=round_of(fields),
        seal=None,
        model=fields["model"],
        family=optional(fields, "family", text(64)),
        role=optional(fields, "role", lambda role: role in ROLES),
        salt=optional(fields, "salt", lambda salt: is_bytes(salt, 16)),
        by=optional(fields, "by", text(64)),
        outcome=outcome,
        weight=optional(fields, "weight", whole(1, 1000), 1000),
        others=[dict(text=one, weight=weight) for one, weight in others],
        confidence=optional(fields, "confidence", whole(0, 1000)),
        reason=optional(fields, "reason", text(4000)),
        claims=[dict(text=one, quotes=quotes) for one, quotes in claims],
        responds=listed(fields.get("responds", []), 64, digest),
        recalled=listed(fields.get("recalled", []), 32, digest),
    )


def review(payload):
    fields = fields_of(payload)
    need(digest(fields.get("task")) and is_text(fields.get("model"), 64))
    ranking = listed(
        fields.get("ranking"), 32, pair(digest, lambda flaw: flaw is None or is_text(flaw, 1000))
    )
    ranked = [dict(contribution=one, flaw=flaw) for one, flaw in ranking]
    return dict(task=fields["task"], round=round_of(fields), model=fields["model"], ranking=ranked)


def synthesis(payload):
    fields = fields_of(payload)
    need(digest(fields.get("task")))
    named = listed(fields.get("contributions"), 64, digest)
    masses = listed(fields.get("masses", []), 64, whole(0, 50_000_000))
    need(len(masses) in (0, len(named)))
    return dict(
        task=fields["task"],
        contributions=named,
        masses=masses,
        rule=optional(fields, "rule", lambda rule: rule in ("weighted", "best-single", "unweighted"), "unweighted"),
        answer=optional(fields, "answer", text(16384)),
        outcome=outcome_of(fields),
        model=optional(fields, "model", text(64)),
        agreement=listed(fields.get("agreement", []), 16, whole(0, 1000)),
        degraded=listed(fields.get("degraded", []), 16, text(64)),
    )


def resolution(payload):
    fields = fields_of(payload)
    need(digest(fields.get("task")) and is_text(fields.get("answer"), 16384))
    verdict, correction = fields.get("verdict"), optional(fields, "correction", text(16384))
    need(verdict in ("right", "wrong", "corrected") and (verdict == "corrected") == (correction is not None))
    return dict(task=fields["task"], verdict=verdict, answer=fields["answer"], correction=correction)


def call(payload):
    fields = fields_of(payload)
    need(digest(fields.get("task")))
    called = listed(fields.get("called"), 64, text(64))
    need(called and len(set(called)) == len(called))
    return dict(task=fields["task"], called=called)


def outcome_of(fields):
    if "failure" in fields:
        need(is_text(fields["failure"], 8000) and "text" not in fields and "quotes" not in fields)
        return dict(text=None, quotes=[], failure=fields["failure"])
    need(is_text(fields.get("text"), 65536))
    quotes = listed(fields.get("quotes"), 64, pair(digest, text(65536)))
    return dict(text=fields["text"], quotes=[dict(memory=one, text=said) for one, said in quotes], failure=None)


def rendezvous(of, authors):
    """Authors behind the askers, in the order in which they may put the answer together."""
    return sorted(authors, key=lambda author: hashlib.sha256(f"spore/rendezvous/1 {of.hex()} {author}".encode()).digest())


DECODERS = dict(
    task=task,
    contribution=contribution,
    call=call,
    review=review,
    synthesis=synthesis,
    resolution=resolution,
)
