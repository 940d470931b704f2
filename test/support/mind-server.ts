/**
 * A provider on loopback whose models reason by a script: each request of the swarm is answered in the form of its step, with the
 * opinion that the script has. The wire is that of `chat-server.ts`; the opinions are those of the simulator.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Opinion, replyOf, type Step, stepOf } from '../../src/sim/model.ts'
import { type ChatAnswer, type ChatRequest, type ChatServer, say, startChatServer } from './chat-server.ts'

/** What a model is asked. */
export interface Thinking {
  /** As the provider calls it. */
  readonly model: string
  readonly step: Step
  /** All that stands in the request. */
  readonly text: string
  /** Of all requests, from 0. */
  readonly number: number
}

export interface MindServer extends ChatServer {
  /** What models think from now on; a whole answer of the wire where they go wrong. */
  think: (thinking: Thinking) => Opinion | ChatAnswer
  /** Milliseconds before each answer. */
  delayMs: number
}

export async function startMindServer(think: MindServer['think'], delayMs = 0): Promise<MindServer> {
  const server = await startChatServer((request, number) => {
    const thinking = thinkingOf(request, number)
    const thought = mind.think(thinking)
    const answer =
      typeof thought === 'function'
        ? thought
        : say(JSON.stringify(replyOf(thinking.step, thinking.text, thought)))
    return mind.delayMs === 0 ? answer : later(answer, mind.delayMs)
  })
  const mind: MindServer = Object.assign(server, { think, delayMs })
  return mind
}

/** An answer that is ready after a while, unless nobody waits for it any more. */
export const later =
  (answer: ChatAnswer, ms: number): ChatAnswer =>
  (reply, request) =>
    void sleep(ms).then(() => reply.destroyed || answer(reply, request))

function thinkingOf({ body }: ChatRequest, number: number): Thinking {
  const messages = body.messages.map(({ content }) => ({ text: content }))
  const format = body.response_format as { json_schema?: { name: string } } | undefined
  const step = stepOf({ messages, schema: format?.json_schema })
  return { model: body.model, step, text: messages.map(({ text }) => text).join('\n'), number }
}
