/** `spore doctor`: looks for what is wrong with this spore and its machine, and says how to fix it. */
import { openRunning } from './access.ts'
import type { CommandSpec } from './command.ts'
import { type Check, runChecks } from './doctor/checks.ts'
import { EXIT } from './exit.ts'
import { indent, printable } from './terminal-text.ts'

export const spec: CommandSpec = {
  name: 'doctor',
  summary: 'Look for what is wrong and say how to fix it',
  description:
    'Checks Node, the data folder, identity and store, the address, free space, the clock, who may ask, models and search. It changes\n' +
    'nothing. Exit code 1 when a check fails; warnings leave it at 0.',
  examples: ['spore doctor', 'spore doctor --json', 'spore doctor --audit'],
  configure: (command) =>
    command.option(
      '--audit',
      'measure what searches miss, which takes some seconds where much is remembered',
    ),
  run: async (context) => {
    const loaded = context.load()
    const checks = await runChecks(
      loaded,
      () => openRunning(loaded, context.signal),
      context.options.audit === true,
    )
    const failed = checks.filter((check) => check.level === 'fail').length
    const warned = checks.filter((check) => check.level === 'warn').length
    const end = failed + warned === 0 ? 'All is well.' : `${failed} failed, ${warned} to look at.`
    context.output.result([...checks.map(describeCheck), '', end].join('\n'), { ok: failed === 0, checks })
    return failed === 0 ? EXIT.ok : EXIT.failure
  },
}

function describeCheck({ level, name, detail, fix }: Check): string {
  const line = `${level.padEnd(4)}  ${name.padEnd(11)}  ${printable(detail)}`
  return fix === null ? line : `${line}\n${indent(`→ ${fix}`, ' '.repeat(19))}`
}
