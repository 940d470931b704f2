/** Byte ranges of a body that never changes (RFC 9110 §14): one range; of several, none is taken, as the RFC allows. */

/** The bytes [from, to) that a `Range` header asks for; `all` where it asks for none, null where it cannot be satisfied. */
export function parseRange(
  header: string | undefined,
  length: number,
): { readonly from: number; readonly to: number } | 'all' | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '')
  const [, first = '', last = ''] = match ?? []
  if (first === '' && last === '') return 'all'
  if (first === '') {
    const suffix = Number(last)
    return suffix === 0 || length === 0 ? null : { from: Math.max(0, length - suffix), to: length }
  }
  const from = Number(first)
  const to = last === '' ? length : Math.min(Number(last) + 1, length)
  // A range that ends before it begins is none at all.
  if (last !== '' && Number(last) < from) return 'all'
  return from < length ? { from, to } : null
}
