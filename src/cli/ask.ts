/** `spore ask`: puts a question, waits for the answer and shows it with numbered citations. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Health, TaskView } from '../core/protocol/api.ts'
import { SporeError } from '../core/protocol/errors.ts'
import { openAccess, type SporeAccess } from './access.ts'
import { type CommandSpec, wholeNumber } from './command.ts'
import { EXIT, unwrap } from './exit.ts'
import { placeOf } from './hit-text.ts'
import { indent, oneLine, printable } from './terminal-text.ts'

/** A task is looked at this often while it is open: an answer from one's own memories is there at once. */
const POLL_MS = 150

export const spec: CommandSpec = {
  name: 'ask',
  summary: 'Ask a question; the answer cites its sources',
  description:
    'The answer quotes what is remembered and cites each source. With nothing relevant it says so and gives none\n' +
    '(exit code 1). Questions go to the default space, normally "private", which no other spore sees.',
  examples: ['spore ask "what is a frontier?"', 'spore ask "who rotates the deploy key?" --space commons'],
  remote: true,
  configure: (command) =>
    command
      .argument('<question...>', 'the question')
      .option('--space <name>', 'where it is asked: "commons" asks the swarm')
      .option('--timeout <seconds>', 'give up waiting after this', wholeNumber(1, 3600), 60),
  run: async (context, [words]) => {
    const { options, output, signal } = context
    await using access = await openAccess(context.load(), signal)
    const question = (words as readonly string[]).join(' ')
    const space = options.space as string | undefined
    const { task_id } = unwrap(
      await access.submitTask({ task: question, ...(space === undefined ? {} : { space }) }),
    )
    const task = await untilAnswered(task_id, access, (options.timeout as number) * 1000, signal)
    const hint = swarmHint(task, unwrap(await access.health()), question)
    output.result([describeTask(task), ...(hint ? ['', hint] : [])].join('\n'), task)
    return task.answer === null ? EXIT.failure : EXIT.ok
  },
}

async function untilAnswered(
  id: string,
  access: SporeAccess,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<TaskView> {
  const waited = AbortSignal.timeout(timeoutMs)
  for (;;) {
    const task = unwrap(await access.task(id))
    if (task.status !== 'open') return task
    if (waited.aborted)
      throw new SporeError('REQUEST_TIMEOUT', `task ${id} is still open; look again with "spore tasks"`)
    await sleep(POLL_MS, undefined, { signal })
  }
}

function describeTask(task: TaskView): string {
  const degraded = task.degraded
    ? [`note: degraded answer (${oneLine(task.degradedBecause.join('; '), 300)})`]
    : []
  if (task.answer === null)
    return [`No answer: ${printable(task.reason ?? 'nothing relevant is remembered')}`, ...degraded].join(
      '\n',
    )
  const sources = task.sources.map(
    (source, index) =>
      `  [${index + 1}] ${placeOf(source)}  by ${source.author?.slice(-8) ?? 'unknown'}\n      ${source.id}`,
  )
  return [indent(printable(task.answer), '  '), '', 'Sources', ...sources, ...degraded].join('\n')
}

/** A private question stays here, which is not what someone with peers may expect: say how to ask them. */
function swarmHint(task: TaskView, health: Health, question: string): string | null {
  if (task.space !== 'private' || health.peers.length === 0) return null
  const quoted = `'${oneLine(question, 200).replaceAll("'", "'\\''")}'`
  return `Asked privately: your ${health.peers.length === 1 ? 'peer' : `${health.peers.length} peers`} did not see it. To ask the swarm:\n  spore ask ${quoted} --space commons`
}
