/**
 * Text in a page of HTML. Names, seeds and questions of a report may come from a stranger: what is written is text, in an element or in
 * a quoted attribute, whatever it says (CWE-79).
 */
import { printable } from '../../terminal-text.ts'

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

export const escapeHtml = (text: string): string =>
  printable(text)
    .toWellFormed()
    .replace(/[&<>"'`]/g, (mark) => ENTITIES[mark] as string)
