/** What people do with simulated spores: they remember, retract, look, and ask again where they got no answer. */
import type { Digest, SpaceId } from '../core/base/brand.ts'
import { encodeCanonical } from '../core/base/canonical.ts'
import { bytesToDigest, cidToDigest, sha256 } from '../core/base/hash.ts'
import type { RememberInput } from '../core/protocol/api.ts'
import { KINDS } from '../core/protocol/kinds.ts'
import { encodeMemory, encodeRetract } from '../core/protocol/payloads.ts'
import type { Engine } from './engine.ts'
import { type SimNode, textOf } from './node.ts'
import type { World } from './world.ts'

/** A request that may have to be sent again, with its idempotency keys. */
interface Sent {
  readonly inputs: readonly RememberInput[]
  readonly life: number
}

export interface Workload {
  /** Begins; operations come until `stop`. */
  start(): void
  stop(): void
  /** True where every spore that is up has answered everything. */
  isIdle(): boolean
  /** Sends again what a spore never answered. */
  resend(node: SimNode): void
}

/** Texts that several authors may remember. */
const SHARED_TEXTS = 12
/** Kinds that no version knows yet. */
const UNKNOWN_KIND = 200
/** Words of a text that fills segments. */
const LONG_TEXT_WORDS = 4000

export function createWorkload(world: World): Workload {
  const { scheduler, history, plan, report, note } = world
  const random = world.random.stream('workload')
  /** Requests without an answer, by the place of the spore they went to. */
  const open = new Map<number, Set<Sent>>()
  /** Operations that a life of a spore has not answered. */
  const underWay = new Map<string, number>()
  /** Memories that were remembered somewhere, to retract. */
  const remembered: { readonly id: string; readonly input: RememberInput }[] = []
  let isOn = false
  let written = 0

  const upNodes = (): SimNode[] => world.nodes.filter(({ engine }) => engine !== null)

  // --- Remember ---

  const newInput = (node: SimNode): RememberInput => {
    const isShared = random.chance(0.3)
    const space = !isShared && random.chance(0.1) ? 'private' : 'commons'
    const n = isShared ? random.integer(1, SHARED_TEXTS) : ++written
    const text = isShared ? `shared thought ${n}` : `note ${n} of ${node.name} in ${space}`
    const isLong = random.chance(0.02)
    return {
      text: isLong ? `${text} ${'word '.repeat(LONG_TEXT_WORDS)}` : text,
      space,
      ...(random.chance(0.2) ? { tags: ['a', 'b'] } : {}),
      ...(isShared ? {} : { key: `key ${n}` }),
    }
  }

  const remember = (node: SimNode, inputs: readonly RememberInput[]): void => {
    const { engine, place, lives } = node
    if (!engine) return
    // Nothing is expected of one that equivocates: what it writes may be there or not.
    if (!node.isHonest) {
      for (const input of inputs) history.begin(place, elementOf(input), spaceOf(input))
      follow(node, engine.remember(inputs), () => {})
      return
    }
    const sent: Sent = { inputs, life: lives }
    const ofNode = open.get(place) ?? new Set()
    open.set(place, ofNode.add(sent))
    for (const input of inputs) history.begin(place, elementOf(input), spaceOf(input))
    follow(node, engine.remember(inputs), (answers) => {
      ofNode.delete(sent)
      for (const [i, answer] of answers.entries()) {
        const input = inputs[i] as RememberInput
        const element = elementOf(input)
        if (answer.ok) {
          history.remembered(place, element)
          if (cidToDigest(answer.value.id) !== element)
            report('history', `${node.name} calls it ${answer.value.id}`)
          if (!node.audit.carries(element))
            report('acknowledged-write-lost', `${node.name} acknowledged ${element} that is not on its disk`)
          remembered.push({ id: answer.value.id, input })
        } else {
          history.failed(place, element, answer.error.code === 'STORE_WRITE_FAILED')
          if (answer.error.code !== 'STORE_WRITE_FAILED')
            report('own-write', `${node.name}: ${answer.error.code} ${answer.error.detail}`)
        }
      }
    })
  }

  const resend = (node: SimNode): void => {
    const ofNode = open.get(node.place)
    if (!ofNode || !node.engine) return
    for (const sent of [...ofNode]) {
      ofNode.delete(sent)
      // Only what has a key may be sent twice.
      const keyed = sent.inputs.filter(({ key }) => key !== undefined)
      if (keyed.length === 0 || !node.isHonest) continue
      note('a client asked again')
      if (keyed.some((input) => node.audit.carries(elementOf(input))))
        note('a client asked again for what was written')
      remember(node, keyed)
    }
  }

  // --- Retract ---

  const retract = (node: SimNode, id: string): void => {
    const { engine, place } = node
    const element = cidToDigest(id) as Digest
    if (!engine) return
    if (!node.isHonest) {
      follow(node, engine.retract(id), () => {})
      return
    }
    history.begin(place, element)
    follow(node, engine.retract(id), (answer) => {
      if (answer.ok) {
        history.retracted(place, element)
        note(answer.value.visible ? 'others still carry what was retracted' : 'a memory vanished')
      } else {
        const { code, detail } = answer.error
        history.failed(place, element, code === 'STORE_WRITE_FAILED')
        if (!['STORE_WRITE_FAILED', 'MEMORY_NOT_FOUND', 'RETRACT_FOREIGN'].includes(code))
          report('own-write', `${node.name} retract: ${code} ${detail}`)
      }
    })
  }

  /** Retracts and remembers again before there is an answer: both may meet in one commit. */
  const changeMind = (node: SimNode): void => {
    const { id, input } = random.pick(remembered)
    const { key: _, ...same } = input
    note('a memory was retracted and remembered at once')
    retract(node, id)
    remember(node, [same])
    if (random.chance(0.3)) retract(node, id)
  }

  /** Names dots that others wrote, as only a hostile author would. */
  const retractForeign = (node: SimNode, engine: Engine): void => {
    const logs = [...node.audit.logs()].filter(({ entries }) => entries.length > 0)
    if (!engine.append || logs.length === 0) return
    const { row, entries } = random.pick(logs)
    const seqs = [random.integer(0, entries.length - 1)]
    const isOwn = Buffer.compare(row.publicKey, node.publicKey) === 0
    if (isOwn) return
    note('somebody named dots of another')
    const payload = encodeRetract({ dots: [{ epoch: row.epoch, seqs }] })
    follow(node, engine.append(COMMONS, KINDS.retract, payload), () => {})
  }

  /** Entries as later versions may write them: unknown kinds, unknown fields. */
  const writeStrange = (node: SimNode, engine: Engine): void => {
    if (!engine.append) return
    note('an entry of a later version was written')
    const text = `strange ${++written}`
    const [kind, payload] = random.chance(0.5)
      ? [UNKNOWN_KIND, encodeCanonical({ later: text })]
      : [KINDS.memory, encodeCanonical({ later: true, text })]
    follow(node, engine.append(COMMONS, kind, payload), () => {})
  }

  // --- One operation after the other ---

  const follow = <T>(node: SimNode, work: Promise<T>, then: (value: T) => void): void => {
    const { lives } = node
    const life = `${node.place} ${lives}`
    underWay.set(life, (underWay.get(life) ?? 0) + 1)
    work.then(
      (value) => {
        underWay.set(life, (underWay.get(life) ?? 0) - 1)
        if (node.lives === lives) then(value)
      },
      (error: unknown) => report('broken', `${node.name}: an operation threw ${textOf(error)}`),
    )
  }

  const operate = (): void => {
    const nodes = upNodes()
    if (nodes.length === 0) return
    const node = random.pick(nodes)
    const engine = node.engine as Engine
    const dice = random.float()
    if (dice < 0.55) remember(node, [newInput(node)])
    else if (dice < 0.63)
      remember(
        node,
        many(random.integer(2, 30), () => newInput(node)),
      )
    else if (dice < 0.645)
      remember(
        node,
        many(random.integer(200, 500), () => newInput(node)),
      )
    else if (dice < 0.79 && remembered.length > 0) retract(node, random.pick(remembered).id)
    else if (dice < 0.82 && remembered.length > 0) changeMind(node)
    else if (dice < 0.86) retractForeign(node, engine)
    else if (dice < 0.9) writeStrange(node, engine)
    else if (dice < 0.94) follow(node, engine.look('shared thought'), () => {})
    // Requests that meet in one commit.
    else for (const input of many(3, () => newInput(node))) remember(node, [input])
  }

  const next = (): void => {
    const delayMs = -Math.log(1 - random.float()) * plan.operationMs
    scheduler.after(delayMs, null, () => {
      if (!isOn) return
      operate()
      next()
    })
  }

  return {
    start() {
      isOn = true
      next()
    },
    stop() {
      isOn = false
    },
    isIdle: () => world.nodes.every(({ place, lives }) => !underWay.get(`${place} ${lives}`)),
    resend,
  }
}

const COMMONS = 'commons' as SpaceId
const spaceOf = (input: RememberInput): SpaceId => (input.space ?? COMMONS) as SpaceId

/** The digest of the payload that an input becomes. */
function elementOf({ text, tags, thread, position, speaker, sources }: RememberInput): Digest {
  const payload = encodeMemory({
    text,
    tags: tags ?? [],
    thread: thread ?? null,
    position: position ?? null,
    speaker: speaker ?? null,
    sources: sources ?? [],
  })
  return bytesToDigest(sha256(payload))
}

const many = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make)
