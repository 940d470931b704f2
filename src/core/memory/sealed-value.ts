/** Where an answer that is sealed stands among the store's values until it is shown. */
import type { Digest } from '../base/brand.ts'
import { bytesToHex } from '../base/bytes.ts'
import { digestToBytes } from '../base/hash.ts'

export const sealedValue = (seal: Digest): string => `reasoning/sealed/${bytesToHex(digestToBytes(seal))}`
