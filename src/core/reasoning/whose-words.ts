/** Whose words a finished task has. */
import type { Did } from '../base/brand.ts'
import type { Accepted } from './acceptance.ts'
import type { Noted } from './attempt.ts'

/**
 * Of who asked, put its answer together and gave it. What this spore asks as well is its own question, and of others the first one's.
 */
export function whoseWords(
  asks: readonly Noted<unknown>[],
  { collapse, noted }: Accepted,
  self: Did,
): readonly Did[] {
  const askers = asks.map(({ author }) => author)
  const asked = askers.includes(self) ? [self] : askers.slice(0, 1)
  const won = collapse?.masses.find((one) => one.class === collapse.class)
  const holders = won?.authors.map((contributor) => contributor.split(' ', 1)[0] as Did) ?? []
  return [...new Set([...asked, noted.author, ...holders])]
}
