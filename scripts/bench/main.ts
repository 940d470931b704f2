/** `npm run bench -- <name> [--json] [args]`: see `support/harness.ts`. Without a name it lists what there is. */
import { runBench } from './support/harness.ts'

process.exitCode = await runBench(process.argv.slice(2), {
  folder: import.meta.dirname,
  print: (line) => console.log(line),
  printError: (line) => console.error(line),
})
