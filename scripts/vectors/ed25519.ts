/**
 * Ed25519 over BigInt, for the vectors alone (RFC 8032 §5.1; not constant time, never for keys that matter). It makes the
 * signatures that no library makes: mixed-order keys, chosen R, S out of range. Both verification equations are here, so
 * that each vector's claim about them is checked when it is made.
 */
import { createHash } from 'node:crypto'
import { join } from './cbor.ts'

export const P = 2n ** 255n - 19n
export const L = 2n ** 252n + 27742317777372353535851937790883648493n
const D = mod(-121665n * invert(121666n))
const SQRT_M1 = power(2n, (P - 1n) / 4n)

/** Affine: a vector costs milliseconds, and the formulas stay those of the RFC. */
export interface Point {
  readonly x: bigint
  readonly y: bigint
}
interface Extended {
  readonly X: bigint
  readonly Y: bigint
  readonly Z: bigint
  readonly T: bigint
}

export const IDENTITY: Point = { x: 0n, y: 1n }
const BASE_Y = mod(4n * invert(5n))
export const BASE: Point = { x: recoverX(BASE_Y, 0n) as bigint, y: BASE_Y }

export const add = (a: Point, b: Point): Point => toAffine(addExtended(toExtended(a), toExtended(b)))
export const negate = ({ x, y }: Point): Point => ({ x: mod(-x), y })
export const isSame = (a: Point, b: Point): boolean => a.x === b.x && a.y === b.y

export function multiply(scalar: bigint, point: Point): Point {
  let sum = toExtended(IDENTITY)
  let doubled = toExtended(point)
  for (let rest = scalar; rest > 0n; rest >>= 1n) {
    if (rest & 1n) sum = addExtended(sum, doubled)
    doubled = addExtended(doubled, doubled)
  }
  return toAffine(sum)
}

/** The eight points whose order divides 8: multiples of one of order 8. */
export function smallOrderPoints(): Point[] {
  for (let y = 2n; ; y++) {
    const x = recoverX(y, 0n)
    const point = x === null ? IDENTITY : multiply(L, { x, y })
    if (!isSame(multiply(4n, point), IDENTITY))
      return Array.from({ length: 8 }, (_, i) => multiply(BigInt(i), point))
  }
}

export const encodePoint = ({ x, y }: Point): Uint8Array => encodeY(y, x & 1n)
/** Any 255-bit y, also one that is not below p, with either sign. */
export const encodeY = (y: bigint, sign: bigint): Uint8Array => toBytes(y | (sign << 255n))

/** As lenient as RFC 8032 lets a decoder be not: y is reduced, and x = 0 takes either sign. */
export function decodePoint(bytes: Uint8Array): Point | null {
  const number = toNumber(bytes)
  const y = mod(number & (2n ** 255n - 1n))
  const x = recoverX(y, number >> 255n)
  return x === null ? null : { x, y }
}

/** x of the point with this y, null where there is none. */
export function recoverX(y: bigint, sign: bigint): bigint | null {
  const square = mod((y * y - 1n) * invert(mod(D * y * y + 1n)))
  let x = power(square, (P + 3n) / 8n)
  if (mod(x * x) !== square) x = mod(x * SQRT_M1)
  if (mod(x * x) !== square) return null
  return (x & 1n) === sign ? x : mod(-x)
}

export interface Key {
  readonly seed: Uint8Array
  /** The secret scalar and the prefix of nonces. */
  readonly a: bigint
  readonly prefix: Uint8Array
  readonly publicKey: Uint8Array
}

export function keyOf(seed: Uint8Array): Key {
  const digest = sha512(seed)
  const clamped = digest.slice(0, 32)
  clamped[0] = (clamped[0] as number) & 248
  clamped[31] = ((clamped[31] as number) & 127) | 64
  const a = toNumber(clamped)
  return { seed, a, prefix: digest.slice(32), publicKey: encodePoint(multiply(a, BASE)) }
}

export function sign({ a, prefix, publicKey }: Key, message: Uint8Array): Uint8Array {
  const r = toNumber(sha512(join(prefix, message))) % L
  const R = encodePoint(multiply(r, BASE))
  return join(R, toBytes((r + challenge(R, publicKey, message) * a) % L))
}

/** k = SHA-512(R ‖ A ‖ M) mod L. */
export const challenge = (R: Uint8Array, A: Uint8Array, message: Uint8Array): bigint =>
  toNumber(sha512(join(R, A, message))) % L

/** [S]B − [k]A, decoding A leniently; null where A is no point. */
function expectedR(A: Uint8Array, message: Uint8Array, signature: Uint8Array): Point | null {
  const point = decodePoint(A)
  const k = challenge(signature.slice(0, 32), A, message)
  return point && add(multiply(toNumber(signature.slice(32)), BASE), negate(multiply(k, point)))
}

/** The protocol's equation, without its refusals: the encoding of [S]B − [k]A is R. */
export function holdsCofactorless(A: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const expected = expectedR(A, message, signature)
  return expected !== null && Buffer.compare(encodePoint(expected), signature.slice(0, 32)) === 0
}

/** The equation of RFC 8032 §5.1.7 with both sides times 8, and R as a point. */
export function holdsCofactored(A: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const expected = expectedR(A, message, signature)
  const R = decodePoint(signature.slice(0, 32))
  return expected !== null && R !== null && isSame(multiply(8n, expected), multiply(8n, R))
}

export const toBytes = (number: bigint): Uint8Array =>
  new Uint8Array(Buffer.from(number.toString(16).padStart(64, '0'), 'hex').reverse())
export const toNumber = (bytes: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
const sha512 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha512').update(bytes).digest())

function mod(number: bigint): bigint {
  const rest = number % P
  return rest < 0n ? rest + P : rest
}
function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = mod(base)
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * square)
    square = mod(square * square)
  }
  return result
}
function invert(number: bigint): bigint {
  return power(number, P - 2n)
}
const toExtended = ({ x, y }: Point): Extended => ({ X: x, Y: y, Z: 1n, T: mod(x * y) })
function toAffine({ X, Y, Z }: Extended): Point {
  const z = invert(Z)
  return { x: mod(X * z), y: mod(Y * z) }
}
/** RFC 8032 §5.1.4; complete, so it doubles too. */
function addExtended(p: Extended, q: Extended): Extended {
  const a = mod((p.Y - p.X) * (q.Y - q.X))
  const b = mod((p.Y + p.X) * (q.Y + q.X))
  const c = mod(2n * p.T * q.T * D)
  const d = mod(2n * p.Z * q.Z)
  const [e, f, g, h] = [b - a, d - c, d + c, b + a]
  return { X: mod(e * f), Y: mod(g * h), Z: mod(f * g), T: mod(e * h) }
}
