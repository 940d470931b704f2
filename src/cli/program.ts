/**
 * argv → command → exit code. Only the module of the command that was called is loaded: `start` does not pay for
 * the others, nor they for the server.
 */
import { Command, CommanderError } from 'commander'
import {
  type CliProcess,
  type CommandEntry,
  type CommandSpec,
  EXIT_CODES_HELP,
  toCommand,
} from './command.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { createOutput } from './output.ts'
import { packageVersion } from './version.ts'

/** Every command, in the order of the help. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  start: { summary: 'Run a spore', load: () => import('./start.ts') },
  remember: { summary: 'Remember a text, a file or a folder', load: () => import('./remember.ts') },
  search: { summary: 'Find memories', load: () => import('./search.ts') },
  ask: { summary: 'Ask a question; the answer cites its sources', load: () => import('./ask.ts') },
  tasks: { summary: 'List the questions that were asked', load: () => import('./tasks.ts') },
  task: {
    summary: 'Show one question with everything that was said about it',
    load: () => import('./task.ts'),
  },
  resolve: {
    summary: 'Say whether the answer to a question was right',
    load: () => import('./resolve.ts'),
  },
  cancel: { summary: 'End an open question without an answer', load: () => import('./cancel.ts') },
  join: { summary: 'Exchange with another spore', load: () => import('./join.ts') },
  peers: { summary: 'List the spores this one exchanges with', load: () => import('./peers.ts') },
  block: {
    summary: 'Have no dealings with a peer, author or domain',
    load: async () => ({ spec: (await import('./moderate.ts')).blockSpec }),
  },
  mute: {
    summary: 'Do not show what an author or domain says',
    load: async () => ({ spec: (await import('./moderate.ts')).muteSpec }),
  },
  limit: {
    summary: 'Keep a peer, author or domain at a distance',
    load: async () => ({ spec: (await import('./moderate.ts')).limitSpec }),
  },
  allow: {
    summary: 'Exempt a peer, author or domain from wider rules',
    load: async () => ({ spec: (await import('./moderate.ts')).allowSpec }),
  },
  unblock: {
    summary: 'Lift the rule about a peer, author or domain, whatever it says',
    load: async () => ({ spec: (await import('./moderate.ts')).unblockSpec }),
  },
  trust: {
    summary: 'Show how far authors are trusted and why, or set it by hand',
    load: () => import('./trust.ts'),
  },
  moderation: {
    summary: 'List rules, read block lists into drafts, apply them',
    load: () => import('./moderation.ts'),
  },
  space: {
    summary: 'Share some memories with some spores and with nobody else',
    load: () => import('./space.ts'),
  },
  providers: {
    summary: 'List language models, their state and their budget',
    load: () => import('./providers.ts'),
  },
  reindex: {
    summary: 'Embed all memories again, with the model that is configured now',
    load: () => import('./reindex.ts'),
  },
  purge: { summary: 'Remove memories from this spore for good', load: () => import('./purge.ts') },
  bootstrap: { summary: 'Sign and check seed lists', load: () => import('./bootstrap.ts') },
  token: { summary: 'Create, list and revoke bearer tokens', load: () => import('./token.ts') },
  mcp: { summary: 'Serve MCP over stdio, for agents', load: () => import('./mcp.ts') },
  verify: { summary: 'Check everything in the store against its hashes', load: () => import('./verify.ts') },
  doctor: { summary: 'Look for what is wrong and say how to fix it', load: () => import('./doctor.ts') },
  sim: {
    summary: 'Simulate federations: faults, partitions and lies, from a seed',
    load: () => import('./sim.ts'),
  },
  eval: {
    summary: 'Measure answers, trust and memory against their rivals and the best possible',
    load: () => import('./eval.ts'),
  },
  swarm: { summary: 'Run several joined spores in one process', load: () => import('./swarm.ts') },
}

/** Runs the command that `args` (without the program) name, and gives the exit code of the process. */
export async function run(args: readonly string[], host: CliProcess): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok
  const program = new Command('spore')
    .description('A federated memory and reasoning node for AI agents.')
    .version(packageVersion(), '-V, --version')
    // What stands behind a command's name is the command's, down to the last subcommand.
    .enablePositionalOptions()
    .addHelpText('after', `${EXIT_CODES_HELP}\n\nspore <command> --help shows examples.`)
  const build = (spec: CommandSpec): Command =>
    toCommand(
      spec,
      host,
      args,
      (json) => createOutput(host, json),
      (code) => (exitCode = code ?? EXIT.ok),
    )
  const words = args.filter((arg) => !arg.startsWith('-'))
  await addCommands(program, COMMANDS, words, build)
  // `spore help start` shows the help of a command that was not loaded above.
  const helped = words[0] === 'help' ? args[args.indexOf('help') + 1] : undefined
  if (helped !== undefined && helped in COMMANDS) return run([helped, '--help'], host)

  for (const command of withSubcommands(program)) {
    command.exitOverride().configureOutput({
      writeOut: (text) => void host.stdout.write(text),
      writeErr: (text) => void host.stderr.write(text),
    })
  }
  try {
    await program.parseAsync([...args], { from: 'user' })
    return exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  }
}

/** Adds what is called with all of its options, and of the others what the help says. */
async function addCommands(
  parent: Command,
  entries: Readonly<Record<string, CommandEntry>>,
  [called, ...words]: readonly string[],
  build: (spec: CommandSpec) => Command,
): Promise<void> {
  for (const [name, entry] of Object.entries(entries)) {
    if (name !== called) {
      parent.command(name).summary(entry.summary).description(entry.summary)
      continue
    }
    const { spec } = await entry.load()
    const command = build(spec)
    if (spec.subcommands) await addCommands(command, spec.subcommands, words, build)
    parent.addCommand(command)
  }
}

const withSubcommands = (command: Command): Command[] => [
  command,
  ...command.commands.flatMap(withSubcommands),
]
