/** Summands and factors of a search's scores that a query can do without; terms alone always count. */
export const SCORE_PARTS = ['grams', 'feedback', 'dense', 'place', 'speaker', 'trust', 'age'] as const
export type ScorePart = (typeof SCORE_PARTS)[number]
