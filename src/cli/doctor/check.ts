/** What one check of `spore doctor` found. */
export interface Check {
  readonly name: string
  readonly level: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** What to do; null where nothing is to be done. */
  readonly fix: string | null
}

export const ok = (name: string, detail: string): Check => ({ name, level: 'ok', detail, fix: null })
export const warn = (name: string, detail: string, fix: string): Check => ({
  name,
  level: 'warn',
  detail,
  fix,
})
export const fail = (name: string, detail: string, fix: string): Check => ({
  name,
  level: 'fail',
  detail,
  fix,
})
