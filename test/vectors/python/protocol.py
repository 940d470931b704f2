"""Entries, logs, heads, runs, fork proofs and frames (PROTOCOL.md sections 3 to 7), with nothing but the standard library."""
import base64
import hashlib
import zlib
from dataclasses import dataclass, field

import canonical
import ed25519

SAFE_MAX = 2**53 - 1
SEQ_MAX = 2**32 - 1
HEADER_BYTES_MAX = 2560
PAYLOAD_BYTES_MAX = 80 * 1024
REFERENCES_MAX = 64
SEGMENT_ENTRIES_MAX = 1024
SEGMENT_BYTES_MAX = 256 * 1024
BODY_BYTES_MAX = 1024 * 1024
SPACE_CHARS_MAX = 64
HOLD_MS, AHEAD_MAX_MS = 2 * 60_000, 10 * 60_000
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class Refused(Exception):
    """A refusal; its first argument is the code of the registry (section 9)."""

    @property
    def code(self):
        return self.args[0]


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def tagged(tag, *parts):
    """H(t || ...): 0 leaf, 1 chain, 2 genesis."""
    return sha256(bytes([tag]), *parts)


# --- Section 3: authors ---


def did_to_key(did):
    """The public key of an author; an author has one text."""
    digits = did.removeprefix("did:key:z")
    if digits == did or not digits or any(digit not in BASE58 for digit in digits):
        raise Refused("KEY_REFUSED")
    number = 0
    for digit in digits:
        number = number * 58 + BASE58.index(digit)
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    if len(data) != 34 or data[:2] != b"\xed\x01" or not ed25519.is_admissible(data[2:]):
        raise Refused("KEY_REFUSED")
    if key_to_did(data[2:]) != did:
        raise Refused("KEY_REFUSED")
    return data[2:]


def key_to_did(key):
    number, digits = int.from_bytes(b"\xed\x01" + key, "big"), ""
    while number > 0:
        number, digit = divmod(number, 58)
        digits = BASE58[digit] + digits
    return "did:key:z" + digits


# --- Section 4: clocks ---


def next_time(last, now_ms):
    return max(now_ms * 1024, last + 1)


def judge_time(time, now_ms):
    ahead = time // 1024 - now_ms
    return "refuse" if ahead > AHEAD_MAX_MS else "hold" if ahead > HOLD_MS else "accept"


# --- Section 5: entries and logs ---


def cid(digest):
    """CIDv1, dag-cbor, sha2-256, in base32 with its letter."""
    data = b"\x01\x71\x12\x20" + digest
    return "b" + base64.b32encode(data).decode().lower().rstrip("=")


def log_id(public_key, space, epoch):
    return sha256(b"spore/log/1", public_key, space.encode("utf-8"), epoch)[:16]


def genesis(log):
    return tagged(2, log)


def leaf(header):
    return tagged(0, header)


def extend(chain, header_leaf):
    return tagged(1, chain, header_leaf)


def encode_header(header):
    names = ("log_id", "seq", "clock", "kind", "payload_length", "payload", "references")
    return canonical.encode([1] + [header[name] for name in names])


def decode_header(data):
    if len(data) > HEADER_BYTES_MAX:
        raise Refused("ENTRY_TOO_LARGE")
    fields = _fields(data, 8, "ENTRY_MALFORMED")
    _, log, seq, clock, kind, length, payload, references = fields
    form = (
        is_bytes(log, 16)
        and is_uint(seq, SEQ_MAX)
        and is_uint(clock, SAFE_MAX)
        and is_uint(kind, 255)
        and is_uint(length, SAFE_MAX)
    )
    if not form:
        raise Refused("ENTRY_MALFORMED")
    if length > PAYLOAD_BYTES_MAX:
        raise Refused("ENTRY_TOO_LARGE")
    if not is_bytes(payload, 32) or not isinstance(references, list):
        raise Refused("ENTRY_MALFORMED")
    if len(references) > REFERENCES_MAX:
        raise Refused("ENTRY_TOO_LARGE")
    if not all(is_bytes(reference, 32) for reference in references):
        raise Refused("ENTRY_MALFORMED")
    return dict(
        log_id=log, seq=seq, clock=clock, kind=kind, payload_length=length, payload=payload, references=references
    )


def head_bytes(network, log, seq, chain, clock):
    return canonical.encode(["spore/head/1", network, log, seq, chain, clock])


