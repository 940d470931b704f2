/** `spore ask`: puts a question, waits for the answer and shows it with numbered citations; or a file of questions. */
import type { Health, TaskView } from '../core/protocol/api.ts'
import { openAccess, type SporeAccess } from './access.ts'
import { awaitTask } from './await-task.ts'
import { PARALLEL_DEFAULT, PARALLEL_MAX } from './batch/run.ts'
import { type CommandContext, type CommandSpec, wholeNumber } from './command.ts'
import { EXIT, type ExitCode, UsageError, unwrap } from './exit.ts'
import { configureTask, toTaskFields } from './task-options.ts'
import { createTaskTeller } from './task-teller.ts'
import { describeAnswer } from './task-text.ts'
import { oneLine } from './terminal-text.ts'

/** Seconds that `--timeout` may name: as long as a task may take, and a day. */
const TIMEOUT_SECONDS_MAX = 172_800

export const spec: CommandSpec = {
  name: 'ask',
  summary: 'Ask a question; the answer cites its sources',
  description:
    'The answer cites what it rests on, and says how sure it is and who disagreed. Without an answer it says why (exit code\n' +
    '1). Questions go to the default space, normally "private", which no other spore sees. Ctrl-C leaves the question\n' +
    'open: "spore task <id>" shows it later.\n\n' +
    'With --file each line is a question: a JSON string, or an object with "task" and, if wanted, "id" and the fields of\n' +
    'POST /api/task. Each answer is one line of --out. A second run goes on where the first one stopped.',
  examples: [
    'spore ask "what is a frontier?"',
    'spore ask "who rotates the deploy key?" --space commons --effort deep --deadline 120',
    'spore ask "which city is the capital?" --choice Canberra --choice Sydney',
    'spore ask --file questions.jsonl --out answers.jsonl --parallel 8',
  ],
  remote: true,
  configure: (command) =>
    configureTask(command.argument('[question...]', 'the question'))
      .option('--no-wait', 'print the id of the task and do not wait for the answer')
      .option(
        '--timeout <seconds>',
        'stop waiting after this; the task stays open (default: its deadline, and a minute)',
        wholeNumber(1, TIMEOUT_SECONDS_MAX),
      )
      .option('--file <file>', 'ask each line of this file')
      .option('--out <file>', 'where the answers to a file go, one a line')
      .option(
        '--parallel <n>',
        `questions of a file that are asked at a time (default ${PARALLEL_DEFAULT})`,
        wholeNumber(1, PARALLEL_MAX),
      ),
  run: async (context, [words]) => {
    const { file, out, wait } = context.options
    const question = ((words as readonly string[] | undefined) ?? []).join(' ')
    if (file === undefined) {
      if (question === '') throw new UsageError('give a question, or a file of them with --file')
      for (const flag of ['out', 'parallel'])
        if (context.options[flag] !== undefined) throw new UsageError(`--${flag} goes with --file`)
      return await askOne(question, context)
    }
    if (question !== '') throw new UsageError('give either a question or --file')
    if (out === undefined) throw new UsageError('--file needs --out, the file that the answers go to')
    if (wait === false) throw new UsageError('--no-wait goes with one question')
    const { askFile } = await import('./ask-file.ts')
    return await askFile(context, { file: file as string, out: out as string })
  },
}

async function askOne(question: string, context: CommandContext): Promise<ExitCode> {
  const { options, output, signal } = context
  const fields = toTaskFields(options)
  await using access = await openAccess(context.load(), signal)
  const accepted = unwrap(await access.submitTask({ task: question, ...fields }))
  if (options.wait === false) {
    output.result(`${accepted.task_id}  ${accepted.status}`, accepted)
    return EXIT.ok
  }
  const task = await awaitTask(access, accepted.task_id, {
    timeoutMs: options.timeout === undefined ? null : (options.timeout as number) * 1000,
    signal,
    onEvent: createTaskTeller(context),
  })
  const hint = output.json ? null : await swarmHint(task, access, question)
  output.result([describeAnswer(task), ...(hint ? ['', hint] : [])].join('\n'), task)
  return task.answer === null ? EXIT.failure : EXIT.ok
}

/** A private question stays here, which is not what someone with peers may expect: say how to ask them. */
async function swarmHint(task: TaskView, access: SporeAccess, question: string): Promise<string | null> {
  if (task.space !== 'private') return null
  const { peers }: Health = unwrap(await access.health())
  if (peers.length === 0) return null
  const quoted = `'${oneLine(question, 200).replaceAll("'", "'\\''")}'`
  return `Asked privately: your ${peers.length === 1 ? 'peer' : `${peers.length} peers`} did not see it. To ask the swarm:\n  spore ask ${quoted} --space commons`
}
