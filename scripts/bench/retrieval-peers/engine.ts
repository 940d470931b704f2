/** A search engine as a program holds it that keeps texts in this process: what all engines of the comparison are made to be. */

/** A text as it comes in. Engines that know no threads and speakers get the speaker in front of the text. */
export interface EngineDoc {
  readonly id: string
  readonly text: string
  readonly thread?: string
  readonly position?: number
  readonly speaker?: string
}

export interface Engine extends AsyncDisposable {
  /** What is added is found by the next search. */
  add(docs: readonly EngineDoc[]): void | Promise<void>
  /** Ids of the best `limit`, best first. */
  search(query: string, limit: number): readonly string[] | Promise<readonly string[]>
}

/** The text for an engine without a field for who says it. */
export const plainText = ({ text, speaker }: EngineDoc): string =>
  speaker === undefined ? text : `${speaker}: ${text}`

/** Ours through the retriever alone, and through a whole spore over its store on disk; then the others. */
export const OURS = ['spore, retriever', 'spore, whole'] as const
export const FTS5 = 'SQLite FTS5 porter OR'
export const MINISEARCH = 'MiniSearch'
export const NATURAL = 'natural TfIdf'
export const ENGINES = [...OURS, MINISEARCH, 'Orama', FTS5, NATURAL] as const
export type EngineName = (typeof ENGINES)[number]

const files: Readonly<Record<EngineName, string>> = {
  'spore, retriever': 'retriever',
  'spore, whole': 'spore',
  [MINISEARCH]: 'minisearch',
  Orama: 'orama',
  [FTS5]: 'fts5',
  [NATURAL]: 'natural',
}

/** An empty engine; only its own packages are loaded. */
export async function createEngine(name: EngineName): Promise<Engine> {
  const { create } = (await import(`./engines/${files[name]}.ts`)) as { create(): Engine | Promise<Engine> }
  return create()
}
