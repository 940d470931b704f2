/** The twin in memory keeps the contract of the port. */
import { createMemoryVectorIndex } from '../../../../src/core/retrieval/memory-vector-index.ts'
import { vectorIndexContract } from '../../../contract/vector-index.ts'

vectorIndexContract('in memory', async () => ({
  index: createMemoryVectorIndex(),
  reopen: null,
  async [Symbol.asyncDispose]() {},
}))
