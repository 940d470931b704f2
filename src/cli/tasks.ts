/** `spore tasks`: the questions that were asked, newest first. */
import { Option } from 'commander'
import { type TaskPageQuery, type TaskView, taskStatusSchema } from '../core/protocol/api.ts'
import { PAGE_MAX } from '../core/protocol/limits.ts'
import { openAccess } from './access.ts'
import { type CommandSpec, wholeNumber } from './command.ts'
import { EXIT, unwrap } from './exit.ts'
import { oneLine } from './terminal-text.ts'

export const spec: CommandSpec = {
  name: 'tasks',
  summary: 'List the questions that were asked',
  description:
    'Newest first, each with its status (open, converged, failed, cancelled) and the beginning of its answer.\n' +
    '"spore task <id>" shows one with everything that was said about it.',
  examples: ['spore tasks', 'spore tasks --status open --json'],
  remote: true,
  configure: (command) =>
    command
      .option('--limit <n>', `how many, at most ${PAGE_MAX}`, wholeNumber(1, PAGE_MAX), 20)
      .addOption(new Option('--status <status>', 'only these').choices(taskStatusSchema.options))
      .option('--space <name>', 'only of this space')
      .option('--cursor <cursor>', 'the page behind an earlier one'),
  run: async (context) => {
    const { options, output } = context
    await using access = await openAccess(context.load(), context.signal)
    const { limit, status, space, cursor } = options
    const given = Object.entries({ limit, status, space, cursor }).filter(([, value]) => value !== undefined)
    const page = unwrap(await access.tasks(Object.fromEntries(given) as unknown as TaskPageQuery))
    const more = page.cursor ? [`… more: spore tasks --cursor ${page.cursor}`] : []
    output.result(
      page.tasks.length === 0 ? 'no tasks' : [...page.tasks.map(describeTask), ...more].join('\n'),
      page,
    )
    return EXIT.ok
  },
}

function describeTask(task: TaskView): string {
  const outcome = task.settlement?.conclusion ?? task.answer ?? task.reason
  const state = task.status === 'open' ? `  phase ${task.phase}, until ${task.deadlineAt}` : ''
  return [
    `${task.status.padEnd(9)}  ${oneLine(task.task, 90)}`,
    ...(outcome ? [`           ${oneLine(outcome, 90)}`] : []),
    `           ${task.task_id}  ${task.createdAt}  ${oneLine(task.space, 30)}${state}`,
  ].join('\n')
}
