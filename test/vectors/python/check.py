"""
Runs the vectors against this reader, which knows nothing of the one in src: `python3 check.py <folder of the vectors>`.
Prints one line of JSON a file: {"file", "passed", "skipped", "failed": [[name, why], ...]}.
"""
import base64
import hashlib
import json
import re
import sys
from pathlib import Path

import canonical
import ed25519
import evidence
import payloads
import protocol
import seeds
import tasks
from protocol import Refused


class Skipped(Exception):
    pass


def expect(got, wanted):
    if got != wanted:
        raise AssertionError(f"{got!r:.200} instead of {wanted!r:.200}")


def outcome(action, *args):
    """(value, None), or (None, code)."""
    try:
        return action(*args), None
    except Refused as refused:
        return None, refused.code


def unhex(text):
    return bytes.fromhex(text)


def check_canonical(case):
    def plain(value):
        if isinstance(value, dict):
            return unhex(value["$bytes"]) if "$bytes" in value else {k: plain(v) for k, v in value.items()}
        return [plain(item) for item in value] if isinstance(value, list) else value

    try:
        value = canonical.decode(unhex(case["bytes"]))
    except canonical.NotCanonical:
        expect("error" in case, True)
        return
    expect("error" in case, False)
    expect(value, plain(case["value"]))
    # True is 1 to Python; the bytes tell them apart.
    expect(canonical.encode(plain(case["value"])).hex(), case["bytes"])


def check_clock(case):
    if case["of"] == "next":
        expect(protocol.next_time(case["last"], case["nowMs"]), case["time"])
        return
    verdict = protocol.judge_time(case["time"], case["nowMs"])
    expect(verdict, case.get("verdict", "accept" if "error" not in case else verdict))
    expect(verdict != "accept", "error" in case)


def check_did(case):
    key, code = outcome(protocol.did_to_key, case["did"])
    expect(code, case.get("error"))
    if key:
        expect(key.hex(), case["publicKey"])


def check_ed25519(case):
    key, message, signature = (unhex(case[name]) for name in ("publicKey", "message", "signature"))
    expect(ed25519.is_admissible(key), case.get("error") != "KEY_REFUSED")
    expect(ed25519.verify(key, message, signature), "error" not in case)
    if "seed" in case:
        expect(ed25519.public_key(unhex(case["seed"])), key)
        expect(ed25519.sign(unhex(case["seed"]), message), signature)


def check_entry(case):
    if case["of"] == "log":
        log = protocol.log_id(unhex(case["publicKey"]), case["space"], unhex(case["epoch"]))
        expect(log.hex(), case["logId"])
        expect(protocol.genesis(log).hex(), case["genesis"])
    elif case["of"] == "chain":
        chain = protocol.genesis(unhex(case["logId"]))
        for header, wanted in zip(case["headers"], case["chains"], strict=True):
            chain = protocol.extend(chain, protocol.leaf(unhex(header)))
            expect(chain.hex(), wanted)
    else:
        check_header(case)


def check_header(case):
    data = unhex(case["header"])
    header, code = outcome(protocol.decode_header, data)
    expect(code, case.get("error"))
    if code:
        return
    fields = case["fields"]
    expect(header["log_id"].hex(), fields["logId"])
    expect(header["payload"].hex(), fields["payload"])
    expect([reference.hex() for reference in header["references"]], fields["references"])
    expect(header["payload_length"], fields["payloadLength"])
    for name in ("seq", "clock", "kind"):
        expect(header[name], fields[name])
    expect(protocol.encode_header(header), data)
    expect(protocol.leaf(data).hex(), case["leaf"])
    expect(protocol.cid(protocol.sha256(data)), case["id"])
    expect(protocol.cid(header["payload"]), case["element"])


def check_head(case):
    data = protocol.head_bytes(case["network"], unhex(case["logId"]), case["seq"], unhex(case["chain"]), case["clock"])
    expect(data.hex(), case["bytes"])
    holds = ed25519.verify(unhex(case["publicKey"]), data, unhex(case["signature"]))
    expect(holds, "error" not in case)


