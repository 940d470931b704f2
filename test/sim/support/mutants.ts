/**
 * Planted bugs: ways in which the core could be wrong, as patches of its source. A simulator that does not catch each of them
 * proves nothing. The code itself has no switch for any.
 */
import type { ScenarioName } from '../../../src/sim/plan.ts'
import type { CheckerName } from '../../../src/sim/violation.ts'
import { TASK_MUTANTS } from './task-mutants.ts'

export interface Patch {
  /** Below `src/`. */
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly find: string
  readonly replace: string
}

export interface Mutant {
  readonly name: string
  readonly patches: readonly Patch[]
  /** Where it is looked for first; CI runs every scenario anyway. */
  readonly scenario: ScenarioName
  /** Any of these has to say so. */
  readonly caughtBy: readonly CheckerName[]
}

export const MUTANTS: readonly Mutant[] = [
  ...TASK_MUTANTS,
  {
    name: 'skip the fsync',
    patches: [{ file: 'sim/disk.ts', find: 'await sync(life)\n', replace: '\n' }],
    scenario: 'S2',
    caughtBy: ['acknowledged-write-lost', 'visible-before-durable'],
  },
  {
    name: 'acknowledge before the write',
    patches: [
      {
        file: 'core/memory/writer.ts',
        find: 'await store.commit(result.batch)',
        replace: 'void store.commit(result.batch).catch(() => {})',
      },
    ],
    scenario: 'S2',
    caughtBy: ['acknowledged-write-lost', 'visible-before-durable'],
  },
  {
    name: 'let the last writer win over an add',
    patches: [
      {
        file: 'core/memory/or-set.ts',
        find: 'const now = count + (holds ? 1 : -1)',
        replace: 'const now = holds ? count + 1 : 0',
      },
    ],
    scenario: 'N2',
    caughtBy: ['visible-set', 'history'],
  },
  {
    name: 'ignore a gap in a log',
    patches: [
      {
        file: 'core/memory/draft.ts',
        find: 'const isAbove = run.from > row.next',
        replace: 'const isAbove = false',
      },
      {
        file: 'core/memory/draft.ts',
        find: 'const duplicate = row.next - run.from',
        replace: 'const duplicate = Math.max(0, row.next - run.from)',
      },
    ],
    scenario: 'N7',
    caughtBy: ['chain', 'signature', 'applied-twice'],
  },
  {
    name: 'keep no nonces',
    patches: [
      {
        file: 'core/gossip/nonces.ts',
        find: 'if (seen.has(nonce)) return',
        replace: 'if (false) return',
      },
    ],
    scenario: 'N1',
    caughtBy: ['replay'],
  },
  {
    name: "retract others' dots",
    patches: [
      {
        file: 'core/memory/memory.ts',
        find: 'const logId = logIdOf({ publicKey, space, epoch })',
        replace:
          'const named = [...logs.values()].find(({ row }) => Buffer.compare(row.epoch, epoch) === 0)\n' +
          'const logId = named?.row.logId ?? logIdOf({ publicKey, space, epoch })',
      },
    ],
    scenario: 'N2',
    caughtBy: ['visible-set', 'history'],
  },
  {
    name: 'apply what lies behind the verified head',
    patches: [
      {
        file: 'core/memory/run-check.ts',
        find: 'if (!equalBytes(chain.value(), run.chain))',
        replace:
          'const covered = { logId, seq: seq - 1, chain: run.chain, clock: clocks[count - 2] as number }\n' +
          'if (\n' +
          'count > 1 && context.verifier.verify(run.log.publicKey, headBytes(context.network, covered), run.signature)\n' +
          ')\n' +
          'return { position, failure: null, isSigned: true }\n' +
          'if (!equalBytes(chain.value(), run.chain))',
      },
    ],
    scenario: 'N7',
    caughtBy: ['chain', 'signature'],
  },
  {
    name: 'hash a float',
    patches: [
      {
        file: 'core/memory/clock.ts',
        find: 'Math.max(nowMs * TICKS_PER_MS, last + 1)',
        replace: 'Math.max(nowMs * TICKS_PER_MS, last + 0.5)',
      },
      {
        file: 'core/base/canonical.ts',
        find: 'if (!Number.isSafeInteger(value)) throw new TypeError',
        replace:
          'if (!Number.isInteger(value)) {\n' +
          'const double = Buffer.alloc(9)\n' +
          'double[0] = 0xfb\n' +
          'double.writeDoubleBE(value, 1)\n' +
          'this.reserve(9)\n' +
          'double.copy(this.buffer, this.length)\n' +
          'this.length += 9\n' +
          'return\n' +
          '}\n' +
          'if (!Number.isSafeInteger(value)) throw new TypeError',
      },
    ],
    scenario: 'N2',
    caughtBy: ['canonical'],
  },
  {
    name: 'keep every peer',
    patches: [
      {
        file: 'core/gossip/peers.ts',
        find: 'if (peers.size >= PEERS_MAX) return null',
        replace: '',
      },
      {
        file: 'core/gossip/views.ts',
        find: 'return passive <= PASSIVE_MAX ? [] : drop(',
        replace: 'return passive >= 0 ? [] : drop(',
      },
    ],
    scenario: 'N7',
    caughtBy: ['bounds'],
  },
  {
    name: 'encode again before hashing',
    patches: [
      {
        file: 'core/protocol/run.ts',
        find: 'else writeSha256(payload as Uint8Array, headers, at)',
        replace: 'else writeSha256(encodedAgain(payload as Uint8Array), headers, at)',
      },
      {
        file: 'core/protocol/run.ts',
        find: 'const malformed = (what: string)',
        replace:
          "import { decodeMemory, encodeMemory } from './payloads.ts'\n" +
          'function encodedAgain(payload: Uint8Array): Uint8Array {\n' +
          'const memory = decodeMemory(payload)\n' +
          'return memory ? encodeMemory(memory) : payload\n' +
          '}\n' +
          'const malformed = (what: string)',
      },
    ],
    scenario: 'N2',
    caughtBy: ['liveness', 'history'],
  },
]
