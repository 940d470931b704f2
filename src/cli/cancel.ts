/** `spore cancel`: ends an open question that this spore asked. */
import { openAccess } from './access.ts'
import type { CommandSpec } from './command.ts'
import { EXIT, unwrap } from './exit.ts'
import { oneLine } from './terminal-text.ts'

export const spec: CommandSpec = {
  name: 'cancel',
  summary: 'End an open question without an answer',
  description:
    'Only who asked can end a question. What was said about it stays, and other spores stop to work on it when they hear.',
  examples: ['spore cancel bafyrei…'],
  remote: true,
  configure: (command) => command.argument('<id>', 'the id of the task'),
  run: async (context, [id]) => {
    await using access = await openAccess(context.load(), context.signal)
    const task = unwrap(await access.cancelTask(id as string))
    context.output.result(`${task.status}  ${oneLine(task.task, 80)}\n${task.task_id}`, task)
    return EXIT.ok
  },
}
