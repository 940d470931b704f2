/**
 * `natural` has types only for its root, which loads database drivers and prints to stdout. We import one file of
 * it, so that file is declared here.
 */
declare module 'natural/lib/natural/stemmers/porter_stemmer.js' {
  const porterStemmer: {
    /** Stem of one lower-case English word (Porter 1980). Quadratic in the word's length: bound it. */
    stem(word: string): string
  }
  export default porterStemmer
}
