import { createMemoryStore } from '../../../../src/core/memory/memory-store.ts'
import { testStoreContract } from '../../../contract/store.ts'
import { testOrigin } from '../../../support/store-origin.ts'

testStoreContract('in-memory store', async () => {
  const store = createMemoryStore(testOrigin)
  return { store, reopen: null, breakWrites: null, close: async () => {} }
})
