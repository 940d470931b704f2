/** The in-memory twin of the port for snapshots. */
import { describe } from 'node:test'
import { createMemorySnapshots } from '../../../../src/core/retrieval/snapshots.ts'
import { testSnapshots } from '../../../contract/snapshots.ts'

describe('snapshots in memory', () => testSnapshots(async () => createMemorySnapshots()))
