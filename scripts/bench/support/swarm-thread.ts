/** The thread of `dissemination.ts`: takes a swarm through its scenarios and tells the figures of each. */
import { parentPort, workerData } from 'node:worker_threads'
import { runSwarmThrough } from '../../../src/sim/swarm.ts'

const { scenarios, ...options } = workerData
await runSwarmThrough(scenarios, { ...options, onReport: (report) => parentPort?.postMessage(report) })