def is_uint(value, most):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def is_bytes(value, length):
    return isinstance(value, bytes) and len(value) == length


def _fields(data, count, malformed):
    """The items of a versioned array; the version is looked at before the count."""
    try:
        fields = canonical.decode(data)
    except canonical.NotCanonical:
        raise Refused(malformed) from None
    if not isinstance(fields, list) or not fields:
        raise Refused(malformed)
    if fields[0] != 1 or isinstance(fields[0], bool):
        raise Refused("VERSION_UNSUPPORTED")
    if len(fields) != count:
        raise Refused(malformed)
    return fields


# --- Section 7: runs ---


@dataclass
class Run:
    public_key: bytes
    space: str
    epoch: bytes
    start: int
    headers: list
    header_bytes: list
    payloads: list
    chain: bytes
    signature: bytes

    @property
    def log_id(self):
        return log_id(self.public_key, self.space, self.epoch)


def decode_run(data):
    """Form and bounds; headers are rebuilt from the columns. Chain, clocks and signature are checked by `Replica.receive`."""
    if len(data) > BODY_BYTES_MAX:
        raise Refused("RUN_TOO_LARGE")
    fields = _fields(data, 13, "RUN_MALFORMED")
    _, key, space, epoch, start, clocks, kinds, lengths, references, absent, payloads, chain, signature = fields
    form = (
        is_bytes(key, 32)
        and isinstance(space, str)
        and 0 < utf16_length(space) <= SPACE_CHARS_MAX
        and is_bytes(epoch, 8)
        and is_uint(start, SEQ_MAX)
        and isinstance(kinds, bytes)
        and len(kinds) > 0
    )
    if not form:
        raise Refused("RUN_MALFORMED")
    count = len(kinds)
    if count > SEGMENT_ENTRIES_MAX:
        raise Refused("RUN_TOO_LARGE")
    form = (
        start + count - 1 <= SEQ_MAX
        and _is_column(clocks, count)
        and _is_column(lengths, count)
        and isinstance(payloads, bytes)
        and is_bytes(chain, 32)
        and is_bytes(signature, 64)
    )
    if not form:
        raise Refused("RUN_MALFORMED")
    references = _indexed(references, count, lambda joined: len(joined) > 0 and len(joined) % 32 == 0)
    absent = _indexed(absent, count, lambda digest: len(digest) == 32)
    run = Run(key, space, epoch, start, [], [], [], chain, signature)
    log, clock, at, size = run.log_id, 0, 0, 0
    for i in range(count):
        length = lengths[i]
        if length > PAYLOAD_BYTES_MAX:
            raise Refused("ENTRY_TOO_LARGE")
        payload = None if i in absent else payloads[at : at + length]
        if payload is not None and len(payload) != length:
            raise Refused("RUN_MALFORMED")
        at += 0 if payload is None else length
        clock += clocks[i]
        if clock > SAFE_MAX:
            raise Refused("RUN_MALFORMED")
        joined = references.get(i, b"")
        if len(joined) > 32 * REFERENCES_MAX:
            raise Refused("ENTRY_TOO_LARGE")
        header = dict(
            log_id=log,
            seq=start + i,
            clock=clock,
            kind=kinds[i],
            payload_length=length,
            payload=absent[i] if payload is None else sha256(payload),
            references=[joined[j : j + 32] for j in range(0, len(joined), 32)],
        )
        run.headers.append(header)
        run.header_bytes.append(encode_header(header))
        run.payloads.append(payload)
        size += len(run.header_bytes[-1]) + length
    if at != len(payloads):
        raise Refused("RUN_MALFORMED")
    if size > SEGMENT_BYTES_MAX:
        raise Refused("RUN_TOO_LARGE")
    return run


def _is_column(column, count):
    return isinstance(column, list) and len(column) == count and all(is_uint(item, SAFE_MAX) for item in column)


def _indexed(items, count, is_valid):
    if not isinstance(items, list):
        raise Refused("RUN_MALFORMED")
    result, previous = {}, -1
    for item in items:
        if not isinstance(item, list) or len(item) != 2:
            raise Refused("RUN_MALFORMED")
        index, data = item
        if not is_uint(index, count - 1) or index <= previous or not isinstance(data, bytes) or not is_valid(data):
            raise Refused("RUN_MALFORMED")
        result[index] = data
        previous = index
    return result


def utf16_length(text):
    return len(text.encode("utf-16-le")) // 2


