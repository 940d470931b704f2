/**
 * TfIdf of `natural`: every document is scored, and sorted here. The query goes in as a list of words: given a text, it would
 * take it apart again for each document.
 */
import TfIdf from 'natural/lib/natural/tfidf/tfidf.js'
import { type Engine, plainText } from '../engine.ts'

export function create(): Engine {
  const index = new TfIdf()
  const ids: string[] = []
  return {
    add(docs) {
      for (const doc of docs) {
        index.addDocument(plainText(doc))
        ids.push(doc.id)
      }
    },
    search(query, limit) {
      const words = query.toLowerCase().match(/\w+/g) ?? []
      const scores = index.tfidfs(words)
      return [...scores.keys()]
        .filter((at) => scores[at]! > 0)
        .sort((a, b) => scores[b]! - scores[a]!)
        .slice(0, limit)
        .map((at) => ids[at]!)
    },
    [Symbol.asyncDispose]: async () => {},
  }
}
