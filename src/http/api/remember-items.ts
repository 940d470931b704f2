/** Many memories of which some were refused before they reached the spore. */
import type { Result } from '../../core/base/result.ts'
import type { Remembered, RememberInput } from '../../core/protocol/api.ts'
import type { Failure } from '../../core/protocol/errors.ts'
import type { RouteContext } from '../server.ts'

/** Remembers those that passed in one commit, and puts each answer where its input stood. */
export async function rememberChecked(
  checked: readonly Result<RememberInput, Failure>[],
  { spore }: RouteContext,
): Promise<Result<Remembered, Failure>[]> {
  const inputs = checked.flatMap((item) => (item.ok ? [item.value] : []))
  const stored = (inputs.length > 0 ? await spore.rememberMany(inputs) : []).values()
  return checked.map((item) => (item.ok ? (stored.next().value as Result<Remembered, Failure>) : item))
}
