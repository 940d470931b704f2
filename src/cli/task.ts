/** `spore task`: one question with everything that was said about it. */
import { openAccess } from './access.ts'
import { awaitTask } from './await-task.ts'
import type { CommandSpec } from './command.ts'
import { EXIT, unwrap } from './exit.ts'
import { describeQuantum } from './quantum-text.ts'
import { createTaskTeller } from './task-teller.ts'
import { describeTask } from './task-text.ts'

export const spec: CommandSpec = {
  name: 'task',
  summary: 'Show one question with everything that was said about it',
  description:
    'Its answer with citations, how sure that is and who disagreed, who is missing, and each contribution and review.\n' +
    '"spore tasks" lists ids; "spore resolve" says whether an answer is right, "spore cancel" ends an open question.',
  examples: [
    'spore task bafyrei…',
    'spore task bafyrei… --follow',
    'spore task bafyrei… --json',
    'spore task bafyrei… --quantum',
  ],
  remote: true,
  configure: (command) =>
    command
      .argument('<id>', 'the id of the task')
      .option('--follow', 'wait until it is over')
      .option('--quantum', 'show temperatures, hypotheses, factors and draws instead'),
  run: async (context, [id]) => {
    const { output, signal } = context
    await using access = await openAccess(context.load(), signal)
    if (context.options.quantum) {
      const found = unwrap(await access.quantum({ task: id as string, limit: 1 }))
      output.result(describeQuantum(found), found)
      return EXIT.ok
    }
    const task = context.options.follow
      ? await awaitTask(access, id as string, { timeoutMs: null, signal, onEvent: createTaskTeller(context) })
      : unwrap(await access.task(id as string))
    output.result(describeTask(task), task)
    return EXIT.ok
  },
}
