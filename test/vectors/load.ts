/** Reads vector files. They are data: what is expected is never computed here. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ErrorCode } from '../../src/core/protocol/errors.ts'

export interface Vector {
  readonly name: string
  readonly comment: string
  readonly error?: ErrorCode
}

/** The cases of a group. Throws where there is none, or one without a name or a comment. */
export function load<T>(group: string): readonly (Vector & T)[] {
  const text = readFileSync(join(import.meta.dirname, `${group}.json`), 'utf8')
  const { protocol, cases } = JSON.parse(text) as { protocol: number; cases: (Vector & T)[] }
  if (protocol !== 1 || cases.length === 0) throw new Error(`${group}: no vectors of protocol 1`)
  if (!cases.every(({ name, comment }) => name && comment))
    throw new Error(`${group}: a case says too little`)
  return cases
}

export const unhex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
