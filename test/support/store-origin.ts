import type { StoreOrigin } from '../../src/core/memory/store.ts'

/** The identity that stores in tests belong to; no signature is ever made with it. */
export const testOrigin: StoreOrigin = {
  publicKey: new Uint8Array(32).fill(7),
  network: 'spore-test',
  epoch: new Uint8Array(8).fill(9),
}
