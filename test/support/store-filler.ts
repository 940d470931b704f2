/**
 * Writes to the store in the folder it is given until the kernel refuses (the caller sets a file size limit), and says
 * what it found as one line of JSON: `store-filler.ts <folder>`.
 */
import { openSqliteStore } from '../../src/adapters/sqlite-store.ts'
import { emptyBatch } from '../../src/core/memory/store.ts'
import { testOrigin } from './store-origin.ts'

const folder = process.argv[2] as string
await using store = openSqliteStore(folder, { ...testOrigin, create: () => testOrigin })
const value = new Uint8Array(50_000).fill(1)
let written = 0
let refusal: unknown
while (!refusal && written < 1000)
  try {
    await store.commit({ ...emptyBatch, values: [{ name: String(written), value }] })
    written++
  } catch (error) {
    refusal = (error as { code?: unknown }).code
  }
let readable = 0
for (let i = 0; i < written; i++) if ((await store.value(String(i)))?.length === value.length) readable++
process.stdout.write(
  JSON.stringify({ written, readable, refusal, unacknowledged: await store.value(String(written)) }),
)
