/** Zod schemas as Fastify's validators; a mismatch is REQUEST_INVALID and names the field. */
import type { z } from 'zod'
import { err, ok, type Result } from '../core/base/result.ts'
import { type Failure, failure, SporeError } from '../core/protocol/errors.ts'

/** Mismatches that one reply names. */
const ISSUES_SHOWN = 3

/** Checks a value against a schema; `where` is the part of the request it came from. */
export function check<S extends z.ZodType>(
  schema: S,
  value: unknown,
  where: string,
): Result<z.infer<S>, Failure> {
  if (value === undefined || value === null) return err(failure('REQUEST_INVALID', `${where}: is missing`))
  const parsed = schema.safeParse(value)
  return parsed.success ? ok(parsed.data) : err(failure('REQUEST_INVALID', describe(parsed.error, where)))
}

/** What Fastify tells of a schema that it wants compiled. */
export interface SchemaOfRoute {
  readonly schema: z.ZodType
  readonly httpPart?: string | undefined
}

export const validatorCompiler =
  ({ schema, httpPart }: SchemaOfRoute) =>
  (data: unknown) => {
    const checked = check(schema, data, httpPart ?? 'request')
    return checked.ok
      ? { value: checked.value }
      : { error: new SporeError(checked.error.code, checked.error.detail) }
  }

function describe(error: z.ZodError, where: string): string {
  const shown = error.issues.slice(0, ISSUES_SHOWN).map((issue) => {
    const path = [where, ...issue.path.map(String)].join('.')
    return `${path}: ${issue.message}`
  })
  const more = error.issues.length - shown.length
  return shown.join('; ') + (more > 0 ? `; and ${more} more` : '')
}
