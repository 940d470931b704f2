/**
 * The family of a model, guessed by its name: who was trained by the same people on the same texts makes the same mistakes. It is
 * a hint that the operator can correct (`models.families`); a wrong one weighs two answers as one, or one as two.
 */

/** Words in names of models, and the family that each tells of. */
const FAMILY_OF_WORD: Readonly<Record<string, string>> = {
  chatgpt: 'gpt',
  codellama: 'llama',
  codestral: 'mistral',
  devstral: 'mistral',
  magistral: 'mistral',
  ministral: 'mistral',
  mixtral: 'mistral',
  pixtral: 'mistral',
  voxtral: 'mistral',
  qwq: 'qwen',
  ...Object.fromEntries(
    'claude command deepseek gemini gemma glm gpt granite grok kimi llama minimax mistral nemotron nova olmo phi qwen yi'
      .split(' ')
      .map((word) => [word, word]),
  ),
}
/** Of a model that tells nothing of itself. */
export const UNKNOWN_FAMILY = 'unknown'

/** OpenAI's reasoning models: `o1`, `o3-mini`, `o4`. */
const REASONING_GPT = /^o\d+(-|$)/

/** Of `provider/model`, as a label. What is not known is the first word of the name. */
export function familyOf(name: string): string {
  const model = name.slice(name.lastIndexOf('/') + 1).toLowerCase()
  if (REASONING_GPT.test(model)) return 'gpt'
  const words = model.match(/[a-z]+/g) ?? []
  for (const word of words) if (Object.hasOwn(FAMILY_OF_WORD, word)) return FAMILY_OF_WORD[word] as string
  return words[0] ?? UNKNOWN_FAMILY
}
