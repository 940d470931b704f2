/**
 * The best `limit` of many, best first: a heap of the best so far, its worst on top. Sorting thousands of candidates
 * for ten hits would cost more than scoring them.
 */
export function selectTop(
  items: Iterable<number>,
  limit: number,
  isBefore: (a: number, b: number) => boolean,
): number[] {
  const heap: number[] = []
  if (limit <= 0) return heap
  for (const item of items) {
    if (heap.length < limit) {
      heap.push(item)
      siftUp(heap, isBefore)
    } else if (isBefore(item, heap[0]!)) {
      heap[0] = item
      siftDown(heap, isBefore)
    }
  }
  return heap.sort((a, b) => (isBefore(a, b) ? -1 : 1))
}

function siftUp(heap: number[], isBefore: (a: number, b: number) => boolean): void {
  let at = heap.length - 1
  while (at > 0) {
    const parent = (at - 1) >>> 1
    if (!isBefore(heap[parent]!, heap[at]!)) return
    swap(heap, parent, at)
    at = parent
  }
}

function siftDown(heap: number[], isBefore: (a: number, b: number) => boolean): void {
  for (let at = 0; ; ) {
    const left = 2 * at + 1
    const right = left + 1
    let worst = at
    if (left < heap.length && isBefore(heap[worst]!, heap[left]!)) worst = left
    if (right < heap.length && isBefore(heap[worst]!, heap[right]!)) worst = right
    if (worst === at) return
    swap(heap, worst, at)
    at = worst
  }
}

function swap(heap: number[], a: number, b: number): void {
  const held = heap[a]!
  heap[a] = heap[b]!
  heap[b] = held
}
