/** Tasks, contributions and reviews as the API shows them, made up for what only shows them. */
import { utf8ToBytes } from '../../src/core/base/bytes.ts'
import { bytesToDigest, digestToCid, sha256 } from '../../src/core/base/hash.ts'
import type { Contribution, Review, TaskView } from '../../src/core/protocol/api.ts'

export const OTHER = 'did:key:z6MkOtherOtherOtherOtherOtherOtherOtherOtherOther'
export const idOf = (place: number): string =>
  digestToCid(bytesToDigest(sha256(utf8ToBytes(`sample ${place}`))))

export const contribution = (place: number, more: Partial<Contribution> = {}): Contribution => ({
  id: idOf(place),
  author: `${OTHER.slice(0, -4)}${String(place).padStart(4, '0')}`,
  model: 'scripted-1',
  family: 'scripted',
  role: 'explorer',
  round: 0,
  text: `answer ${place}`,
  others: [],
  confidence: 0.7,
  reason: null,
  failure: null,
  sources: [],
  wasSealed: true,
  createdAt: '2026-11-21T10:00:00.000Z',
  ...more,
})

export const review = (place: number, more: Partial<Review> = {}): Review => ({
  id: idOf(1000 + place),
  author: OTHER,
  model: 'scripted-1',
  round: 0,
  ranking: [{ contribution: idOf(1), flaw: 'it rests on one source' }],
  createdAt: '2026-11-21T10:00:01.000Z',
  ...more,
})

export const task = (more: Partial<TaskView> = {}): TaskView => ({
  task_id: idOf(0),
  task: 'Which city is the capital of Australia?',
  space: 'commons',
  author: OTHER,
  askers: [OTHER],
  effort: 'standard',
  choices: [],
  domain: 'general',
  attempt: 0,
  status: 'converged',
  phase: 'done',
  round: 0,
  answer: 'Canberra is the capital. [1]',
  reason: null,
  settlement: null,
  sources: [{ id: idOf(7), quote: 'Canberra is the capital.', author: OTHER, thread: 'notes', position: 3 }],
  degraded: false,
  degradedBecause: [],
  agreement: [0.8],
  missing: [],
  called: [],
  seals: 0,
  contributions: [contribution(1), contribution(2)],
  reviews: [],
  resolution: null,
  createdAt: '2026-11-21T10:00:00.000Z',
  deadlineAt: '2026-11-21T10:02:00.000Z',
  answeredAt: '2026-11-21T10:00:02.000Z',
  ...more,
})

/** How an answer came about: two for Canberra, one for Sydney. */
export const settlement = (more: Partial<NonNullable<TaskView['settlement']>> = {}) => ({
  conclusion: 'Canberra',
  rule: 'weighted' as const,
  margin: 0.42,
  masses: [
    { answer: 'Canberra', share: 0.71, authors: [contribution(1).author, contribution(2).author] },
    { answer: 'Sydney', share: 0.29, authors: [contribution(3).author] },
  ],
  dissent: [
    {
      answer: 'Sydney',
      share: 0.29,
      authors: [contribution(3).author],
      reasons: [{ author: contribution(3).author, reason: 'it is the largest city' }],
    },
  ],
  participants: [1, 2, 3].map((place) => ({
    contribution: idOf(place),
    author: contribution(place).author,
    model: 'scripted-1',
    answer: place < 3 ? 'Canberra' : 'Sydney',
    mass: 1,
  })),
  synthesizer: OTHER,
  writer: null,
  ownView: null,
  ...more,
})
