/**
 * Where a command's words go: results on stdout, everything else on stderr. With `--json` stdout carries exactly what
 * a program reads, one JSON document a line.
 */
import type { Writable } from 'node:stream'
import { ERRORS, SporeError } from '../core/protocol/errors.ts'
import { adviceFor } from './advice.ts'
import { EXIT, type ExitCode, exitCodeOf, UsageError } from './exit.ts'
import { printable, toJsonLine } from './terminal-text.ts'

export interface Output {
  readonly json: boolean
  /** Prints a result: `text` for people, `value` with `--json`. */
  result(text: string, value: unknown): void
  /** Says something beside the result, to people only. */
  note(text: string): void
  /** Says what went wrong and what to do, and gives the exit code. */
  error(error: unknown): ExitCode
}

export interface OutputStreams {
  readonly stdout: Writable
  readonly stderr: Writable
}

export function createOutput(streams: OutputStreams, json: boolean): Output {
  return {
    json,
    result: (text, value) => void streams.stdout.write(json ? `${toJsonLine(value)}\n` : `${text}\n`),
    note: (text) => void (json || streams.stderr.write(`${text}\n`)),
    error: (error) => {
      const problem = describe(error)
      const line = json ? toJsonLine({ error: problem.value }) : problem.text
      streams.stderr.write(`${line}\n`)
      return problem.exitCode
    },
  }
}

interface Problem {
  readonly text: string
  readonly value: Readonly<Record<string, string | null>>
  readonly exitCode: ExitCode
}

function describe(error: unknown): Problem {
  if (error instanceof UsageError) {
    const value = {
      code: 'USAGE',
      title: 'The command was not understood.',
      detail: error.message,
      advice: null,
    }
    return { text: `error: ${printable(error.message)}`, value, exitCode: EXIT.usage }
  }
  const code = error instanceof SporeError ? error.code : 'INTERNAL'
  const detail = error instanceof Error ? error.message : String(error)
  const advice = adviceFor(code)
  const { title } = ERRORS[code]
  const lines = [`error: ${title} [${code}]`, printable(detail), ...(advice ? [`→ ${advice}`] : [])]
  // A bug is to be found: its stack goes to stderr, where an expected failure has its advice.
  if (!(error instanceof SporeError) && error instanceof Error && error.stack)
    lines.push(printable(error.stack))
  return { text: lines.join('\n'), value: { code, title, detail, advice }, exitCode: exitCodeOf(code) }
}
