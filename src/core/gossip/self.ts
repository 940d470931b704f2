/** This spore's own descriptor: signed once, and anew when what it says changes or long before it expires. */
import { bytesToBase64url } from '../base/bytes.ts'
import type { Clock } from '../base/ports.ts'
import { signDescriptor } from '../identity/descriptor.ts'
import type { Signer } from '../identity/keys.ts'
import { EMPTY_PROFILE, normalProfile, type Profile } from '../identity/profile.ts'
import { swarmDna } from '../protocol/dna.ts'
import type { Descriptor } from '../protocol/messages.ts'
import { CAPABILITIES, PROTOCOL_VERSION } from '../protocol/version.ts'

export interface Self {
  /** The descriptor as of now; anyone may have it. */
  descriptor(): Descriptor
  /** Where this spore answers; null where no other can reach it, and before it is known. */
  readonly url: string | null
  moveTo(url: string | null): void
}

export interface SelfOptions {
  readonly name: string
  readonly network: string
  readonly profile?: Profile
}

export interface SelfDeps {
  readonly signer: Signer
  readonly clock: Clock
  /** Epoch of the own logs at the time. */
  readonly epoch: () => Uint8Array
}

/** A signature is used this long: whoever gets it last still has it valid for 23 of its 24 hours. */
export const SIGN_AGAIN_MS = 60 * 60 * 1000

export function createSelf(options: SelfOptions, { signer, clock, epoch }: SelfDeps): Self {
  const { name, network, profile = EMPTY_PROFILE } = options
  const constant = {
    name,
    network,
    version: PROTOCOL_VERSION,
    dna: swarmDna(network),
    capabilities: CAPABILITIES,
    ...normalProfile(profile),
  }
  let url: string | null = null
  let signed: Descriptor | null = null

  /** Also false where the clock was set back: the descriptor would be from the future. */
  const isCurrent = ({ issued, epoch: ofEpoch, url: ofUrl }: Descriptor, now: string): boolean => {
    const ageMs = clock.now() - issued
    return ofUrl === url && ofEpoch === now && ageMs >= 0 && ageMs < SIGN_AGAIN_MS
  }

  return {
    descriptor() {
      const now = bytesToBase64url(epoch())
      if (!signed || !isCurrent(signed, now))
        signed = signDescriptor({ ...constant, url, epoch: now, issued: clock.now() }, signer)
      return signed
    },
    get url() {
      return url
    },
    moveTo(next) {
      url = next
    },
  }
}
