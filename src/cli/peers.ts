/** `spore peers`: the spores this one exchanges with, and how that goes. */
import type { PeerView } from '../core/protocol/api.ts'
import type { FoundSpore } from '../core/protocol/api-discovery.ts'
import { openAccess } from './access.ts'
import { type CommandSpec, listOption } from './command.ts'
import { EXIT, unwrap } from './exit.ts'
import { oneLine } from './terminal-text.ts'

export const spec: CommandSpec = {
  name: 'peers',
  summary: 'List the spores this one exchanges with',
  description:
    'State is new, alive, unreachable or refused; the last error is shown where there is one, and whether a peer is slowed or\n' +
    'cut off for what it did here. With --tag, --role or --family\n' +
    'it lists who has all of these labels, peer or not: spores known here, and where these are few, those that the\n' +
    'neighbours know. A label is what a spore says of itself.',
  examples: ['spore peers', 'spore peers --json', 'spore peers --tag physics --role archive'],
  remote: true,
  configure: (command) =>
    command
      .addOption(listOption('--tag <words>', 'only who is about this'))
      .addOption(listOption('--role <words>', 'only who does this for others'))
      .addOption(listOption('--family <words>', 'only who has models of this family')),
  run: async (context) => {
    const query = {
      role: wordsOf(context.options.role),
      tag: wordsOf(context.options.tag),
      family: wordsOf(context.options.family),
    }
    const isLookup = Object.values(query).some((words) => words.length > 0)
    await using access = await openAccess(context.load(), context.signal)
    const { peers, found } = unwrap(await access.peers(query))
    context.output.result(isLookup ? describeFound(found) : describePeers(peers), { peers, found })
    return EXIT.ok
  },
}

const wordsOf = (option: unknown): string[] => [...((option as readonly string[] | undefined) ?? [])]

const describePeers = (peers: readonly PeerView[]): string =>
  peers.length === 0 ? 'no peers; "spore join <url>" adds one' : peers.map(describePeer).join('\n')

const describeFound = (found: readonly FoundSpore[]): string =>
  found.length === 0
    ? 'no spore with these labels is known here or to the neighbours'
    : found.map(toLine).join('\n')

/** Everything in it is what the spore says of itself, but for its key. */
function toLine({ spore, name, url, roles, tags, families, from }: FoundSpore): string {
  const labels = [...roles, ...tags, ...families].join(' ')
  const how = from === null ? 'known here' : `heard of from ${from.slice(-8)}`
  return `${oneLine(url ?? '(no address)', 120)}  ${oneLine(name, 64)} (${spore.slice(-8)})  ${oneLine(labels, 200)}  ${how}`
}

/** One peer on one line, its last error below. */
export function describePeer(peer: PeerView): string {
  const who = peer.spore ? `${oneLine(peer.name ?? '', 64)} (${peer.spore.slice(-8)})` : '(not answered yet)'
  const synced = peer.lastSyncAt ? `synced ${peer.lastSyncAt}` : 'not synced yet'
  const problem = peer.lastError ? `\n  ${oneLine(peer.lastError, 160)}` : ''
  const until = peer.cutUntil ? ` until ${peer.cutUntil}` : ''
  const conduct =
    peer.standing === 'ok' ? '' : `\n  ${peer.standing}${until}, because of: ${peer.standingReason}`
  return `${peer.state.padEnd(11)}  ${oneLine(peer.url, 120)}  ${who}  ${synced}${problem}${conduct}`
}
