/** The part of `crdts` (plain JavaScript) that the property tests use as an oracle. */
declare module 'crdts' {
  export class ORSet {
    add(value: string, tag: string): void
    remove(value: string): void
    merge(other: ORSet): void
    values(): IterableIterator<string>
  }
}
