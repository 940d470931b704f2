/**
 * Orama with its defaults (BM25, any of the words, and words that begin with one), with its English stemmer and its package of
 * English stop words: without these it follows `the` and all that begins like it, ten times slower and to worse hits.
 */
import { type Engine, plainText } from '../engine.ts'
import { loadEngine } from '../install.ts'

interface Orama {
  create(options: object): unknown
  insertMultiple(db: unknown, docs: readonly object[], batchSize?: number): string[] | Promise<string[]>
  search(
    db: unknown,
    query: { term: string; limit: number },
  ): { hits: { id: string }[] } | Promise<{ hits: { id: string }[] }>
}

/** All that come in one call are one batch: between batches it waits by a timer. */
const BATCH = 1_000_000

export async function create(): Promise<Engine> {
  const orama = (await loadEngine('@orama/orama')) as Orama
  const { stopwords: stopWords } = (await loadEngine('@orama/stopwords/english')) as { stopwords: string[] }
  const db = await orama.create({
    schema: { text: 'string' },
    components: { tokenizer: { language: 'english', stemming: true, stopWords } },
  })
  return {
    async add(docs) {
      const rows = docs.map((doc) => ({ id: doc.id, text: plainText(doc) }))
      await orama.insertMultiple(db, rows, BATCH)
    },
    search: async (query, limit) => (await orama.search(db, { term: query, limit })).hits.map(({ id }) => id),
    [Symbol.asyncDispose]: async () => {},
  }
}
