/** Collections with a fixed bound: whatever a stranger can make grow lives in one of these. */

/** A map of at most `max` entries; the one used longest ago makes room. */
export interface BoundedMap<K, V> {
  get(key: K): V | undefined
  set(key: K, value: V): void
  delete(key: K): boolean
  readonly size: number
  values(): IterableIterator<V>
  entries(): IterableIterator<[K, V]>
}

export function createBoundedMap<K, V>(max: number): BoundedMap<K, V> {
  // A Map iterates in the order of insertion, so its first key is the least recently used one.
  const map = new Map<K, V>()
  return {
    get(key) {
      const value = map.get(key)
      if (value === undefined) return undefined
      map.delete(key)
      map.set(key, value)
      return value
    },
    set(key, value) {
      map.delete(key)
      map.set(key, value)
      if (map.size > max) map.delete(map.keys().next().value as K)
    },
    delete: (key) => map.delete(key),
    get size() {
      return map.size
    },
    values: () => map.values(),
    entries: () => map.entries(),
  }
}
