/** The shared dictionary (PROTOCOL.md §7), for who writes another implementation: it cannot be computed from the text. */
import { hash } from 'node:crypto'
import { makeDictionary } from '../dictionary.ts'
import { hex } from './cbor.ts'
import type { Case } from './protocol.ts'

export function dictionaries(): Case[] {
  const bytes = makeDictionary()
  return [
    {
      name: 'version 1',
      comment: '§7: the dictionary of codec 3',
      bytes: hex(bytes),
      sha256: hash('sha256', bytes),
    },
  ]
}