def check_run(case):
    replica = protocol.Replica(case["network"])
    for before in case["before"]:
        replica.receive(unhex(before), case["nowMs"])
    for proof in case.get("proofs", []):
        replica.take_fork(unhex(proof))
    result, code = outcome(replica.receive, unhex(case["run"]), case["nowMs"])
    expect(code, case.get("error"))
    if code:
        return
    expect(result, (case["fresh"], case["duplicate"]))
    log = replica.logs[unhex(case["logId"])]
    expect(log.next, case["next"])
    expect(log.chain.hex(), case["chain"])
    for wanted, (_, header, payload) in zip(reversed(case.get("entries", [])), reversed(log.entries)):
        expect(header.hex(), wanted["header"])
        expect(None if payload is None else payload.hex(), wanted["payload"])


def check_fork(case):
    found, code = outcome(protocol.verify_fork, unhex(case["proof"]), case["network"])
    expect(code, case.get("error"))
    if found:
        expect((found[0].hex(), found[1]), (case["logId"], case["seq"]))


FOLDER = Path(sys.argv[1])


def cases_of(name):
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["cases"]


DICTIONARY = unhex(cases_of("dictionary")[0]["bytes"])


def check_dictionary(case):
    expect(hashlib.sha256(unhex(case["bytes"])).hexdigest(), case["sha256"])


def check_frame(case):
    bodies, code = [], None
    try:
        for body in protocol.frames(unhex(case["bytes"]), DICTIONARY):
            bodies.append(body)
    except Refused as refused:
        code = refused.code
    except protocol.CodecMissing as missing:
        raise Skipped(f"codec {missing} is not in the standard library") from None
    expect(code, case.get("error"))
    wanted = [unhex(body["hex"]) if "hex" in body else bytes([body["byte"]]) * body["length"] for body in case["bodies"]]
    expect(bodies, wanted)


def check_payload(case):
    decode = {**payloads.DECODERS, **tasks.DECODERS, **evidence.DECODERS}.get(case["kind"])
    if decode is None:
        raise Skipped(f"kind {case['kind']}")
    parts = [case["payload"]] if isinstance(case["payload"], str) else case["payload"]
    data = unhex("".join(part if isinstance(part, str) else part[0] * part[1] for part in parts))
    try:
        fields = decode(data)
    except payloads.NotAsked:
        expect(case.get("error"), "PAYLOAD_MALFORMED")
        return
    expect("error" in case, False)
    # A field that the case does not name was added later, and is left out.
    wanted = unshorten(case["fields"])
    expect({name: item for name, item in to_hex(fields).items() if name in wanted}, wanted)


def check_task(case):
    if case["of"] == "payload":
        check_payload(case)
    else:
        expect(tasks.rendezvous(unhex(case["task"]), case["authors"]), case["order"])


def check_evidence(case):
    if case["of"] == "payload":
        check_payload(case)
        return
    entries = [evidence.evidence(unhex(payload))["rows"] for payload in case["entries"]]
    for order in (entries, entries[::-1], entries + entries):
        expect(evidence.join(order), case["rows"])


