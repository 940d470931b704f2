import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CHUNK_CHARS_MAX, CHUNK_CHARS_MIN } from '../../../../src/cli/documents/chunk.ts'
import {
  FRONT_MATTER_LINES_MAX,
  markdownChunks,
  PATH_CHARS_MAX,
  plainChunks,
} from '../../../../src/cli/documents/markdown.ts'
import { utf8Length } from '../../../../src/core/base/bytes.ts'
import { TEXT_BYTES_MAX } from '../../../../src/core/protocol/limits.ts'

const sentence = 'A frontier says for every log which entry is expected next. '

describe('Markdown becomes one memory a section', () => {
  it('puts the path of the headings before each section', () => {
    const chunks = markdownChunks(
      'intro\n\n# Spore\n\nalpha\n\n## Frontier\n\nbeta\n\n### Deep ##\ngamma\n## Next\ndelta\n',
    )
    assert.deepEqual(chunks, [
      'intro',
      'Spore\n\nalpha',
      'Spore › Frontier\n\nbeta',
      'Spore › Frontier › Deep\n\ngamma',
      'Spore › Next\n\ndelta',
    ])
  })

  it('reads setext headings, and not what only looks like one', () => {
    assert.deepEqual(markdownChunks('Title\n=====\n\nalpha\n\nSub\n---\nbeta\n'), [
      'Title\n\nalpha',
      'Title › Sub\n\nbeta',
    ])
    assert.deepEqual(markdownChunks('- item\n---\nrest'), ['- item\n---\nrest'])
    assert.deepEqual(markdownChunks('alpha\n\n---\n\nbeta'), ['alpha\n\n---\n\nbeta'])
    assert.deepEqual(markdownChunks('#hash\n\n####### seven\n\n    # code'), [
      '#hash\n\n####### seven\n\n    # code',
    ])
  })

  it('drops formatting of titles and skips levels', () => {
    assert.deepEqual(markdownChunks('### **Bold** `code` [link](http://x)\nalpha\n# Top\nbeta'), [
      'Bold code link\n\nalpha',
      'Top\n\nbeta',
    ])
  })

  it('leaves headings inside code fences alone and keeps a fence whole', () => {
    const fence = `\`\`\`sh\n# not a heading\n\n${'echo spore\n'.repeat(300)}\`\`\``
    const chunks = markdownChunks(`# A\n\n${sentence}\n\n${fence}\n\n## B\ntext`)
    assert.equal(chunks.length, 2)
    assert.ok(chunks[0]?.endsWith(fence) && chunks[0].startsWith(`A\n\n${sentence.trim()}`))
    assert.equal(chunks[1], 'A › B\n\ntext')
    assert.deepEqual(markdownChunks('~~~~\n~~~\n# x\n```\n~~~~\n# H\ny'), [
      '~~~~\n~~~\n# x\n```\n~~~~',
      'H\n\ny',
    ])
    assert.deepEqual(markdownChunks('```\n# never closed\n\ntext'), ['```\n# never closed\n\ntext'])
  })

  it('splits a fence larger than a memory may be, each part still a fence', () => {
    const body = Array.from({ length: 9000 }, (_, i) => `const value${i} = ${i}`)
    const chunks = markdownChunks(`# A\n\n\`\`\`js\n${body.join('\n')}\n\`\`\``)
    assert.ok(chunks.length >= 3)
    for (const chunk of chunks) {
      assert.ok(utf8Length(chunk) <= TEXT_BYTES_MAX)
      assert.match(chunk, /^A\n\n```js\n[^`]*\n```$/)
    }
    assert.deepEqual(
      chunks.flatMap((chunk) => chunk.split('\n').slice(3, -1)),
      body,
    )
  })

  it('keeps front matter as the text before the first heading, and knows a thematic break', () => {
    assert.deepEqual(markdownChunks('---\ntitle: Spores\ntags: [a]\n---\n# H\nx'), [
      'title: Spores\ntags: [a]',
      'H\n\nx',
    ])
    assert.deepEqual(markdownChunks('---\n\nalpha\n\n---\n\n# H\nx'), ['---\n\nalpha\n\n---', 'H\n\nx'])
    const long = `---\na: b\n${'c: d\n'.repeat(FRONT_MATTER_LINES_MAX)}---\n# H\nx`
    assert.ok(markdownChunks(long)[0]?.startsWith('---\na: b'))
  })

  it('gives the same for CRLF, a byte order mark and LF', () => {
    const source = '# A\n\nalpha\nbeta\n\n```\ncode\n```\n\nSub\n---\n\ngamma\n'
    assert.deepEqual(markdownChunks(`\uFEFF${source.replaceAll('\n', '\r\n')}`), markdownChunks(source))
    assert.deepEqual(markdownChunks(source.replaceAll('\n', '\r')), markdownChunks(source))
  })

  it('has nothing to say about an empty document', () => {
    for (const source of ['', '\n\n', '# Only a heading\n', '\uFEFF'])
      assert.deepEqual(markdownChunks(source), [])
  })
})

describe('sizes of chunks', () => {
  it('groups short paragraphs and splits between long ones', () => {
    const paragraphs = Array.from({ length: 40 }, (_, i) => `Paragraph ${i}. ${sentence.repeat(3).trim()}`)
    const chunks = markdownChunks(`# A\n\n${paragraphs.join('\n\n')}`)
    for (const chunk of chunks)
      assert.ok(chunk.length >= CHUNK_CHARS_MIN && chunk.length <= CHUNK_CHARS_MAX + 250)
    assert.deepEqual(
      chunks.flatMap((chunk) => chunk.split('\n\n').slice(1)),
      paragraphs,
    )
  })

  it('splits a huge paragraph at the ends of sentences', () => {
    const chunks = markdownChunks(`# A\n\n${sentence.repeat(200)}`)
    assert.ok(chunks.length > 5)
    for (const chunk of chunks)
      assert.ok(chunk.endsWith('expected next.') && chunk.length <= CHUNK_CHARS_MAX + 3 + CHUNK_CHARS_MIN)
  })

  it('splits text without spaces, and never within a character', () => {
    const cjk = '孢子是一个联邦式的记忆节点。'.repeat(400)
    const chunks = plainChunks(cjk)
    assert.equal(chunks.join(''), cjk)
    for (const chunk of chunks) assert.ok(chunk.length <= CHUNK_CHARS_MAX && chunk.endsWith('。'))
    const emoji = '🍄'.repeat(3000)
    for (const chunk of plainChunks(emoji)) assert.ok(chunk.isWellFormed() && chunk.length <= CHUNK_CHARS_MAX)
    assert.equal(plainChunks(emoji).join(''), emoji)
  })

  it('bounds the path of the headings', () => {
    const [chunk] = markdownChunks(`# ${'x'.repeat(PATH_CHARS_MAX + 1)}\n\ntext`)
    assert.equal(chunk, `${'x'.repeat(PATH_CHARS_MAX)}\n\ntext`)
  })

  it('joins a short end to the chunk before it', () => {
    const chunks = plainChunks(`${sentence.repeat(24).trim()}\n\nThe end.`)
    assert.equal(chunks.length, 1)
    assert.ok(chunks[0]?.endsWith('The end.'))
  })

  it('takes a file of one endless line without quadratic work', () => {
    const line = 'QUJD'.repeat(500_000)
    const chunks = markdownChunks(`\`\`\`\n${line}\n\`\`\``)
    assert.equal(chunks.map((chunk) => chunk.split('\n')[1]).join(''), line)
  })

  it('keeps the indentation of code', () => {
    assert.deepEqual(plainChunks('\n\n  if (a) {\n    b()\n  }\n'), ['  if (a) {\n    b()\n  }'])
  })

  it('loses no word, whatever the document', () => {
    const line = fc.oneof(
      fc.stringMatching(/^[a-z]{1,8}( [a-z]{1,8}){0,30}$/),
      fc.constantFrom('', '```', '~~~', '- item', '> quote', '---', '===', '孢子。', '    indented', '\t'),
      fc.stringMatching(/^[a-z]{1600,1700}$/),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), (lines) => {
        // Under its own heading, so that no paragraph becomes a heading without a text.
        const source = `# h\n\nx\n${lines.filter((each) => !/^[-=]{3}$/.test(each)).join('\n')}`
        const chunks = markdownChunks(source)
        const squeeze = (text: string) => text.replaceAll(/\s+/g, '')
        assert.equal(squeeze(chunks.map((chunk) => chunk.slice(3)).join('')), squeeze(source.slice(3)))
        for (const chunk of chunks) assert.ok(utf8Length(chunk) <= TEXT_BYTES_MAX && chunk.isWellFormed())
      }),
      { numRuns: 200 },
    )
  })
})
