import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  LENGTH_CLASSES,
  lengthClass,
  lengthOfClass,
  NO_LENGTH,
} from '../../../../src/core/retrieval/length-classes.ts'

test('a length is told again, exactly where it is short and within an eighth where it is long', () => {
  for (let length = 0; length < 128; length++) assert.equal(lengthOfClass(lengthClass(length)), length)
  for (let length = 128; length < 4_000_000; length += 1 + (length >> 6)) {
    const told = lengthOfClass(lengthClass(length))
    assert.ok(told <= length && length < told * 1.125, `${length} is told as ${told}`)
  }
})

test('longer texts have no lower class, and every class fits a byte and is none of the dead', () => {
  let before = NO_LENGTH
  for (const length of [0, 1, 127, 128, 129, 143, 144, 255, 256, 65_535, 2 ** 22, 2 ** 30]) {
    const number = lengthClass(length)
    assert.ok(number >= before && number > NO_LENGTH && number < LENGTH_CLASSES)
    before = number
  }
  assert.equal(before, LENGTH_CLASSES - 1)
})
