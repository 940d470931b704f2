/** A progress bar on a terminal; nothing where stderr is a file, a pipe or read by a program. */
import cliProgress from 'cli-progress'
import type { CommandContext } from './command.ts'
import { oneLine } from './terminal-text.ts'

export interface Progress extends Disposable {
  update(done: number, what: string): void
  /** A line for stderr, above the bar where there is one. */
  note(line: string): void
}

/** Goes to the beginning of the line and clears it: the bar draws itself again below what is written then. */
const CLEAR_LINE = '\r\u001b[K'

export function createProgress(
  { stderr, output }: Pick<CommandContext, 'stderr' | 'output'>,
  total: number,
): Progress {
  if (!stderr.isTTY || output.json || total < 2)
    return {
      update() {},
      note: (line) => void stderr.write(`${line}\n`),
      [Symbol.dispose]() {},
    }
  const bar = new cliProgress.SingleBar(
    { format: '{bar} {value}/{total} {what}', stream: stderr, hideCursor: true, clearOnComplete: true },
    cliProgress.Presets.shades_classic,
  )
  bar.start(total, 0, { what: '' })
  return {
    update: (done, what) => bar.update(done, { what: oneLine(what, 60) }),
    note: (line) => void stderr.write(`${CLEAR_LINE}${line}\n`),
    [Symbol.dispose]: () => bar.stop(),
  }
}
