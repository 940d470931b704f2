/**
 * What the hash tables of this spore mix into their keys (`hash-index.ts`): who can choose keys and knew it could make them all
 * meet in one slot. A signature is a secret that nobody else can make and that this spore makes again at every start.
 */
import { utf8ToBytes } from '../base/bytes.ts'
import { readWord } from '../base/columns.ts'
import { sha256 } from '../base/hash.ts'
import type { Signer } from '../identity/keys.ts'

/** No message of the protocol has this form. */
const DOMAIN = 'spore/set/secret/1'

/** 32 bits. */
export const tableSecret = (signer: Signer): number => readWord(sha256(signer.sign(utf8ToBytes(DOMAIN))), 0)
