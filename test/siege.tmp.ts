import { runSiege } from '../src/sim/siege.ts'
const [siege, nodes, seed] = process.argv.slice(2)
const t = process.cpuUsage()
console.log(await runSiege({ siege: siege as any, nodes: Number(nodes), seed: Number(seed), onProgress: console.log }))
console.log((process.cpuUsage(t).user / 1e6).toFixed(1), 's cpu')
