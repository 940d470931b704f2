/** `spore peers`: the spores this one exchanges with, and how that goes. */
import type { PeerView } from '../core/protocol/api.ts'
import { openAccess } from './access.ts'
import type { CommandSpec } from './command.ts'
import { EXIT, unwrap } from './exit.ts'
import { oneLine } from './terminal-text.ts'

export const spec: CommandSpec = {
  name: 'peers',
  summary: 'List the spores this one exchanges with',
  description:
    'State is new, alive, unreachable or refused; the last error is shown where there is one,\n' +
    'and whether a peer is slowed or cut off for what it did here.',
  examples: ['spore peers', 'spore peers --json'],
  remote: true,
  run: async (context) => {
    await using access = await openAccess(context.load(), context.signal)
    const peers = unwrap(await access.peers())
    const text =
      peers.length === 0 ? 'no peers; "spore join <url>" adds one' : peers.map(describePeer).join('\n')
    context.output.result(text, { peers })
    return EXIT.ok
  },
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
