/** Collections with a fixed bound: whatever a stranger can make grow lives in one of these. */

/** A map of at most `max` entries; the one used longest ago makes room. */
export interface BoundedMap<K, V> {
  get(key: K): V | undefined
  /** The same, and counts as no use: for who asks about every key again and again. */
  peek(key: K): V | undefined
  set(key: K, value: V): void
  delete(key: K): boolean
  readonly size: number
  values(): IterableIterator<V>
  /** The one used longest ago first. */
  entries(): IterableIterator<[K, V]>
}

export const createBoundedMap = <K, V>(max: number): BoundedMap<K, V> => new LeastRecentlyUsed<K, V>(max)

/** A class, for there are some for each peer: methods of their own would take ten times the memory of an empty map. */
class LeastRecentlyUsed<K, V> implements BoundedMap<K, V> {
  private readonly max: number
  // A Map iterates in the order of insertion, so its first key is the least recently used one. None until it is needed.
  private map: Map<K, V> | null = null

  constructor(max: number) {
    this.max = max
  }

  get(key: K): V | undefined {
    const value = this.map?.get(key)
    if (!this.map || value === undefined) return undefined
    this.map.delete(key)
    this.map.set(key, value)
    return value
  }

  peek(key: K): V | undefined {
    return this.map?.get(key)
  }

  set(key: K, value: V): void {
    this.map ??= new Map()
    this.map.delete(key)
    this.map.set(key, value)
    if (this.map.size > this.max) this.map.delete(this.map.keys().next().value as K)
  }

  delete(key: K): boolean {
    return this.map?.delete(key) ?? false
  }

  get size(): number {
    return this.map?.size ?? 0
  }

  values(): IterableIterator<V> {
    return this.map?.values() ?? [].values()
  }

  entries(): IterableIterator<[K, V]> {
    return this.map?.entries() ?? ([] as [K, V][]).values()
  }
}
