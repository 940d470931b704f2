/** An abstention in words: where a model was given a way to say nothing and says it in a sentence all the same. */

/** Characters of an abstention that is nothing else. */
const ABSTENTION_CHARS_MAX = 200
const UNSURE = String.raw`i\s+(?:do not|don['’]?t|really don['’]?t)\s+know\b|(?:i\s+am|i['’]?m)\s+(?:not sure|unsure)\b`
const UNTOLD = String.raw`(?:there\s+is\s+)?(?:not enough|insufficient)\s+(?:information|context|data)\b`
const EMPTY = String.raw`(?:n/a|null|no answer|not sure|unsure|idk|\?+|-+)\s*[.!]?$`
const ABSTENTION = new RegExp(
  String.raw`^(?:(?:sorry|unfortunately)[,.]?\s*(?:but\s+)?)?(?:${UNSURE}|${UNTOLD}|${EMPTY})`,
  'i',
)

/** Whether an answer is none, in the words that models use for it; English only, and in doubt no: `None` and `Unknown` are answers. */
export const isAbstention = (text: string): boolean => {
  const whole = text.trim()
  return whole.length <= ABSTENTION_CHARS_MAX && ABSTENTION.test(whole)
}
