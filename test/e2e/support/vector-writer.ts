/**
 * A process that keeps vectors until it is killed: `<folder> <first> <seed>`. After each batch it prints how many are durable. It
 * also removes some, and saves its graph often, so that a kill comes at any of these.
 */
import process from 'node:process'
import { createThreadedVectorIndex } from '../../../src/adapters/vectors/threaded-vector-index.ts'
import { silentLog } from '../../../src/core/base/ports.ts'
import { clustered, numberedId } from '../../support/vectors.ts'

const [folder = '', first = '0'] = process.argv.slice(2)
const items = clustered(1, { count: 20_000, dimension: 16, centres: 50 })
let index = createThreadedVectorIndex({ folder, log: silentLog, exactMax: 100 })
const open = async (): Promise<void> => {
  const opened = await index.open({ model: 'test', dimension: null })
  if (!opened.ok) throw new Error(opened.error.detail)
}
await open()
for (let from = Number(first), turn = 1; from < items.length; from += 40, turn++) {
  const progress = { own: from + 40, foreign: 0, day: 1, spentChars: 0 }
  const put = await index.put(items.slice(from, from + 40), progress)
  if (!put.ok) throw new Error(put.error.detail)
  // Every hundredth is gone again, and stays so.
  await index.remove([numberedId(from)], turn % 2 === 0)
  process.stdout.write(`${from + 40}\n`)
  if (turn % 6 !== 0) continue
  do await index.missing([])
  while (index.status.unbuilt > 0)
  await index[Symbol.asyncDispose]()
  index = createThreadedVectorIndex({ folder, log: silentLog, exactMax: 100 })
  await open()
}
