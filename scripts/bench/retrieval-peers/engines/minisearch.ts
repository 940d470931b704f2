/** MiniSearch with its defaults: OR of the words, BM25+, neither prefixes nor misspellings (each costs it time and quality). */
import { type Engine, plainText } from '../engine.ts'
import { loadEngine } from '../install.ts'

interface MiniSearch {
  addAll(docs: readonly { id: string; text: string }[]): void
  search(query: string): { id: string }[]
}

export async function create(): Promise<Engine> {
  const { default: Index } = (await loadEngine('minisearch')) as {
    default: new (options: { fields: string[] }) => MiniSearch
  }
  const index = new Index({ fields: ['text'] })
  return {
    add: (docs) => index.addAll(docs.map((doc) => ({ id: doc.id, text: plainText(doc) }))),
    search: (query, limit) =>
      index
        .search(query)
        .slice(0, limit)
        .map(({ id }) => id),
    [Symbol.asyncDispose]: async () => {},
  }
}
