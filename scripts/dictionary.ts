/**
 * Writes `src/core/protocol/dictionary.ts` from `dictionary/words.ts`: `node scripts/dictionary.ts`. A test holds the file
 * equal to what this makes, and its hash equal to PROTOCOL.md's.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MARKUP, PHRASES, WORDS } from './dictionary/words.ts'

/** What every body has in the same places (PROTOCOL.md §7), in hex: heads of items, field names of payloads. */
const SKELETON = [
  // Payloads: tags, text, thread, speaker, sources, position; tasks; contributions; retractions.
  'a2647461677381',
  '6474657874',
  'a3647461677382',
  'a56474657874',
  'a4647465787478',
  '66746872656164',
  '67737065616b6572',
  '67736f757263657381783b626166797265',
  '68706f736974696f6e',
  'a265737061636567636f6d6d6f6e73647465787478',
  'a4647461736b5820656d6f64656c6a65787472616374697665647465787478',
  '6671756f746573808258',
  'a164646f7473818248',
  // A run of one memory: version and key, space, epoch, from, clock, kind, length, no references, none absent, payload.
  '8d015820',
  '67636f6d6d6f6e7348',
  '19',
  '811b000687',
  '811b000688',
  '811b000689',
  '41018119',
  '41018118',
  '8080',
  '5901',
  '58a16474657874',
  '5901a1647465787479015820',
  '58a164746578745820',
  '41018118',
  '808058a1647465787478',
  '58205840',
].join('')

export function makeDictionary(): Buffer {
  const words = WORDS.trim().split(/\s+/)
  // The last place of a word is the nearest one.
  const unique = [...new Set(words.toReversed())].toReversed()
  return Buffer.concat([
    Buffer.from(` ${unique.join(' ')} `),
    Buffer.from(MARKUP.join('')),
    Buffer.from(PHRASES.join('')),
    Buffer.from(SKELETON, 'hex'),
  ])
}

/** Characters of a line of base64. */
const LINE = 108

export function makeSource(): string {
  const lines =
    makeDictionary()
      .toString('base64')
      .match(new RegExp(`.{1,${LINE}}`, 'g')) ?? []
  return `/**
 * The shared dictionary of codec 3 (PROTOCOL.md §7), made by \`scripts/dictionary.ts\`: words, phrases, and the heads and field
 * names of runs and payloads. It is part of the protocol's version: who has another one cannot read what was packed with it.
 */

const BASE64 = \`
${lines.join('\n')}
\`

/** The bytes of the dictionary, a copy. */
export const createDictionary = (): Uint8Array => new Uint8Array(Buffer.from(BASE64, 'base64'))
`
}

if (import.meta.main)
  writeFileSync(join(import.meta.dirname, '..', 'src', 'core', 'protocol', 'dictionary.ts'), makeSource())
