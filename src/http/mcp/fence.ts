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
  // `<` before "data" in any spelling would look like our own tag; author and trust are not free text.
  const harmless = text.replace(/<(?=\s*\/?\s*data\b)/gi, '‹')
  return `<data author="${(author ?? 'unknown').replace(/[^\w:.-]/g, '')}" trust="${trust ?? 'unknown'}">\n${harmless}\n</data>`
}