def to_hex(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {name: to_hex(item) for name, item in value.items()}
    return [to_hex(item) for item in value] if isinstance(value, list) else value


def unshorten(value):
    """{"$repeat": [text, n]} is n times the text."""
    if isinstance(value, dict):
        repeat = value.get("$repeat")
        return repeat[0] * repeat[1] if repeat else {name: unshorten(item) for name, item in value.items()}
    return [unshorten(item) for item in value] if isinstance(value, list) else value


def check_set(case):
    for runs in (case["runs"], case["runs"][::-1]):
        replica = protocol.Replica(case["network"])
        for proof in case.get("proofs", []):
            replica.take_fork(unhex(proof))
        for run in runs:
            replica.receive(unhex(run), case["nowMs"])
        found = {
            protocol.cid(digest): [{"log": log.hex(), "seq": seq} for log, seq in dots]
            for digest, dots in payloads.visible(replica).items()
        }
        expect(found, {one["id"]: one["dots"] for one in case["visible"]})


def check_view(case):
    reply, code = outcome(protocol.decode_heads, unhex(case["reply"]))
    expect(code, case.get("error"))
    if code:
        return
    rows = [row for _, rows in reply[2] for row in rows]
    wanted = [(unhex(row["logId"]), row["next"], unhex(row["chain"]), row.get("forkPoint")) for row in case["rows"]]
    expect(rows, wanted)
    digest = protocol.view_digest(rows)
    expect(digest.hex(), case["digest"])
    expect(protocol.view_stamp(digest), case["stamp"])


INPUT = re.compile(
    r'spore=((\((?:"[@a-z-]+"(?: "[@a-z-]+")*)?\));created=(\d{1,12});nonce="([A-Za-z0-9+/]{21}[AQgw]==)"'
    r';alg="ed25519";keyid="(did:key:z[1-9A-HJ-NP-Za-km-z]{1,56})")'
)
SIGNATURE = re.compile(r"spore=:([A-Za-z0-9+/]{85}[AQgw]==):")


def admit(request, headers, now_ms, seen):
    """Section 8: who signed a request, and with which nonce."""
    body = unhex(request["body"])
    given = INPUT.fullmatch(headers.get("signature-input", ""))
    signature = SIGNATURE.fullmatch(headers.get("signature", ""))
    names = ['"@method"', '"@authority"', '"@path"']
    names += ['"@query"'] * (request["query"] != "") + ['"content-digest"'] * (len(body) > 0)
    if not given or not signature or given[2] != f"({' '.join(names)})":
        raise Refused("REQUEST_UNSIGNED")
    if abs(now_ms - int(given[3]) * 1000) > 120_000:
        raise Refused("REQUEST_STALE")
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    if body and headers.get("content-digest") != digest:
        raise Refused("DIGEST_MISMATCH")
    values = {f'"@{name}"': request[name] for name in ("method", "authority", "path", "query")}
    lines = [f"{name}: {values.get(name, digest)}" for name in names]
    base = "\n".join([*lines, f'"@signature-params": {given[1]}']).encode()
    key, code = outcome(protocol.did_to_key, given[5])
    if code or not ed25519.verify(key, base, base64.b64decode(signature[1])):
        raise Refused("SIGNATURE_INVALID")
    if (given[5], given[4]) in seen:
        raise Refused("REQUEST_REPLAYED")
    seen.add((given[5], given[4]))
    return given[5], given[4]


def check_http_signature(case):
    seen = set()
    for _ in range(case.get("earlier", 0)):
        admit(case["request"], case["headers"], case["nowMs"], seen)
    found, code = outcome(admit, case["request"], case["headers"], case["nowMs"], seen)
    expect(code, case.get("error"))
    if found:
        expect(found, (case["caller"], case["nonce"]))


def check_bootstrap(case):
    text = case["list"].ljust(case.get("padTo", 0))
    taken, code = outcome(seeds.read, text, case["network"], case["pinnedKeys"], case["nowMs"])
    expect(code, case.get("error"))
    expect(taken is None, code is not None)


CHECKS = {
    "canonical": check_canonical,
    "clock": check_clock,
    "did": check_did,
    "ed25519": check_ed25519,
    "entry": check_entry,
    "head": check_head,
    "payload": check_payload,
    "task": check_task,
    "evidence": check_evidence,
    "run": check_run,
    "set": check_set,
    "fork": check_fork,
    "dictionary": check_dictionary,
    "frame": check_frame,
    "view": check_view,
    "http-signature": check_http_signature,
    "bootstrap": check_bootstrap,
}


def main():
    for name, check in CHECKS.items():
        result = {"file": name, "passed": 0, "skipped": 0, "failed": []}
        for case in cases_of(name):
            try:
                check(case)
                result["passed"] += 1
            except Skipped:
                result["skipped"] += 1
            except Exception as error:
                result["failed"].append([case["name"], f"{type(error).__name__}: {error}"])
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
