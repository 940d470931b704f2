/** BM25 (Robertson & Zaragoza 2009). */

export interface Bm25Params {
  readonly k1: number
  readonly b: number
}

/** Robertson–Spärck Jones idf that never turns negative. */
export function inverseDocumentFrequency(documents: number, frequency: number): number {
  return Math.log(1 + (documents - frequency + 0.5) / (frequency + 0.5))
}

/** How `length` weighs in: a feature that occurs `count` times adds idf · (k1 + 1) · count / (count + this). */
export function lengthNorm({ k1, b }: Bm25Params, length: number, meanLength: number): number {
  // Where nobody says anything but stop words, every length is 0, and so is their mean.
  return k1 * (1 - b) + (k1 * b * length) / (meanLength || 1)
}