@dataclass
class Log:
    """What a replica holds of a log: where it goes on, and the open segment."""

    public_key: bytes
    space: str
    epoch: bytes
    chain: bytes
    next: int = 0
    clock: int = 0
    segment_start: int = 0
    segment_bytes: int = 0
    # (header, header bytes, payload or None), by seq.
    entries: list = field(default_factory=list)

    def append(self, header, header_bytes, payload):
        self.segment_start, self.segment_bytes = self.segment_after(header, header_bytes)
        self.chain = extend(self.chain, leaf(header_bytes))
        self.next, self.clock = header["seq"] + 1, header["clock"]
        self.entries.append((header, header_bytes, payload))

    def segment_after(self, header, header_bytes, segment=None):
        start, size = segment or (self.segment_start, self.segment_bytes)
        own = len(header_bytes) + header["payload_length"]
        full = header["seq"] - start >= SEGMENT_ENTRIES_MAX or size + own > SEGMENT_BYTES_MAX
        return (header["seq"], own) if full and header["seq"] > start else (start, size + own)


class Replica:
    """A reader: logs, and the fork points that were proven. It keeps nothing of what it refuses."""

    def __init__(self, network):
        self.network = network
        self.logs = {}
        self.fork_points = {}

    def receive(self, data, now_ms):
        """Takes a run's bytes; returns (fresh, duplicate), or raises `Refused`."""
        run = decode_run(data)
        held = self.logs.get(run.log_id) or Log(run.public_key, run.space, run.epoch, genesis(run.log_id))
        end = run.start + len(run.headers)
        fork_point = self.fork_points.get(run.log_id, SEQ_MAX + 1)
        if run.start > held.next:
            raise Refused("SEQ_GAP")
        if end > fork_point and held.next >= fork_point:
            raise Refused("LOG_FORKED")
        if end <= held.next:
            return 0, len(run.headers)
        skip = held.next - run.start
        self._check(run, skip, held, now_ms)
        # Entries from the fork point on are stored with the others, and are not valid.
        for i in range(skip, len(run.headers)):
            held.append(run.headers[i], run.header_bytes[i], run.payloads[i])
        self.logs[run.log_id] = held
        return len(run.headers) - skip, skip

    def _check(self, run, skip, held, now_ms):
        """Of what is new, in this order: one segment, the key, times, the chain, the signature."""
        segment = None
        for i in range(skip, len(run.headers)):
            after = held.segment_after(run.headers[i], run.header_bytes[i], segment)
            if segment and after[0] != segment[0]:
                raise Refused("RUN_TOO_LARGE")
            segment = after
        if not ed25519.is_admissible(run.public_key):
            raise Refused("KEY_REFUSED")
        chain, clock = held.chain, held.clock
        for i in range(skip, len(run.headers)):
            if run.headers[i]["clock"] <= clock:
                raise Refused("CLOCK_REGRESSED")
            clock = run.headers[i]["clock"]
            chain = extend(chain, leaf(run.header_bytes[i]))
        if judge_time(clock, now_ms) != "accept":
            raise Refused("CLOCK_AHEAD")
        if chain != run.chain:
            raise Refused("CHAIN_MISMATCH")
        head = head_bytes(self.network, run.log_id, run.headers[-1]["seq"], chain, clock)
        if not ed25519.verify(run.public_key, head, run.signature):
            raise Refused("SIGNATURE_INVALID")

    def take_fork(self, data):
        log, seq = verify_fork(data, self.network)
        self.fork_points[log] = min(seq, self.fork_points.get(log, seq))


# --- Section 6: fork proofs ---


def verify_fork(data, network):
    """(log id, seq) of a proof; raises `Refused`."""
    try:
        fields = canonical.decode(data)
    except canonical.NotCanonical:
        raise Refused("FORK_PROOF_INVALID") from None
    if not isinstance(fields, list) or len(fields) != 10 or fields[0] != "spore/fork/1":
        raise Refused("FORK_PROOF_INVALID")
    _, key, space, epoch, seq, base, leaves_a, head_a, leaves_b, head_b = fields
    form = (
        is_bytes(key, 32)
        and isinstance(space, str)
        and 0 < utf16_length(space) <= SPACE_CHARS_MAX
        and is_bytes(epoch, 8)
        and is_uint(seq, SEQ_MAX)
        and is_bytes(base, 32)
        and all(_is_branch(leaves, head) for leaves, head in ((leaves_a, head_a), (leaves_b, head_b)))
    )
    if not form or not ed25519.is_admissible(key) or leaves_a[0] == leaves_b[0]:
        raise Refused("FORK_PROOF_INVALID")
    log = log_id(key, space, epoch)
    if seq == 0 and base != genesis(log):
        raise Refused("FORK_PROOF_INVALID")
    for leaves, (clock, signature) in ((leaves_a, head_a), (leaves_b, head_b)):
        chain = base
        for one in leaves:
            chain = extend(chain, one)
        head = head_bytes(network, log, seq + len(leaves) - 1, chain, clock)
        if not ed25519.verify(key, head, signature):
            raise Refused("FORK_PROOF_INVALID")
    return log, seq


