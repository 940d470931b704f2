/**
 * Peers over a restart: where they answer, who was a neighbour, and how long each has been silent. A mesh whose spores all
 * stop at once finds itself again by this, without a seed.
 */
import { type Canonical, decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import { PEERS_MAX, URL_CHARS_MAX } from '../protocol/limits.ts'
import type { Peer } from './peers.ts'

export interface AddressBook {
  load(): Promise<Addresses>
  /** Keeps the peers that have answered and those that an operator joined, if that is not what is kept already. */
  save(peers: readonly Peer[], isActive: (peer: Peer) => boolean, elapsedMs: number): Promise<void>
}

export interface Addresses {
  /** Those that an operator joined. */
  readonly joined: readonly string[]
  /** Those that have answered, neighbours first. */
  readonly known: readonly KnownAddress[]
}

export interface KnownAddress {
  readonly url: string
  readonly wasActive: boolean
  /** How long it had been silent, in milliseconds of this spore's running time. */
  readonly silentMs: number
}

const PEERS_VALUE = 'gossip/peers'
const JOINED_VALUE = 'gossip/joined'
/** Silence is kept in whole hours: a peer is forgotten after days, and each change is a write. */
const HOUR_MS = 3_600_000

export function createAddressBook(deps: {
  readonly store: MemoryStore
  readonly writer: Writer
}): AddressBook {
  const { store, writer } = deps
  let saved = ''
  const rowsOf = async (key: string): Promise<readonly Canonical[]> => {
    const bytes = await store.value(key)
    const decoded = bytes ? decodeCanonical(bytes) : null
    return decoded?.ok && Array.isArray(decoded.value) ? decoded.value.slice(0, PEERS_MAX) : []
  }
  return {
    async load() {
      const joined = (await rowsOf(JOINED_VALUE)).filter(isUrl)
      const known = (await rowsOf(PEERS_VALUE)).flatMap((row) => toAddress(row) ?? [])
      return { joined, known: known.sort((a, b) => Number(b.wasActive) - Number(a.wasActive)) }
    },
    async save(peers, isActive, elapsedMs) {
      const joined = peers.filter(({ isPinned }) => isPinned).map(({ url }) => url)
      const known = peers
        .filter(({ isStranger }) => !isStranger)
        .map((peer) => [
          peer.url,
          isActive(peer) ? 1 : 0,
          Math.floor((elapsedMs - peer.vital.silentSinceMs) / HOUR_MS),
        ])
      const now = JSON.stringify([joined, known])
      if (now === saved) return
      saved = now
      const written = await writer.write((draft) => {
        draft.setValue(JOINED_VALUE, encodeCanonical(joined))
        return draft.setValue(PEERS_VALUE, encodeCanonical(known))
      })
      if (!written.ok) saved = ''
    },
  }
}

const isUrl = (value: Canonical | undefined): value is string =>
  typeof value === 'string' && value.length <= URL_CHARS_MAX

/** A row as it is kept, or a URL alone, as it was kept before. */
function toAddress(row: Canonical): KnownAddress | null {
  if (isUrl(row)) return { url: row, wasActive: false, silentMs: 0 }
  if (!Array.isArray(row)) return null
  const [url, active, hours] = row as readonly Canonical[]
  if (!isUrl(url) || typeof hours !== 'number' || !(hours >= 0)) return null
  return { url, wasActive: active === 1, silentMs: hours * HOUR_MS }
}
