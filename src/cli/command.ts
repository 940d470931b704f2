/** What one command is, and how it becomes part of the program: its options, help, example and exit codes. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { type Environment, type Flags, type LoadedConfig, loadConfig } from '../config/load.ts'
import type { ExitCode } from './exit.ts'
import type { Output, OutputStreams } from './output.ts'

/** The process around a command. */
export interface CliProcess extends OutputStreams {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly environment: Environment
  /** Aborts on SIGINT or SIGTERM. */
  readonly signal: AbortSignal
}

/** What a command works with. */
export interface CommandContext extends CliProcess {
  readonly output: Output
  readonly options: Readonly<Record<string, unknown>>
  /** The words behind `spore`, as they were given. */
  readonly words: readonly string[]
  /** The configuration, from this command's flags. Throws CONFIG_INVALID. */
  load(): LoadedConfig
}

export interface CommandSpec {
  readonly name: string
  readonly summary: string
  /** A paragraph for `--help`. */
  readonly description: string
  /** One or more example lines for `--help`, without the prompt. */
  readonly examples: readonly string[]
  /** Adds arguments and options beside the common ones. */
  readonly configure?: (command: Command) => void
  /** True where the command can be sent to a running spore by `--url`. */
  readonly remote?: boolean
  /** Options of this command that set the config field of the same name; `--home` always does. */
  readonly configFlags?: readonly string[]
  /** Commands below this one, by name; `run` gets what names none of them. */
  readonly subcommands?: Readonly<Record<string, CommandEntry>>
  run(context: CommandContext, args: readonly unknown[]): Promise<ExitCode | undefined>
}

/** What the help says of a command, and its module, which is loaded once it is called. */
export interface CommandEntry {
  readonly summary: string
  readonly load: () => Promise<{ readonly spec: CommandSpec }>
}

export const EXIT_CODES_HELP = `
Exit codes:
  0  done
  1  failed; the error says why and what to do
  2  the command was not understood
  3  no spore is running here, or the one at --url does not answer`

/** The commander command of a spec; `finish` gets the exit code. */
export function toCommand(
  spec: CommandSpec,
  host: CliProcess,
  words: readonly string[],
  createOutput: (json: boolean) => Output,
  finish: (code: ExitCode | undefined) => void,
): Command {
  const command = new Command(spec.name)
    .description(`${spec.summary}\n\n${spec.description}`)
    .summary(spec.summary)
  spec.configure?.(command)
  // What stands behind the name of a subcommand is that one's, `--json` too.
  if (spec.subcommands) command.enablePositionalOptions()
  command
    .option('--home <folder>', 'data folder (SPORE_HOME; default ~/.spore)')
    .option('--config <file>', 'config file (default config.yaml in the data folder)')
  if (spec.remote)
    command.option('--url <url>', 'talk to the spore at this address (SPORE_URL), with SPORE_TOKEN')
  command.option('--json', 'print JSON for programs; errors as JSON on stderr')
  command.addHelpText(
    'after',
    `\nExamples:\n${spec.examples.map((line) => `  ${line}`).join('\n')}\n${EXIT_CODES_HELP}`,
  )
  command.action(async (...given: unknown[]) => {
    const options = command.opts<Record<string, unknown>>()
    const output = createOutput(options.json === true)
    const context: CommandContext = {
      ...host,
      output,
      options,
      words,
      load: () => loadConfig(toFlags(options, spec.configFlags ?? []), host.environment),
    }
    try {
      finish(await spec.run(context, given.slice(0, -2)))
    } catch (error) {
      if (error instanceof CommanderError) throw error
      finish(output.error(error))
    }
  })
  return command
}

function toFlags(options: Readonly<Record<string, unknown>>, fields: readonly string[]): Flags {
  const values = Object.fromEntries(
    ['home', ...fields].map((field) => [field, options[field] as string | undefined]),
  )
  return { values, config: options.config as string | undefined, url: options.url as string | undefined }
}

/** For options with a number: commander then says which option is wrong. */
export const wholeNumber = (min: number, max: number) => (text: string) => {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
}

/** A comma-separated list, and one more of it each time the option is given. */
export const listOption = (flags: string, description: string) =>
  new Option(flags, description).argParser((text: string, before: readonly string[] | undefined) => [
    ...(before ?? []),
    ...text
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  ])
