/** A progress bar on a terminal; nothing where stderr is a file, a pipe or read by a program. */
import cliProgress from 'cli-progress'
import type { CommandContext } from './command.ts'
import { oneLine } from './terminal-text.ts'

export interface Progress extends Disposable {
  update(done: number, what: string): void
}

export function createProgress(
  { stderr, output }: Pick<CommandContext, 'stderr' | 'output'>,
  total: number,
): Progress {
  if (!stderr.isTTY || output.json || total < 2) return { update() {}, [Symbol.dispose]() {} }
  const bar = new cliProgress.SingleBar(
    { format: '{bar} {value}/{total} {what}', stream: stderr, hideCursor: true, clearOnComplete: true },
    cliProgress.Presets.shades_classic,
  )
  bar.start(total, 0, { what: '' })
  return {
    update: (done, what) => bar.update(done, { what: oneLine(what, 40) }),
    [Symbol.dispose]: () => bar.stop(),
  }
}
