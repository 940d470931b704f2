/** A notice that something changed, for whoever waits for it just then. */
export interface ChangeSignal {
  /** Resolves with the next `notify`. */
  wait(): Promise<void>
  notify(): void
}

export function createChangeSignal(): ChangeSignal {
  let waiting = Promise.withResolvers<void>()
  return {
    wait: () => waiting.promise,
    notify() {
      const { resolve } = waiting
      waiting = Promise.withResolvers<void>()
      resolve()
    },
  }
}
