"""What authors counted about others (PROTOCOL.md sections 5 and 11)."""
from payloads import fields_of, is_text, need
from protocol import is_bytes, is_uint

KINDS = ["answer", "review", "citation", "receipt"]
COUNTERS = ["right", "wrong", "chance", "rightBack", "wrongBack", "chanceBack"]
COUNTER_MAX = 2**32 - 1


def evidence(payload):
    fields = fields_of(payload)
    rows, because = fields.get("rows"), fields.get("because", [])
    need(isinstance(rows, list) and 1 <= len(rows) <= 64)
    need(isinstance(because, list) and len(because) <= 48 and all(is_bytes(item, 32) for item in because))
    read = [row(item) for item in rows]
    need(len({key(one) for one in read}) == len(read))
    return dict(rows=read, because=because)


def row(item):
    need(isinstance(item, list) and len(item) == 6)
    subject, domain, kind, period, counted, recent = item
    need(is_text(subject, 129) and is_text(domain, 64) and is_uint(kind, 3) and is_uint(period, 121750))
    for numbers, length in ((counted, 6), (recent, 2)):
        need(isinstance(numbers, list) and len(numbers) == length)
        need(all(is_uint(number, COUNTER_MAX) for number in numbers))
    need(all(back <= count for count, back in zip(counted[:3], counted[3:])))
    return dict(
        subject=subject,
        domain=domain,
        kind=KINDS[kind],
        period=period,
        counters=dict(zip(COUNTERS, counted)),
        recent=dict(outcomes=recent[0], bits=recent[1]),
    )


def key(one):
    return (one["subject"], one["domain"], one["kind"], one["period"])


def join(entries):
    """The rows of one rater in one space, the newest period first."""
    rows = {}
    for one in (one for entry in entries for one in entry):
        known = rows.get(key(one))
        rows[key(one)] = joined(known, one) if known else one
    return sorted(
        rows.values(), key=lambda one: (-one["period"], one["subject"], one["domain"], KINDS.index(one["kind"]))
    )


def joined(a, b):
    def later(one):
        return (one["recent"]["outcomes"], one["recent"]["bits"])

    counters = {name: max(a["counters"][name], b["counters"][name]) for name in COUNTERS}
    return {**a, "counters": counters, "recent": max(a, b, key=later)["recent"]}


DECODERS = {"evidence": evidence}
