/** How long the last searches took: a window, so that a slow day a month ago is forgotten. */

/** Searches of the window: enough for a p99 of ten, 8 KiB. */
export const SEARCHES_KEPT = 1000

export interface SearchMeter {
  note(tookMs: number): void
  view(): SearchTimes
}

export interface SearchTimes {
  /** Since the start. */
  readonly searches: number
  /** Of the last `SEARCHES_KEPT`; null before the first. */
  readonly p50: number | null
  readonly p99: number | null
}

export function createSearchMeter(): SearchMeter {
  const window = new Float64Array(SEARCHES_KEPT)
  let searches = 0
  return {
    note(tookMs) {
      window[searches++ % SEARCHES_KEPT] = tookMs
    },
    view() {
      const sorted = window.slice(0, Math.min(searches, SEARCHES_KEPT)).sort()
      const quantile = (share: number): number | null => sorted[Math.floor(sorted.length * share)] ?? null
      return { searches, p50: quantile(0.5), p99: quantile(0.99) }
    },
  }
}
