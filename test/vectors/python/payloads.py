"""Payloads of the kinds that version 1 interprets (PROTOCOL.md section 5), and the set that they make (section 6)."""
import canonical
from protocol import SEQ_MAX, Log, is_bytes, is_uint, log_id, utf16_length

MEMORY, RETRACT, CHECKPOINT = 1, 2, 3
TEXT_BYTES_MAX = 64 * 1024
LIST_MAX = 1024


class NotAsked(Exception):
    """The payload is not what its kind asks for: its entry is kept and forwarded, and not interpreted."""


def need(condition):
    if not condition:
        raise NotAsked()


def is_text(value, most):
    return isinstance(value, str) and 0 < utf16_length(value) <= most


def texts(value, count, most):
    need(isinstance(value, list) and len(value) <= count and all(is_text(item, most) for item in value))
    return value


def fields_of(payload):
    try:
        fields = canonical.decode(payload)
    except canonical.NotCanonical:
        raise NotAsked() from None
    need(isinstance(fields, dict))
    return fields


def memory(payload):
    fields = fields_of(payload)
    text = fields.get("text")
    need(is_text(text, TEXT_BYTES_MAX) and len(text.encode("utf-8")) <= TEXT_BYTES_MAX)
    tags = texts(fields.get("tags", []), 32, 128)
    # By code unit, which is not the order of code points.
    units = [tag.encode("utf-16-be") for tag in tags]
    need(all(a < b for a, b in zip(units, units[1:])))
    thread, position, speaker = (fields.get(name) for name in ("thread", "position", "speaker"))
    need(thread is None or is_text(thread, 512))
    need(position is None or is_uint(position, 2**53 - 1))
    need(speaker is None or is_text(speaker, 128))
    sources = texts(fields.get("sources", []), 64, 1024)
    return dict(text=text, tags=tags, thread=thread, position=position, speaker=speaker, sources=sources)


def retract(payload):
    dots = _by_epoch(fields_of(payload).get("dots"))
    for _, seqs in dots:
        need(all(is_uint(seq, SEQ_MAX) for seq in seqs) and all(a < b for a, b in zip(seqs, seqs[1:])))
    return dict(dots=[dict(epoch=epoch, seqs=seqs) for epoch, seqs in dots])


def checkpoint(payload):
    dead = _by_epoch(fields_of(payload).get("dead"))
    for _, ranges in dead:
        need(all(isinstance(one, list) and len(one) == 2 for one in ranges))
        need(all(is_uint(one[0], SEQ_MAX) and is_uint(one[1], SEQ_MAX) and one[0] <= one[1] for one in ranges))
        need(all(a[1] + 1 < b[0] for a, b in zip(ranges, ranges[1:])))
    return dict(dead=[dict(epoch=epoch, ranges=ranges) for epoch, ranges in dead])


def _by_epoch(items):
    """[[epoch, [...]]...] with at most 1,024 items in all."""
    need(isinstance(items, list))
    for item in items:
        need(isinstance(item, list) and len(item) == 2 and is_bytes(item[0], 8) and isinstance(item[1], list))
    need(sum(len(item[1]) for item in items) <= LIST_MAX)
    return items


DECODERS = dict(memory=memory, retract=retract, checkpoint=checkpoint)


def visible(replica):
    """{digest of a memory: its valid dots that are not removed}. Logs in any order give the same."""
    dots, removed = {}, set()
    for log, held in replica.logs.items():
        for header, _, payload in held.entries[: replica.fork_points.get(log)]:
            if header["kind"] in (RETRACT, CHECKPOINT):
                removed |= _removed_by(held, header, payload)
                continue
            if header["kind"] == MEMORY and payload is not None:
                try:
                    memory(payload)
                    dots.setdefault(header["payload"], []).append((log, header["seq"]))
                except NotAsked:
                    pass
    left = {digest: sorted(dot for dot in found if dot not in removed) for digest, found in dots.items()}
    return {digest: found for digest, found in left.items() if found}


def _removed_by(held: Log, header, payload):
    """Dots of the author and the space of the entry's own log; it can name nobody else's."""
    try:
        if header["kind"] == RETRACT:
            named = [(item["epoch"], item["seqs"]) for item in retract(payload)["dots"]]
        else:
            dead = checkpoint(payload)["dead"]
            # It names entries before itself, or it says nothing at all.
            own = [item["ranges"] for item in dead if item["epoch"] == held.epoch]
            need(all(last < header["seq"] for ranges in own for _, last in ranges))
            named = [
                (item["epoch"], [seq for first, last in item["ranges"] for seq in range(first, last + 1)])
                for item in dead
            ]
    except NotAsked:
        return set()
    return {(log_id(held.public_key, held.space, epoch), seq) for epoch, seqs in named for seq in seqs}
