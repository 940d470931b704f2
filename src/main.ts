/** Process entry: argv → command → exit code. SIGINT and SIGTERM become one AbortSignal; nothing calls `exit`. */
import process from 'node:process'
import { run } from './cli/program.ts'
import { processEnvironment } from './config/load.ts'

/** npm and a terminal both pass Ctrl-C on, so one press may come twice within moments. */
const SAME_PRESS_MS = 1000

const stop = new AbortController()
let stoppedAt = 0
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => onSignal(name))
// A reader that goes away (`spore search x | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  stop.abort(error)
})

const { stdin, stdout, stderr } = process
process.exitCode = await run(process.argv.slice(2), {
  stdin,
  stdout,
  stderr,
  environment: processEnvironment(),
  signal: stop.signal,
})

/** The first signal asks the command to finish; one that comes later than that ends the process at once. */
function onSignal(name: 'SIGINT' | 'SIGTERM'): void {
  if (!stop.signal.aborted) {
    stoppedAt = performance.now()
    stop.abort(new Error(name))
  } else if (performance.now() - stoppedAt > SAME_PRESS_MS) {
    process.removeAllListeners(name)
    process.kill(process.pid, name)
  }
}
