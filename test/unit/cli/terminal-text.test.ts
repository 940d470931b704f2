import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { indent, oneLine, printable, toJsonLine } from '../../../src/cli/terminal-text.ts'

describe('text on a terminal', () => {
  it('loses what could command the terminal or turn the text around, and keeps lines and tabs', () => {
    const hostile = '\u001b[31m\u0007a\u009bb\u202ec\u2066d\u0000e\u007f'
    const shown = printable(`${hostile}\n\tf\r\ng`)
    assert.match(shown, /^\uFFFD\[31m\uFFFDa\uFFFDb\uFFFDc\uFFFDd\uFFFDe\uFFFD\n\tf\ng$/)
    assert.equal(printable('Größe 孢子 🍄 עברית'), 'Größe 孢子 🍄 עברית')
  })

  it('is cut to one line by characters, not by halves of them', () => {
    assert.equal(oneLine(' a\n\n b\t c ', 10), 'a b c')
    assert.equal(oneLine('🍄🍄🍄🍄', 3), '🍄🍄…')
    assert.equal(indent('a\n\nb', '  '), '  a\n\n  b')
  })

  it('is JSON that a terminal does not obey either', () => {
    const value = { text: '\u001b[2J\u009b31m\u2028' }
    const line = toJsonLine(value)
    assert.ok(!line.includes('\u001b') && !line.includes('\u009b') && !line.includes('\u2028'))
    assert.deepEqual(JSON.parse(line), value)
  })
})
