/** `spore resolve`: the operator's word on an answer, from which trust is learnt. */
import { Argument } from 'commander'
import type { ResolutionInput } from '../core/protocol/api.ts'
import { ANSWER_CHARS_MAX } from '../core/protocol/task-limits.ts'
import { openAccess } from './access.ts'
import type { CommandSpec } from './command.ts'
import { EXIT, UsageError, unwrap } from './exit.ts'
import { oneLine } from './terminal-text.ts'

export const spec: CommandSpec = {
  name: 'resolve',
  summary: 'Say whether the answer to a question was right',
  description:
    'What you say here is what trust is learnt from: who was right weighs more next time. With --correction you also say\n' +
    'what the right answer is.',
  examples: [
    'spore resolve bafyrei… right',
    'spore resolve bafyrei… wrong',
    'spore resolve bafyrei… wrong --correction "Canberra"',
  ],
  remote: true,
  configure: (command) =>
    command
      .argument('<id>', 'the id of the task')
      .addArgument(new Argument('<verdict>', 'whether its answer is right').choices(['right', 'wrong']))
      .option('--correction <text>', 'the right answer'),
  run: async (context, [id, verdict]) => {
    const input = toResolution(verdict as 'right' | 'wrong', context.options.correction as string | undefined)
    await using access = await openAccess(context.load(), context.signal)
    const task = unwrap(await access.resolveTask(id as string, input))
    const said =
      input.correction === undefined
        ? input.verdict
        : `${input.verdict} to "${oneLine(input.correction, 100)}"`
    context.output.result(`${said}  ${oneLine(task.task, 80)}\n${task.task_id}`, task)
    return EXIT.ok
  },
}

function toResolution(verdict: 'right' | 'wrong', correction: string | undefined): ResolutionInput {
  if (correction === undefined) return { verdict }
  if (verdict === 'right') throw new UsageError('a right answer has no --correction')
  if (correction.trim() === '' || correction.length > ANSWER_CHARS_MAX)
    throw new UsageError(`--correction must have from 1 to ${ANSWER_CHARS_MAX} characters`)
  return { verdict: 'corrected', correction }
}
