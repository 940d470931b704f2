/** A process that holds the store in the folder it is given until it is killed: `store-holder.ts <folder>`. */
import { openSqliteStore } from '../../src/adapters/sqlite-store.ts'
import { emptyBatch } from '../../src/core/memory/store.ts'
import { testOrigin } from './store-origin.ts'

const folder = process.argv[2] as string
const store = openSqliteStore(folder, { ...testOrigin, create: () => testOrigin })
// One commit that stays in the write-ahead log when the process is killed.
await store.commit({ ...emptyBatch, values: [{ name: 'held', value: Uint8Array.of(1) }] })
process.stdout.write('holding\n')
setInterval(() => {}, 60_000)
