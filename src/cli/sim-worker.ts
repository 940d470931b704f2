/** Runs seeds that the command `sim` hands out, one after the other, on a thread of its own. */
import { parentPort } from 'node:worker_threads'
import { zlibCompression } from '../adapters/compression.ts'
import { runSeed, type SimOptions } from '../sim/run.ts'

/** One seed to run. */
export type SimJob = Omit<SimOptions, 'compression'>

parentPort?.on('message', (job: SimJob) => {
  void runSeed({ ...job, compression: zlibCompression }).then((report) => parentPort?.postMessage(report))
})
