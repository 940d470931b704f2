/**
 * Foreign text as data: a model must be able to tell what was said to it from what it is shown. The fence names author
 * and trust, and nothing inside can close it.
 */

export interface Quoted {
  readonly text: string
  /** Null where nobody knows it: such a text is foreign. */
  readonly author: string | null
  readonly trust: number | null
}

/** Fences the text of another author; that of `own` comes as it is. */
export function fence({ text, author, trust }: Quoted, own: string): string {
  if (author === own) return text
  // Author and trust are not free text.
  return `<data author="${(author ?? 'unknown').replace(/[^\w:.-]/g, '')}" trust="${trust === null ? 'unknown' : Math.round(trust * 1000) / 1000}">\n${harmless(text)}\n</data>`
}

/** Without any `<` before "data", in whatever spelling: it would look like our own tag. What is harmless stays as it is. */
export const harmless = (text: string): string => text.replace(/<(?=\s*\/?\s*data\b)/gi, '‹')
