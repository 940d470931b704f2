/** The one function of `natural` that config uses, by deep import: the package's root prints and loads drivers. */
declare module 'natural/lib/natural/distance/jaro-winkler_distance.js' {
  /** Jaro–Winkler similarity in [0, 1], 1 for equal texts. */
  const similarity: (a: string, b: string, options?: { readonly ignoreCase?: boolean }) => number
  export default similarity
}
