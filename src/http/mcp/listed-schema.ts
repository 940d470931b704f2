/**
 * A schema whose JSON form is made once. The SDK asks for it with every call of a tool, and a server lives for one request:
 * making it anew would cost more than most tools do.
 */
import type { z } from 'zod'

type Standard = z.ZodObject['~standard']
type JsonSchema = Standard['jsonSchema']

export interface ListedSchema {
  readonly '~standard': Standard
}

export function listedSchema(schema: z.ZodObject): ListedSchema {
  const standard = schema['~standard']
  const { jsonSchema } = standard
  return {
    '~standard': {
      ...standard,
      jsonSchema: { input: once(jsonSchema.input), output: once(jsonSchema.output) },
    },
  }
}

/** The options say for which draft: there is one by which the SDK asks; another is made each time. */
function once(make: JsonSchema['input']): JsonSchema['input'] {
  const byTarget = new Map<string, ReturnType<JsonSchema['input']>>()
  return (options) => {
    if (options.libraryOptions !== undefined) return make(options)
    const known = byTarget.get(options.target)
    if (known) return known
    const made = make(options)
    byTarget.set(options.target, made)
    return made
  }
}