def _is_branch(leaves, head):
    return (
        isinstance(leaves, list)
        and 1 <= len(leaves) <= SEGMENT_ENTRIES_MAX
        and all(is_bytes(one, 32) for one in leaves)
        and isinstance(head, list)
        and len(head) == 2
        and is_uint(head[0], SAFE_MAX)
        and is_bytes(head[1], 64)
    )


# --- Section 8: views ---

HEADS_ROWS_MAX = 8192
CURSOR_CHARS_MAX = 64


def decode_heads(data):
    """(cursor, more, [(space, [(log id, next, chain, fork point or None)...])...]) of a reply to `heads`."""
    try:
        fields = canonical.decode(data)
    except canonical.NotCanonical:
        raise Refused("REQUEST_INVALID") from None
    form = isinstance(fields, list) and len(fields) == 3 and isinstance(fields[0], str) and isinstance(fields[1], bool)
    if not form or utf16_length(fields[0]) > CURSOR_CHARS_MAX or not isinstance(fields[2], list):
        raise Refused("REQUEST_INVALID")
    spaces = []
    for item in fields[2]:
        if not isinstance(item, list) or len(item) != 2 or not isinstance(item[0], str) or not isinstance(item[1], list):
            raise Refused("REQUEST_INVALID")
        spaces.append((item[0], [_row(row) for row in item[1]]))
    if sum(len(rows) for _, rows in spaces) > HEADS_ROWS_MAX:
        raise Refused("REQUEST_INVALID")
    return fields[0], fields[1], spaces


def _row(row):
    form = (
        isinstance(row, list)
        and len(row) in (3, 4)
        and is_bytes(row[0], 16)
        and is_uint(row[1], SEQ_MAX + 1)
        and is_bytes(row[2], 32)
        and (len(row) == 3 or is_uint(row[3], SEQ_MAX) and row[1] <= row[3])
    )
    if not form:
        raise Refused("REQUEST_INVALID")
    return (*row, None)[:4]


def view_digest(rows):
    """A sum: the order of the rows means nothing, and a replica keeps it as logs advance."""
    total = 0
    for log, end, chain, fork_point in rows:
        fork = b"" if fork_point is None else fork_point.to_bytes(8, "big")
        total += int.from_bytes(sha256(log, end.to_bytes(8, "big"), chain, fork), "big")
    return (total % 2**256).to_bytes(32, "big")


def view_stamp(digest):
    """What names a view to another: 16 characters, which hide the sum."""
    return base64.urlsafe_b64encode(sha256(b"spore/view/1", digest)[:12]).decode()


# --- Section 7: frames ---


class CodecMissing(Exception):
    """The standard library has no decoder for this codec."""


def frames(data, dictionary=None):
    """The bodies of frames, one by one; raises `Refused` at the first that is none."""
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if at + 4 > len(data) or length < 2 or at + 4 + length > len(data):
            raise Refused("RUN_MALFORMED")
        yield _body(data[at + 4], data[at + 5 : at + 4 + length], dictionary)
        at += 4 + length


def _body(codec, packed, dictionary):
    if codec == 0:
        if len(packed) > BODY_BYTES_MAX:
            raise Refused("RUN_TOO_LARGE")
        return packed
    if codec == 3 and dictionary is not None:
        inflater = zlib.decompressobj(wbits=-15, zdict=dictionary)
        try:
            body = inflater.decompress(packed, BODY_BYTES_MAX + 1)
        except zlib.error:
            raise Refused("RUN_TOO_LARGE") from None
        if len(body) > BODY_BYTES_MAX or not inflater.eof or inflater.unused_data:
            raise Refused("RUN_TOO_LARGE")
        return body
    if codec in (1, 2):
        raise CodecMissing(codec)
    raise Refused("RUN_MALFORMED")
