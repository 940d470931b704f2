/**
 * A name for what an analyser makes of texts: another one where a sample with something of everything comes out in another way.
 * An index that was kept under another name is made again; tokens of two analysers in one index would not find one another.
 */
import { utf8ToBytes } from '../base/bytes.ts'
import { bytesToDigest, sha256 } from '../base/hash.ts'
import type { Analyser } from './analysis.ts'
import { STOP_WORDS } from './stop-words.ts'

const SAMPLE = [
  'The quick brown foxes are jumping over lazier dogs; nationalities, organisation and its relational generalizations.',
  'fooBarBaz snake_case_word a/b.ts:12 don’t Ada’s HTTPServer2 foo::bar e-mail user@example.org C# v1.2.3 #tag 42',
  'Straße ﬁne Ångström naïve İstanbul ΣΊΣΥΦΟΣ Привет мир שלום العربية हिन्दी',
  '東京都に住んでいます 漢字 ภาษาไทย ລາວ ខ្មែរ မြန်မာ カタカナー 한국어',
  '👍🏽 🚀 word\u200djoined \ud800 lone',
  'x'.repeat(300),
  `${'ab'.repeat(100)}.${'cd'.repeat(100)}`,
]

export function analysisForm({ tokens, parts }: Analyser): string {
  const seen = [...SAMPLE, [...STOP_WORDS].join(' ')].map((text) =>
    [...tokens(text)].map(([token, count]) => [token, count, parts(token)]),
  )
  return bytesToDigest(sha256(utf8ToBytes(JSON.stringify(seen))))
}
