/**
 * A reporter for node:test that writes one line of JSON for every finished test: what `scripts/test.ts` counts.
 * A `describe` is not a test unless something of its own failed, such as a hook. Node reports a file that ran no test,
 * or whose process ended before its results, as one passed test of the file's name: that is a failure here. The last
 * line says that the run came to its end.
 */
import type { TestEvent } from 'node:test/reporters'

/** One finished test as this reporter writes it. */
export interface TestOutcome {
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped' | 'end'
}

export default async function* reportOutcomes(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    const outcome = eventToOutcome(event)
    if (outcome) yield `${JSON.stringify({ name: event.data.name, outcome } satisfies TestOutcome)}\n`
  }
  yield `${JSON.stringify({ name: '', outcome: 'end' } satisfies TestOutcome)}\n`
}

type EndEvent = Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>

function eventToOutcome(event: EndEvent): TestOutcome['outcome'] | null {
  const { name, file, nesting, details, skip, todo } = event.data
  const isSuite = details.type === 'suite'
  if (skip !== undefined || todo !== undefined) return isSuite ? null : 'skipped'
  if (event.type === 'test:pass') {
    const isFile = nesting === 0 && file !== undefined && name !== '' && file.endsWith(name)
    return isSuite ? null : isFile ? 'failed' : 'passed'
  }
  const cause = event.data.details.error as { readonly failureType?: string }
  return isSuite && cause.failureType === 'subtestsFailed' ? null : 'failed'
}
