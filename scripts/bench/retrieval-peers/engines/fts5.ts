/** SQLite FTS5 in memory, Porter stems, any of the words (OR), its own BM25: a program's usual choice without a server. */
import { DatabaseSync } from 'node:sqlite'
import { type Engine, plainText } from '../engine.ts'

export function create(): Engine {
  const db = new DatabaseSync(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING fts5(id UNINDEXED, text, tokenize = 'porter unicode61')`)
  const insert = db.prepare('INSERT INTO docs (id, text) VALUES (?, ?)')
  const select = db.prepare('SELECT id FROM docs WHERE docs MATCH ? ORDER BY rank LIMIT ?')
  return {
    add(docs) {
      db.exec('BEGIN')
      for (const doc of docs) insert.run(doc.id, plainText(doc))
      db.exec('COMMIT')
    },
    search(query, limit) {
      const words = query.match(/[\p{L}\p{N}]+/gu) ?? []
      if (words.length === 0) return []
      const match = [...new Set(words)].map((word) => `"${word}"`).join(' OR ')
      return select.all(match, limit).map(({ id }) => id as string)
    },
    [Symbol.asyncDispose]: async () => db.close(),
  }
}
