/** Schemas that the parts of the API share. */
import { z } from 'zod'
import * as limits from './limits.ts'

const wellFormed = (text: string) => text.isWellFormed()
/** A text that is not empty, of at most so many characters. */
export const text = (max: number) => z.string().min(1).max(max).refine(wellFormed, 'not well-formed Unicode')

/** Content id: CIDv1, dag-cbor, sha2-256, base32. */
export const idSchema = z.string().describe('Content id (CIDv1, 59 characters, starts with bafyrei)')
export const spaceSchema = text(limits.SPACE_CHARS_MAX).describe(
  'Replication scope; `private` never leaves the spore',
)
export const limitSchema = (fallback: number) =>
  z.coerce.number().int().min(1).max(limits.PAGE_MAX).default(fallback)
/** An instant: ISO 8601 with a zone. */
export const instantSchema = z.iso.datetime({ offset: true })
