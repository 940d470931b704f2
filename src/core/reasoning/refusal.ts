/** A refusal in words: models write it into the reply where an answer should stand, and it must not be counted as one. */

/** Characters of a refusal that is nothing else: longer replies go on to answer. */
const REFUSAL_CHARS_MAX = 400
const SORRY = String.raw`(?:(?:i['’]?m|i am) (?:very |really |so )?sorry|sorry|i apologi[sz]e|unfortunately)[,.!]?\s*(?:but\s+)?`
const CANNOT = String.raw`i\s+(?:can['’]?t|cannot|can not|won['’]?t|will not|(?:am|['’]m) (?:unable|not able) to|must decline to|have to decline to)`
const AS_MODEL = String.raw`as an? (?:ai|large)(?: language)? (?:model|assistant)[^,]{0,40},\s*`
const DEED =
  '(?:help|assist|comply|answer|provide|fulfil+|engage|discuss|continue|do that|support|participate|create|generate|respond)'
const REFUSAL = new RegExp(String.raw`^(?:${SORRY})?(?:${AS_MODEL})?${CANNOT}\s+${DEED}\b`, 'i')

/** Whether a reply is a refusal in the words that models of today use; English only, and in doubt no. */
export const isRefusal = (text: string): boolean => {
  const whole = text.trim()
  return whole.length <= REFUSAL_CHARS_MAX && REFUSAL.test(whole)
}
