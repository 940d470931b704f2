"""Ed25519 (RFC 8032), verified as PROTOCOL.md section 3 says: strict keys, strict R and S, the cofactorless equation."""
import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)
# Points are (X, Y, Z, T) with x = X/Z, y = Y/Z and x*y = T/Z.
ZERO = (0, 1, 1, 0)


def add(a, b):
    u, v = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    t, z = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = v - u, z - t, z + t, v + u
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    result = ZERO
    while scalar > 0:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def decompress(data):
    """The point of 32 bytes, or None: y not below p, no x, or the sign of x = 0 set."""
    number = int.from_bytes(data, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_MINUS_1 % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def compress(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def _small_order_ys():
    """y of every point whose order divides 8, found by multiplying points by the group order."""
    ys, y = set(), 2
    while len(ys) < 5:
        point = decompress(y.to_bytes(32, "little"))
        for i in range(8 if point else 0):
            ys.add(int.from_bytes(compress(multiply(i, multiply(L, point))), "little") & (1 << 255) - 1)
        y += 1
    return ys


SMALL_ORDER_YS = _small_order_ys()


def is_admissible(data):
    """Whether y is below p and not that of a point of small order: what is asked of a key, and of R."""
    y = int.from_bytes(data, "little") & (1 << 255) - 1
    return len(data) == 32 and y < P and y not in SMALL_ORDER_YS


def verify(public_key, message, signature):
    if len(signature) != 64 or not is_admissible(public_key) or not is_admissible(signature[:32]):
        return False
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    key = decompress(public_key)
    if key is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(r + public_key + message).digest(), "little") % L
    minus = (P - key[0], key[1], 1, P - key[3])
    return compress(add(multiply(s, BASE), multiply(k, minus))) == r


def public_key(seed):
    return compress(multiply(_expand(seed)[0], BASE))


def sign(seed, message):
    scalar, prefix = _expand(seed)
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    encoded = compress(multiply(r, BASE))
    k = int.from_bytes(hashlib.sha512(encoded + public_key(seed) + message).digest(), "little") % L
    return encoded + ((r + k * scalar) % L).to_bytes(32, "little")


def _expand(seed):
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & ~7 & (1 << 254) - 1 | 1 << 254
    return scalar, digest[32:]
