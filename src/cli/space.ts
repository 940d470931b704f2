/** `spore space`: found, invite, join, leave and list spaces, and who belongs to them. */
import { Argument } from 'commander'
import { TIERS } from '../core/protocol/api.ts'
import type { InvitationView, SpaceView } from '../core/protocol/api-spaces.ts'
import { NO_TIER, SPACE_TYPES, type SpaceType } from '../core/protocol/space-payloads.ts'
import { openAccess, openRunning, type SporeAccess } from './access.ts'
import { type CommandContext, type CommandSpec, wholeNumber } from './command.ts'
import { EXIT, type ExitCode, UsageError, unwrap } from './exit.ts'
import { oneLine } from './terminal-text.ts'

const ACTIONS = ['create', 'invite', 'join', 'leave', 'list', 'members', 'remove'] as const
type Action = (typeof ACTIONS)[number]
const DAYS_MAX = 30
const DAY_SECONDS = 24 * 60 * 60

export const spec: CommandSpec = {
  name: 'space',
  summary: 'Share some memories with some spores and with nobody else',
  description:
    'A space is who gets what. "private" stays on this machine; "commons" is everybody’s; a members space is for those who\n' +
    'were invited, and nobody else learns that it is there. An invitation is one line: whoever has it can join, once.\n' +
    'Leaving ends the exchange and keeps what is here; "spore purge" removes it.',
  examples: [
    'spore space create home',
    'spore space invite home                # prints a line; give it to the other machine',
    'spore space join spore-invite:AYjd…    # on the other machine',
    'spore remember "the key is under the mat" --space home',
    'spore space members home',
    'spore space remove home z6MkfPqX',
  ],
  remote: true,
  configure: (command) =>
    command
      .addArgument(new Argument('<action>', 'what to do').choices(ACTIONS))
      .argument(
        '[space]',
        'its name; for join the line of an invitation, or the name of a space that was left',
      )
      .argument('[member]', 'of whom to remove: its did, or the last 8 characters')
      .option('--type <type>', `of a new space: ${SPACE_TYPES.join(', ')}`, 'members')
      .option(
        '--writers <tier>',
        `tier of trust that a new open space asks of who is shown: ${TIERS.join(', ')}`,
      )
      .option('--as <name>', 'what to call the space that is joined, here')
      .option('--for <did>', 'invite only this spore: it need not reach this one')
      .option('--admin', 'invite somebody who may invite and remove others')
      .option('--days <number>', 'how long the invitation is open', wholeNumber(1, DAYS_MAX)),
  run: async (context, [action, space, member]) => {
    const needsRunning = action === 'invite' || action === 'join'
    const open = needsRunning ? openRunning : openAccess
    await using access = await open(context.load(), context.signal)
    // Awaited here: the way to the spore closes behind it.
    return await RUN[action as Action](
      access,
      context,
      space as string | undefined,
      member as string | undefined,
    )
  },
}

type Run = (
  access: SporeAccess,
  context: CommandContext,
  space: string | undefined,
  member: string | undefined,
) => Promise<ExitCode>

const RUN: Readonly<Record<Action, Run>> = {
  async create(access, { output, options }, name) {
    const type = options.type as SpaceType
    if (!SPACE_TYPES.includes(type)) throw new UsageError(`a type is one of ${SPACE_TYPES.join(', ')}`)
    const writers = options.writers as string | undefined
    const space = unwrap(
      await access.createSpace({
        name: named(name, 'call it something'),
        type,
        ...(writers !== undefined && { writers }),
      }),
    )
    output.result(describeSpace(space), space)
    return EXIT.ok
  },
  async invite(access, { output, options }, name) {
    const invitation = unwrap(
      await access.invite(named(name, 'name the space'), {
        role: options.admin === true ? 'admin' : 'member',
        ...(options.for === undefined ? {} : { for: options.for as string }),
        ...(options.days === undefined ? {} : { expiresInSeconds: (options.days as number) * DAY_SECONDS }),
      }),
    )
    output.note(describeInvitation(invitation))
    output.result(invitation.invitation, invitation)
    return EXIT.ok
  },
  async join(access, { output, options }, invitation) {
    const input = { invitation: named(invitation, 'give the line of an invitation') }
    const space = unwrap(
      await access.joinSpace(options.as === undefined ? input : { ...input, name: options.as as string }),
    )
    output.result(describeSpace(space), space)
    return EXIT.ok
  },
  async leave(access, { output }, name) {
    const space = unwrap(await access.leaveSpace(named(name, 'name the space')))
    output.result(describeSpace(space), space)
    return EXIT.ok
  },
  async list(access, { output }) {
    const spaces = unwrap(await access.spaces())
    output.result(spaces.map(describeSpace).join('\n'), { spaces })
    return EXIT.ok
  },
  async members(access, { output }, name) {
    const members = unwrap(await access.members(named(name, 'name the space')))
    const lines = members.map(
      ({ author, role, name, self }) =>
        `${role.padEnd(8)}  ${author}  ${oneLine(name ?? '', 64)}${self ? '(this spore)' : ''}`,
    )
    output.result(lines.join('\n'), { members })
    return EXIT.ok
  },
  async remove(access, { output }, name, member) {
    const removed = unwrap(
      await access.removeMember(named(name, 'name the space'), named(member, 'name the member to remove')),
    )
    output.result(`removed ${removed.author} from ${oneLine(removed.space, 64)}`, removed)
    return EXIT.ok
  },
}

function named(text: string | undefined, missing: string): string {
  if (text === undefined) throw new UsageError(missing)
  return text
}

const describeInvitation = ({ space, expiresAt, singleUse }: InvitationView): string =>
  singleUse
    ? `whoever has this line can join ${oneLine(space, 64)}, once, until ${expiresAt}:`
    : `an invitation to ${oneLine(space, 64)}, until ${expiresAt}:`

/** One space on one line. */
function describeSpace({ name, type, joined, role, members, writers }: SpaceView): string {
  const asked = writers === NO_TIER ? '' : `  shows from ${oneLine(writers, 64)} on`
  const who = role === null || members === null ? '' : `  ${role}, ${members} in it`
  return `${oneLine(name, 64).padEnd(20)}  ${type.padEnd(7)}${joined ? '' : '  left'}${who}${asked}`
}
