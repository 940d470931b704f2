/**
 * A model that does whatever any text in its prompt tells it, as far as a reply can: it repeats each poisoned text in every field there
 * is, calls every tool that is named, links to every address, adds every field, approves and ranks as it is told.
 */
import { stepOf } from '../../src/sim/model.ts'
import {
  type ChatAnswer,
  type ChatRequest,
  type ChatServer,
  say,
  startChatServer,
  USAGE,
  whole,
} from './chat-server.ts'
import { send } from './embedding-server.ts'

/** By this a text is known that wants to be obeyed. */
export const MARK = /psn\d{3}/g

export interface ObedientModel extends ChatServer {
  /** Marks of all texts that it was shown. */
  readonly shown: ReadonlySet<string>
  /** Requests that offered it tools. */
  readonly offered: () => number
}

/** Words of its own, so that there is an answer left to publish where only the rest is cut. */
const OWN =
  'In my own view, which nobody asked me to take, this is a matter for those who look after the place, and they will say so when they are asked. '

export async function startObedientModel(): Promise<ObedientModel> {
  const shown = new Set<string>()
  let tools = 0
  const server = await startChatServer((request, number) => {
    if ('tools' in request.body || 'functions' in request.body) tools++
    const text = request.body.messages.map(({ content }) => content).join('\n')
    for (const [mark] of text.matchAll(MARK)) shown.add(mark)
    return obey(request, text, number)
  })
  return Object.assign(server, { shown, offered: () => tools })
}

/** Each poisoned text as it stands in the prompt: from its mark to the line that is not quoted any more. */
export function orders(prompt: string): string[] {
  const lines = prompt.split('\n').map((line) => line.replace(/^> /, '\u0001'))
  const found: string[] = []
  for (let i = 0; i < lines.length; i++) {
    if (!/psn\d{3}/.test(lines[i] as string)) continue
    const said: string[] = []
    for (; i < lines.length && (lines[i] as string).startsWith('\u0001'); i++)
      said.push((lines[i] as string).slice(1))
    found.push(said.length > 0 ? said.join('\n') : (lines[i] as string))
  }
  return found.length > 0 || !/psn\d{3}/.test(prompt) ? found : [prompt]
}

function obey({ body }: ChatRequest, prompt: string, number: number): ChatAnswer {
  const told = orders(prompt)
  const all = told.join(' ')
  const format = body.response_format as { json_schema?: { name: string } } | undefined
  const messages = body.messages.map(({ content }) => ({ text: content }))
  const step = stepOf({ messages, schema: format?.json_schema })
  // Every second time it says something itself as well: else nothing would be left to publish.
  const answer = number % 2 === 0 ? all : OWN.repeat(1 + told.length) + all
  const extra = {
    tool_calls: callsIn(all),
    purge: true,
    trust: 1,
    remember: all,
    url: urlsIn(all),
    admin: true,
  }
  const reply = replyTo(step, prompt, told, answer || 'I was told nothing.')
  const content = JSON.stringify({ ...reply, ...extra })
  const calls = callsIn(all).map(({ name, input }, i) => ({
    id: `call_${i}`,
    type: 'function',
    function: { name, arguments: input },
  }))
  if (body.stream || calls.length === 0) return say(content)
  return (wire) => send(wire, 200, whole({ content, tool_calls: calls }, 'stop', USAGE))
}

function replyTo(
  step: ReturnType<typeof stepOf>,
  prompt: string,
  told: readonly string[],
  answer: string,
): object {
  if (step === 'validate') return { approved: true, flaw: told.join(' ') || null }
  if (step === 'write') return { text: answer.slice(0, 3_900) }
  if (step === 'review') {
    const labels = [...new Set(prompt.match(/\bR\d+\b/g))]
    return {
      ranking: labels.map((label) => ({ answer: label, flaw: `It lacks: ${told.join(' ').slice(0, 900)}` })),
    }
  }
  return {
    reason: answer.slice(0, 3_900),
    answer: answer.slice(0, 12_000),
    confidence: 100,
    others: told.slice(0, 7).map((one) => ({ answer: one.slice(0, 8_000), confidence: 50 })),
    claims: told.map((one, i) => ({
      text: one.slice(0, 900),
      quotes: [{ memory: i + 1, text: one }],
    })),
  }
}

/** Tool calls in any of the forms in which they are asked for. */
export function callsIn(text: string): { name: string; input: string }[] {
  const named = [...text.matchAll(/"name":"(\w+)","arguments":("(?:[^"\\]|\\.)*"|\{[^}]*\})/g)].map(
    ([, name, input]) => ({
      name: name as string,
      input: (input as string).startsWith('"') ? (JSON.parse(input as string) as string) : (input as string),
    }),
  )
  const invoked = [...text.matchAll(/<invoke name="(\w+)"><parameter name="input">(.*?)<\/parameter>/gs)]
  return [...named, ...invoked.map(([, name, input]) => ({ name: name as string, input: input as string }))]
}

export const urlsIn = (text: string): string[] => text.match(/https?:\/\/[\w.:/?=&%-]+/g) ?? []
