/** `spore peers`: the spores this one exchanges with, and how that goes. */
import type { FederationStatus, PeerStatus, PeerView } from '../core/protocol/api.ts'
import type { FoundSpore } from '../core/protocol/api-discovery.ts'
import { openAccess } from './access.ts'
import { type CommandSpec, listOption } from './command.ts'
import { EXIT, unwrap } from './exit.ts'
import { oneLine } from './terminal-text.ts'

export const spec: CommandSpec = {
  name: 'peers',
  summary: 'List the spores this one exchanges with',
  description:
    'State is new, alive, refused, suspect (does not answer here), asleep (left, or sleeps: asked again later) or gone; then\n' +
    'whether a peer is slowed or cut off for what it did here. Below each: links and lag, who reaches whom, and what it last\n' +
    'took of this spore. With --tag, --role or --family it\n' +
    'lists who has all of these labels, peer or not: spores known here, and where these are few, those that the\n' +
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
    if (isLookup) {
      const { peers, found } = unwrap(await access.peers(query))
      context.output.result(describeFound(found), { peers, found })
      return EXIT.ok
    }
    const status = unwrap(await access.federationStatus())
    context.output.result(describeStatus(status), { ...status, found: [] })
    return EXIT.ok
  },
}

const wordsOf = (option: unknown): string[] => [...((option as readonly string[] | undefined) ?? [])]

function describeStatus(status: FederationStatus): string {
  if (status.peers.length === 0) return 'no peers; "spore join <url>" adds one'
  const reached = `${status.reachedBy} of them reach this spore, ${status.unreachedBy} do not`
  const health =
    status.healthFactor > 1 ? '\nthis spore is late or hears from nobody: it judges others slowly' : ''
  const summary = `${status.peers.length} peers, ${status.neighbors} of them neighbours; ${reached}${health}`
  return [...status.peers.map(describePeerStatus), summary].join('\n')
}

/** A peer, and on lines below it how it is linked, seen and served. */
function describePeerStatus(peer: PeerStatus): string {
  const { reachability, given } = peer
  const heard = peer.lastHeardSeconds === null ? 'never heard' : `heard ${peer.lastHeardSeconds} s ago`
  const phi = peer.phi === null ? '' : ` (φ ${peer.phi})`
  const asked = peer.nextAskSeconds === null ? '' : `, asked again in ${peer.nextAskSeconds} s`
  const link = peer.isNeighbor ? 'neighbour' : 'known'
  const lag = `lacks ${peer.behindThere.entries} entries, has ${peer.behindHere.entries} that are not here`
  const others = reachability.others.map(({ spore, state }) => `${state} for ${oneLine(spore, 64).slice(-8)}`)
  const seen = [yesNo(reachability.itReachesUs, 'reaches us', 'does not reach us'), ...others].filter(Boolean)
  const took = given.acceptedAt
    ? `took ${given.accepted} entries, last ${given.acceptedAt}`
    : 'took nothing yet'
  const refusal = given.refusal ? `; refused ${given.refusedAt}: ${given.refusal}` : ''
  return [
    describePeer(peer),
    `  ${link}, ${heard}${phi}${asked}; ${lag}`,
    ...(seen.length > 0 ? [`  ${seen.join(', ')}`] : []),
    `  ${took}${refusal}`,
  ].join('\n')
}

const yesNo = (value: boolean | null, yes: string, no: string): string =>
  value === null ? '' : value ? yes : no

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
