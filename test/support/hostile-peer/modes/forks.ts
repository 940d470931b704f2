/** Authors that tell everybody another story. */
import { FRAMES_MEDIA_TYPE } from '../../../../src/core/protocol/frame.ts'
import { CBOR_MEDIA_TYPE, decodePull } from '../../../../src/core/protocol/messages.ts'
import { createAuthor } from '../author.ts'
import { headsOf, send } from '../listener.ts'
import { ask, befriend, type Mode, pause } from '../mode.ts'

/** Branches of each log. */
const BRANCHES = 3

export const forks: Mode = {
  says: 'signs several branches of each of its logs, and tells each spore another one, and whoever asks a third',
  isCut: true,
  async run(context) {
    const { persona, network, targets, signal } = context
    const branchesOf = (log: number) =>
      Array.from({ length: BRANCHES }, (_, branch) => {
        const author = createAuthor({ signer: persona.signer, network, epoch: `fork ${log}` })
        author.append([`${log}: the same`, `${log}: branch ${branch}`, `${log}: branch ${branch} goes on`])
        return author
      })
    const all: ReturnType<typeof branchesOf>[] = []
    const url = await context.serve({
      heads: ({ reply }) =>
        send(
          reply,
          CBOR_MEDIA_TYPE,
          headsOf(
            all.slice(-1000).flatMap((branches) => branches.at(-1)?.row() ?? []),
            'forks',
          ),
        ),
      pull: ({ reply, body }) => {
        const ranges = decodePull(body)
        const wanted = new Set(ranges.ok ? ranges.value.map(({ logId }) => logId) : [])
        const frames = all.flatMap((branches) => {
          const last = branches.at(-1)
          return last && wanted.has(last.logId) ? [last.frame(0)] : []
        })
        send(reply, FRAMES_MEDIA_TYPE, Buffer.concat(frames))
      },
    })
    const equivocate = async (): Promise<void> => {
      for (let log = 0; !signal.aborted; log++) {
        const branches = branchesOf(log)
        all.push(branches)
        for (const [i, target] of targets.entries()) {
          const told = branches[i % BRANCHES]
          if (told) await ask(context, pushOf(target, told.frame(0)))
        }
        await pause(10, signal)
      }
    }
    await Promise.all([befriend(context, url), equivocate()])
  },
}

export const pushOf = (target: string, body: Uint8Array) => ({
  method: 'POST' as const,
  target,
  path: '/federation/v1/push',
  body,
  type: FRAMES_MEDIA_TYPE,
})
