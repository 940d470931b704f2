/** Fields of a descriptor as a spore of this version would have them; a test changes what it is about. */
import { EMPTY_PROFILE } from '../../src/core/identity/profile.ts'
import { swarmDna } from '../../src/core/protocol/dna.ts'
import type { Descriptor } from '../../src/core/protocol/messages.ts'
import { CAPABILITIES, PROTOCOL_VERSION } from '../../src/core/protocol/version.ts'

export type DescriptorFields = Omit<Descriptor, 'key' | 'signature'>

export function descriptorFields(changes: Partial<DescriptorFields> = {}): DescriptorFields {
  const network = changes.network ?? 'spore-test'
  return {
    url: 'https://spore.example',
    epoch: 'AAECAwQFBgc',
    name: 'ada',
    network,
    version: PROTOCOL_VERSION,
    dna: swarmDna(network),
    capabilities: CAPABILITIES,
    ...EMPTY_PROFILE,
    issued: 0,
    ...changes,
  }
}
