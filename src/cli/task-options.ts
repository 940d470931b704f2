/** What a question may be given on the command line, for one question and for a file of them. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { TaskInput } from '../core/protocol/api.ts'
import { instantSchema } from '../core/protocol/api-base.ts'
import {
  CHOICE_CHARS_MAX,
  CHOICES_MAX,
  DOMAIN_CHARS_MAX,
  TASK_ANSWERS_MAX,
  TASK_ROLES_MAX,
  TASK_SECONDS_MAX,
} from '../core/protocol/task-limits.ts'
import { EFFORTS, ROLES, type Role } from '../core/protocol/task-payloads.ts'
import { wholeNumber } from './command.ts'
import { UsageError } from './exit.ts'

/** What `POST /api/task` takes beside the question itself. */
export type TaskFields = Omit<TaskInput, 'task'>

export const configureTask = (command: Command): Command =>
  command
    .option('--space <name>', 'where it is asked: "commons" asks the swarm')
    .addOption(
      new Option(
        '--effort <effort>',
        'first answers alone, one review and revision, or up to eight rounds',
      ).choices([...EFFORTS]),
    )
    .option('--deadline <when>', 'seconds from now, or as 2026-11-21T12:00:00Z', parseDeadline)
    .option('--answers <n>', 'answers to wait for before any is shown', wholeNumber(1, TASK_ANSWERS_MAX))
    .option(
      '--choice <text>',
      `one of the answers that there are; at least two, at most ${CHOICES_MAX}`,
      parseChoice,
    )
    .option('--role <role>', `a lens to reason through: ${ROLES.join(', ')}; may be repeated`, parseRole)
    .option('--domain <words>', 'what it is about, as "medicine": trust is kept apart by it', parseDomain)
    .option('--fresh', 'ask anew what is answered already')

/** Throws `UsageError` where the options do not go together. */
export function toTaskFields(options: Readonly<Record<string, unknown>>): TaskFields {
  const { space, effort, deadline, answers, choice, role, domain, fresh } = options
  const choices = choice as readonly string[] | undefined
  if (choices?.length === 1) throw new UsageError('--choice is for two answers or more; one is no choice')
  const fields = { space, effort, deadline, answers, choices, roles: role, domain, fresh }
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as TaskFields
}

function parseDeadline(text: string): number | string {
  if (/^\d+$/.test(text)) return wholeNumber(1, TASK_SECONDS_MAX)(text)
  if (instantSchema.safeParse(text).success) return text
  throw new InvalidArgumentError('It must be seconds, or an instant as 2026-11-21T12:00:00Z.')
}

function parseDomain(text: string): string {
  if (text.trim() !== '' && text.length <= DOMAIN_CHARS_MAX) return text
  throw new InvalidArgumentError(`It must have from 1 to ${DOMAIN_CHARS_MAX} characters.`)
}

function parseChoice(text: string, before: readonly string[] = []): readonly string[] {
  if (text.trim() === '' || text.length > CHOICE_CHARS_MAX)
    throw new InvalidArgumentError(`It must have from 1 to ${CHOICE_CHARS_MAX} characters.`)
  if (before.includes(text)) throw new InvalidArgumentError('It is given twice.')
  if (before.length === CHOICES_MAX) throw new InvalidArgumentError(`There are more than ${CHOICES_MAX}.`)
  return [...before, text]
}

function parseRole(text: string, before: readonly Role[] = []): readonly Role[] {
  const roles = [...before]
  for (const name of text.split(',').map((part) => part.trim())) {
    const role = ROLES.find((known) => known === name)
    if (!role) throw new InvalidArgumentError(`Roles are ${ROLES.join(', ')}.`)
    if (!roles.includes(role)) roles.push(role)
  }
  if (roles.length > TASK_ROLES_MAX) throw new InvalidArgumentError(`There are more than ${TASK_ROLES_MAX}.`)
  return roles
}
