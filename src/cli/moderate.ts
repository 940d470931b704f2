/** `spore block`, `mute`, `limit`, `allow` and `unblock`: one rule about a peer, an author or a domain, or none any more. */
import { InvalidArgumentError, Option } from 'commander'
import { MODERATION_REASON_CHARS_MAX } from '../core/protocol/limits.ts'
import type { RuleInput } from '../core/protocol/moderation-api.ts'
import { openAccess } from './access.ts'
import type { CommandContext, CommandSpec } from './command.ts'
import { EXIT, UsageError, unwrap } from './exit.ts'
import { describeImpact, describeRule } from './moderation-text.ts'

const TARGETS =
  'A target is a did:key (a peer and an author), the URL of a peer, or a domain with all that is under it; --as says which is meant.\n'

export const blockSpec = ruleSpec('block', 'Have no dealings with a peer, author or domain', {
  description:
    'A blocked peer is not asked and not answered, and its link ends at once. Of a blocked author nothing is taken, shown or passed on.\n' +
    'Nothing is deleted: "spore unblock" brings back what is here, and fetches what came meanwhile. "spore purge" deletes.',
  examples: [
    'spore block spam.example --reason "sells pills" --preview',
    'spore block did:key:z6Mk… --for 7d',
    'spore block https://spore.example',
  ],
})
export const muteSpec = ruleSpec('mute', 'Do not show what an author or domain says', {
  description:
    'It is kept and passed on as before, and shown to whoever names its id; not in searches, lists, answers or events.',
  examples: ['spore mute did:key:z6Mk… --reason "off topic"'],
})
export const limitSpec = ruleSpec('limit', 'Keep a peer, author or domain at a distance', {
  description:
    'What a limited author says is found with a label, and is no knowledge for answers and context packs. A limited peer gets no link\n' +
    'and is not asked; it may ask, and bring what it has.',
  examples: ['spore limit noisy.example --for 30d'],
})
export const allowSpec = ruleSpec('allow', 'Exempt a peer, author or domain from wider rules', {
  description:
    'The nearest rule counts: who is allowed by name is exempt from a rule about its domain. Where "spore moderation allow-only" is on,\n' +
    'only who is allowed comes in.',
  examples: ['spore allow friend.big-host.example', 'spore allow did:key:z6Mk… --as peer'],
})

export const unblockSpec: CommandSpec = {
  name: 'unblock',
  summary: 'Lift the rule about a peer, author or domain, whatever it says',
  description: `${TARGETS}What the rule hid is shown again, and what came meanwhile is fetched.`,
  examples: ['spore unblock spam.example', 'spore unblock did:key:z6Mk… --as peer'],
  remote: true,
  configure: (command) =>
    command
      .argument('<targets...>', 'did:key, URL or domain')
      .addOption(asOption())
      .option('--reason <text>', 'why, for the audit')
      .option('--preview', 'say what would come back, and change nothing')
      .option('--force', 'also where a peer that was joined here would be let in no more'),
  run: async (context, [values]) => {
    const { targets, reason, preview, force } = common(context, values as string[])
    await using access = await openAccess(context.load(), context.signal)
    const lifted = unwrap(await access.moderation.lift({ targets, reason, preview, force }))
    const verb = lifted.applied ? 'lifted' : 'would lift'
    const lines = lifted.rules.map((rule) => `${verb}  ${describeRule(rule)}`)
    context.output.result([...lines, describeImpact(lifted.impact)].join('\n'), lifted)
    return EXIT.ok
  },
}

function ruleSpec(
  action: RuleInput['action'],
  summary: string,
  { description, examples }: Pick<CommandSpec, 'description' | 'examples'>,
): CommandSpec {
  return {
    name: action,
    summary,
    description: `${TARGETS}${description}`,
    examples,
    remote: true,
    configure: (command) =>
      command
        .argument('<targets...>', 'did:key, URL or domain')
        .addOption(asOption())
        .option('--reason <text>', 'why, for you and the audit')
        .option('--for <time>', 'the rule ends by itself, e.g. 30m, 12h, 7d, 4w', durationSeconds)
        .option('--preview', 'say what would be hit, and change nothing')
        .option('--force', 'also where it hits peers that were joined here, or a top-level domain'),
    run: async (context, [values]) => {
      const input = common(context, values as string[])
      const lastsSeconds = context.options.for as number | undefined
      await using access = await openAccess(context.load(), context.signal)
      const ruled = unwrap(
        await access.moderation.rule({
          action,
          ...input,
          ...(lastsSeconds !== undefined && { lastsSeconds }),
        }),
      )
      const verb = ruled.applied ? 'made' : 'would make'
      const lines = ruled.rules.map((rule) => `${verb}  ${describeRule(rule)}`)
      context.output.result([...lines, describeImpact(ruled.impact)].join('\n'), ruled)
      return EXIT.ok
    },
  }
}

const asOption = (): Option =>
  new Option('--as <kind>', 'what the target is').choices(['peer', 'author', 'domain'])

/** What all of these commands understand. */
function common({ options }: CommandContext, values: readonly string[]) {
  const kind = options.as as 'peer' | 'author' | 'domain' | undefined
  const reason = (options.reason as string | undefined) ?? ''
  if (reason.length > MODERATION_REASON_CHARS_MAX)
    throw new UsageError(`A reason has at most ${MODERATION_REASON_CHARS_MAX} characters.`)
  return {
    targets: values.map((value) => ({ value, ...(kind && { kind }) })),
    reason,
    preview: options.preview === true,
    force: options.force === true,
  }
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400, w: 604_800 }
/** Ten years: whoever means longer means for good. */
const LASTS_MAX_SECONDS = 3650 * 86_400

/** Seconds of `30m`, `12h`, `7d` or `4w`. */
export function durationSeconds(text: string): number {
  const [, number, unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text) ?? []
  const seconds = Number(number) * (UNIT_SECONDS[unit] ?? 0)
  if (seconds > 0 && seconds <= LASTS_MAX_SECONDS) return seconds
  throw new InvalidArgumentError('It must be a time like 30m, 12h, 7d or 4w, at most ten years.')
}
