"""Canonical bytes (PROTOCOL.md section 1): deterministic CBOR, one byte form a value."""

DEPTH_MAX = 32
INTEGER_MAX = 2**53 - 1
UINT, NEGATIVE, BYTES, TEXT, ARRAY, MAP, SIMPLE = 0, 1, 2, 3, 4, 5, 7
SIMPLE_VALUES = {20: False, 21: True, 22: None}


class NotCanonical(Exception):
    pass


def encode(value):
    """The one byte form of None, booleans, integers, bytes, text, lists and maps with text keys."""
    if value is None or isinstance(value, bool):
        return bytes([0xF6 if value is None else 0xF5 if value else 0xF4])
    if isinstance(value, int):
        return _head(NEGATIVE, -1 - value) if value < 0 else _head(UINT, value)
    if isinstance(value, bytes):
        return _head(BYTES, len(value)) + value
    if isinstance(value, str):
        text = value.encode("utf-8")
        return _head(TEXT, len(text)) + text
    if isinstance(value, list):
        return _head(ARRAY, len(value)) + b"".join(map(encode, value))
    items = sorted((encode(key), encode(item)) for key, item in value.items())
    return _head(MAP, len(items)) + b"".join(key + item for key, item in items)


def decode(data):
    """The value of exactly these bytes; raises NotCanonical for every other byte form."""
    value, at = _value(data, 0, 0)
    if at != len(data):
        raise NotCanonical("bytes behind the value")
    return value


def _head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    size = next(size for size in (1, 2, 4, 8) if value < 1 << 8 * size)
    return bytes([major << 5 | 23 + size.bit_length()]) + value.to_bytes(size, "big")


def _value(data, at, depth):
    if depth > DEPTH_MAX:
        raise NotCanonical("nested too deeply")
    major, number, at = _read_head(data, at)
    if major in (UINT, NEGATIVE):
        value = -1 - number if major == NEGATIVE else number
        if abs(value) > INTEGER_MAX:
            raise NotCanonical("an integer that is not safe")
        return value, at
    if major in (BYTES, TEXT):
        part = data[at : at + number]
        if len(part) < number:
            raise NotCanonical("ends too early")
        return part if major == BYTES else _text(part), at + number
    if major == ARRAY:
        items = []
        for _ in range(number):
            item, at = _value(data, at, depth + 1)
            items.append(item)
        return items, at
    if major == MAP:
        return _map(data, at, depth, number)
    if major == SIMPLE and number in SIMPLE_VALUES:
        return SIMPLE_VALUES[number], at
    raise NotCanonical("a tag, a float or another simple value")


def _map(data, at, depth, count):
    result, previous = {}, b""
    for _ in range(count):
        start = at
        key, at = _value(data, at, depth + 1)
        if not isinstance(key, str):
            raise NotCanonical("a key that is not text")
        if data[start:at] <= previous:
            raise NotCanonical("keys out of order")
        previous = data[start:at]
        result[key], at = _value(data, at, depth + 1)
    return result, at


def _read_head(data, at):
    if at >= len(data):
        raise NotCanonical("ends too early")
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    if info < 24:
        return major, info, at
    if info > 27 or major == SIMPLE:
        raise NotCanonical("an indefinite or reserved length, or a float")
    size = 1 << info - 24
    number = int.from_bytes(data[at : at + size], "big")
    if len(data) < at + size:
        raise NotCanonical("ends too early")
    if number < (24 if size == 1 else 1 << 4 * size):
        raise NotCanonical("not in its shortest form")
    return major, number, at + size


def _text(part):
    try:
        return part.decode("utf-8")
    except UnicodeDecodeError:
        raise NotCanonical("ill-formed UTF-8") from None
