/** The scorer of `natural` that a benchmark compares with, by deep import as the others. */
declare module 'natural/lib/natural/tfidf/tfidf.js' {
  export default class TfIdf {
    addDocument(text: string): void
    /** One score a document, in the order in which they were added. */
    tfidfs(terms: readonly string[]): number[]
  }
}
